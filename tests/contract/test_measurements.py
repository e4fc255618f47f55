"""What every measured experiment keeps: its committed numbers, and what follows from them."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from zoo.results.files import read_frame
from zoo.runner import measured
from zoo.runner.how import How
from zoo.runner.prepare import Settings
from zoo.runner.registry import entries
from zoo.runner.trainer import Engine

RESULTS = Path(__file__).parents[2] / "results"
ENTRIES = {entry.name: entry for entry in entries() if entry.kind == "measured"}
# What trains on data that are downloaded is not measured by tests.
MEASURED = [name for name, entry in ENTRIES.items() if not entry.load_measurement().needs]
# Of these one variant alone takes more than five seconds: `ZOO_LONG=1` measures them, too.
LONG = {
    "batch_schedule",
    "convolution",
    "data_appetite",
    "decision_boundary",
    "distribution_shift",
    "ensemble",
    "established",
    "features",
    "pretraining",
    "random_labels",
    "rescue",
    "search_scale",
    "search_strategy",
    "sensitivity",
    "strength_choice",
    "transfer",
    "warmup_transfer",
    "weight_penalty_examples",
}
AGAIN = [name for name in MEASURED if name not in LONG or os.environ.get("ZOO_LONG")]
# Of these all variants take too long, even with one seed.
SOME = {
    "activation_time": ["relu"],
    "adaptive_formula": ["adagrad", "rmsprop as called", "adam", "adam tiny"],
    "approximation_training": ["target", "six by hand", "64 interpolating"],
    "batch_gradient": ["gradients", "gradients - sorted", "48 columns"],
    "batch_norm_drift": ["plain", "weights times 10"],
    "batch_schedule": ["constant"],
    "batch_time": ["60", "63"],
    "bias_variance": ["1 and 11 %", "15 and 16 %", "50 examples - more data"],
    "data_split": ["60/20/20 of 1000", "98/1/1 of 1000", "hold-out", "printed coarse search"],
    "decision_boundary": ["moons: neuron"],
    "dying_relu_start": ["relu", "maxout", "sigmoid at 0", "sigmoid at 5", "tanh at 5"],
    "epoch_noise": ["last step of 50", "trend of 50"],
    "extreme_depth": ["gaussian", "he", "orthogonal", "linear gaussian 10"],
    "gradient_flow": ["sigmoid 10", "he + relu 10", "batch norm 10", "residual 10"],
    "gradient_flow_formula": ["linear network", "layers of 0.9", "dead layer"],
    "initializer_spread": ["linear", "width 10", "width 10 on 100 examples"],
    "initializer_statistics": ["tanh 0.01", "tanh xavier", "relu he", "sigmoid glorot"],
    "layer_update": ["sgd", "adam", "adam tiny"],
    "local_minima": ["4 units"],
    "loss_curve": ["healthy"],
    "loss_estimate": ["32 images", "10% wrong"],
    "loss_overflow": ["slides", "naive", "clipped", "logits", "large inputs - naive"],
    "loss_plateau": ["He"],
    "loss_surface": ["plain 3"],
    "momentum": ["0.9"],
    "optimizer_surface": ["descent", "adam"],
    "overfit_tiny": ["healthy"],
    "pretraining": ["today - 100 - random"],
    "search_scale": ["log one"],
    "search_stopping": ["never"],
    "search_strategy": ["random one of two", "grid one of two"],
    "sensitivity": ["nothing"],
    "training_curve": ["learning"],
    "transfer": ["25 - last layer"],
    "update_ratio": ["first step of sgd", "first step of adam", "slide"],
    "warmup_transfer": ["adapted - 100 - constant"],
    "weight_penalty_examples": ["100 examples"],
}
# Of these a processor's rounding decides single trials.
CHAOTIC = {
    "batch_schedule",
    "bias_variance",
    "convolution",
    "data_appetite",
    "decision_boundary",
    "distribution_shift",
    "ensemble",
    "epoch_noise",
    "established",
    "features",
    "local_minima",
    "loss_curve",
    "loss_plateau",
    "pretraining",
    "random_labels",
    "rescue",
    "search_scale",
    "search_stopping",
    "search_strategy",
    "sensitivity",
    "strength_choice",
    "transfer",
    "warmup_transfer",
    "weight_penalty_examples",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", AGAIN)
def test_the_first_seed_gives_the_committed_numbers(name):
    experiment = ENTRIES[name].load_measurement()
    labels = SOME.get(name, experiment.variants)

    def numbers_of(labels):
        variants = {label: experiment.variants[label] for label in labels}
        return measured.measure(replace(experiment, variants=variants, claims=()), 1)[0]

    found = numbers_of(labels)
    known = read_frame(RESULTS / name / "measurements.csv")
    known = known[(known["seed"] == 0) & known["variant"].isin(labels)]
    cells = ["variant", "seed", "metric", "place"]
    places = found["place"].replace("", np.nan).astype(float)
    pairs = known.merge(found.assign(place=places), on=cells, how="outer", validate="1:1")
    assert len(pairs) == len(known) == len(found)
    if experiment.timed:
        assert (pairs["value_y"] > 0).all()
    elif name in CHAOTIC:
        scores = pairs[pairs["metric"].isin(["score", "test_accuracy"])]
        np.testing.assert_allclose(scores["value_y"], scores["value_x"], atol=0.1)
    else:
        # Small statistics of many numbers cancel, to a share that the processor decides.
        np.testing.assert_allclose(pairs["value_y"], pairs["value_x"], rtol=1e-2, atol=1e-4)
    if experiment.trains and not experiment.timed:  # after others a cell is what it was before them
        again = numbers_of([*labels][:1])
        before = found[found["variant"] == again["variant"].iloc[0]]
        np.testing.assert_allclose(again["value"], before["value"], rtol=1e-4, atol=1e-4)


def lay_out(figure, file, *, dpi=None, **keywords):
    """Lays out a figure with all its texts, as for a file, without making pixels or paths of it."""
    if dpi is None:  # of the same figure as the one with a resolution
        figure.draw_without_rendering()
    if isinstance(file, Path):
        file.touch()


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_tables_verdicts_and_pictures_follow_from_the_committed_numbers(
    name, tmp_path, monkeypatch
):
    committed = RESULTS / name
    folder = tmp_path / name
    folder.mkdir()
    for table in ("measurements.csv", "histograms.csv", "images.csv"):
        if (committed / table).is_file():
            shutil.copy(committed / table, folder / table)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lay_out)
    prepared = measured.prepare(ENTRIES[name], Settings(), None)
    experiment = prepared.experiment
    # Numbers of an experiment that is said to measure times are kept as they are.
    prepared = replace(prepared, experiment=replace(experiment, timed=True))
    measured.run(prepared, How(results=tmp_path, console=Console(quiet=True), engine=Engine()))
    ours, theirs = ({path.name for path in each.iterdir()} for each in (folder, committed))
    assert ours == theirs
    texts = [(each / "spec.json").read_text("utf-8") for each in (folder, committed)]
    # The last digit of a number that a claim computes is the processor's.
    specs = [json.loads(text, parse_float=lambda each: f"{float(each):.12g}") for text in texts]
    for spec in specs:
        spec.pop("versions")
    assert specs[0] == specs[1]
    assert set(read_frame(folder / "table.csv")["variant"]) <= set(experiment.variants)
    tables = [read_frame(each / "table.csv") for each in (folder, committed)]
    # Numbers are rounded to six digits, and deviations are differences of such.
    pd.testing.assert_frame_equal(*tables, rtol=1e-3, atol=1e-5)
    if experiment.claims:
        verdicts = [read_frame(each / "verdicts.csv") for each in (folder, committed)]
        assert list(verdicts[0]["id"]) == [claim.id for claim in experiment.claims]
        pd.testing.assert_frame_equal(
            *(each[["id", "says", "rule", "verdict"]] for each in verdicts)
        )
        settled = verdicts[0]["verdict"] != "not run"
        assert settled.all() if name in MEASURED else settled.any()
