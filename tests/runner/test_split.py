"""An experiment whose seeds each draw their data: name, keys, declaration, table and records."""

import dataclasses
import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from zoo.data import Draws
from zoo.errors import ZooError
from zoo.evidence.examples import share_of
from zoo.evidence.statistics import mean_interval, sign_flip_p, student_p
from zoo.results import schema
from zoo.results.trained import notes
from zoo.runner.prepare import Settings, prepare
from zoo.runner.recording import recorded_jobs
from zoo.runner.registry import find
from zoo.runner.trained import extended, plan_of, spec_of
from zoo.runs.rights import unpacked

# Of 1797 digits 359 test, 288 validate and 1150 train.
OVERLAP = 359 / 1150


@pytest.fixture
def prepared(tiny_experiment):
    """Returns a function of settings that returns the experiment ready to run."""
    return lambda **settings: prepare(find(str(tiny_experiment)), Settings(**settings), None)


def keys(ready):
    return {job.run: job.run.key for job in ready.jobs}


def by_place(ready):
    return {(run.variant, run.learning_rate, run.seed): key for run, key in keys(ready).items()}


def test_the_split_stands_in_the_name_unless_it_is_the_default(prepared):
    assert prepared(split="resampled", seeds=2).folder_name == "tiny@seeds=2"
    assert prepared(split="fixed", seeds=2).folder_name == "tiny@seeds=2,split=fixed"
    assert prepared(split="resampled", smoke=True).folder_name == "tiny@smoke"
    assert prepared(split="fixed", smoke=True).folder_name == "tiny@smoke,split=fixed"
    with pytest.raises(ZooError, match="`--split` must be one of fixed, resampled"):
        Settings(split="new")


def test_fixed_runs_keep_their_keys_and_resampled_ones_have_others(prepared):
    declared, fixed, drawn = (
        by_place(prepared(split=split, seeds=2)) for split in (None, "fixed", "resampled")
    )
    assert declared == drawn
    assert set(drawn) == set(fixed)
    assert not set(drawn.values()) & set(fixed.values())
    assert len(set(drawn.values())) == len(drawn)


def test_both_variants_have_the_same_data_of_a_seed(prepared):
    data_of = prepared(split="resampled", seeds=2).data_of
    assert data_of["relu"] is data_of["tanh"]
    first, second = (data_of["relu"].of(seed) for seed in (0, 1))
    assert data_of["tanh"].of(1) is second
    for part in ("train", "test"):
        one, other = (getattr(each, f"x_{part}") for each in (first, second))
        assert one.shape == other.shape
        assert not np.array_equal(one, other)


def test_the_declaration_says_how_data_are_drawn(prepared, tmp_path):
    fixed, drawn = (spec_of(prepared(split=split, seeds=2)) for split in ("fixed", "resampled"))
    assert fixed["data"]["split"] == "fixed"
    assert "overlap" not in fixed["data"]
    assert drawn["data"]["split"] == "resampled"
    assert drawn["data"]["overlap"] == pytest.approx(OVERLAP, abs=1e-6)
    endless = spec_of(prepared(split="resampled", data="mnist1d", seeds=2))
    assert endless["data"]["overlap"] == 0
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(drawn))
    assert schema.read_spec(path)["data"] == drawn["data"]
    for damage in ({"keeps_test": False}, {"overlap": -1}, {"overlap": "much"}, {"split": "new"}):
        path.write_text(json.dumps(drawn | {"data": drawn["data"] | damage}))
        with pytest.raises(ZooError, match=f"`data.{next(iter(damage))}` must be"):
            schema.read_spec(path)


def test_a_test_part_that_stays_is_told_of(prepared, tmp_path, spec):
    x, y = np.arange(240.0).reshape(120, 2), np.arange(120) % 3
    path = tmp_path / "mine.npz"
    np.savez(path, x_train=x[:90], y_train=y[:90], x_test=x[90:], y_test=y[90:])
    ready = prepared(split="resampled", data=str(path), batch_size=16, seeds=2)
    declared = spec_of(ready)["data"]
    assert (declared["keeps_test"], declared["overlap"]) == (True, 18 / 72)
    table = pd.DataFrame(columns=["variant", "n", "test_low", "diverged", "at_edge"])
    table.loc[0] = ["relu", 2, 0.5, 0, False]
    table = table.assign(test_accuracy=0.5, test_high=0.5, same_rate_accuracy=0.5)

    def told(**drawn):
        given = {**spec["data"], **drawn}
        return " ".join(notes(spec | {"data": given}, table))

    assert "draw of the data" not in told()
    assert "shares no examples" in told(split="resampled", overlap=0)
    assert "is its owner's" not in told(split="resampled", overlap=0.25)
    assert "is its owner's" in told(split="resampled", overlap=0.25, keeps_test=True)


def test_few_training_examples_are_drawn_anew_too(prepared):
    words = (("train_examples", "100"),)
    data = prepared(split="resampled", seeds=2, words=words).data
    assert len(data.x_train) == len(data.of(1).x_train) == 100
    assert not np.array_equal(data.of(0).x_train, data.of(1).x_train)
    assert data.overlap == pytest.approx(OVERLAP)


def test_the_plan_says_that_data_are_drawn(prepared):
    assert plan_of(prepared(split="fixed", seeds=2)).endswith("training examples")
    assert plan_of(prepared(seeds=2)).endswith("each seed its own draw")


def test_recorders_look_at_the_runs_own_examples(prepared):
    shown = {}
    for split in ("fixed", "resampled"):
        ready = prepared(split=split, seeds=2)
        jobs = recorded_jobs(ready.jobs, {"relu": 0.1, "tanh": 0.1}, ready.data_of)
        assert [(job.run.variant, job.run.seed) for job in jobs] == [
            (label, seed) for label in ("relu", "tanh") for seed in (0, 1)
        ]
        assert len({id(job.recipe) for job in jobs}) == (2 if split == "fixed" else 4)
        shown[split] = [job.recipe.callbacks()[0].x for job in jobs]
        for job, x in zip(jobs, shown[split], strict=True):
            own = ready.data.of(job.run.seed).x_validation
            np.testing.assert_array_equal(x, own[: len(x)])
    assert np.array_equal(*shown["fixed"][:2])
    assert not np.array_equal(*shown["resampled"][:2])


def test_a_wrong_word_ends_with_code_2(zoo, tiny_experiment):
    code, _, err = zoo("run", tiny_experiment, "--split", "random")
    assert code == 2
    assert "`--split` must be one of fixed, resampled. Received: 'random'" in err
    code, _, err = zoo("run", tiny_experiment, "--set", "split=resampled")
    assert code == 2
    assert "must be given as --split" in err


@pytest.mark.slow
def test_a_run_writes_corrected_differences_and_says_so(zoo, tiny_experiment, tmp_path):
    rates = ("--learning-rates", 0.1, "--seeds", 3)
    words = ("run", tiny_experiment, "--split", "resampled", *rates, "--results", tmp_path)
    code, out, err = zoo(*words, "--record")
    assert (code, err) == (0, "")
    folder = tmp_path / "tiny@seeds=3,rates=0.1"
    assert "Each seed its own draw of the data. Draws share examples" in out
    assert "or corrected t test, the larger" in out
    assert (folder / "layers.csv").is_file()
    runs = pd.read_csv(folder / "runs.csv").set_index(["variant", "seed"])["test_accuracy"]
    gaps = (runs["tanh"] - runs["relu"]).tolist()
    table = pd.read_csv(folder / "table.csv").set_index("variant").loc["tanh"]
    expected = mean_interval(gaps, overlap=OVERLAP)
    assert table["difference_low"] == pytest.approx(expected.low, rel=1e-4)
    assert table["p"] == pytest.approx(max(sign_flip_p(gaps), student_p(gaps, OVERLAP)), rel=1e-4)
    assert "Trained 0 runs, 6 were stored" in zoo(*words)[1]
    code, out, _ = zoo(*words, "--engine", "fit", "--fresh")
    again = pd.read_csv(folder / "runs.csv").set_index(["variant", "seed"])["test_accuracy"]
    np.testing.assert_allclose(again, runs, atol=2 / 359)


@pytest.mark.slow
def test_runs_without_bits_are_not_trained_again_unless_told_to(zoo, tiny_experiment, tmp_path):
    rates = ("--learning-rates", 0.1, "--seeds", 3)
    words = ("run", tiny_experiment, "--split", "fixed", *rates, "--results", tmp_path)

    def said(*more):
        code, out, err = zoo(*words, *more)
        assert (code, err) == (0, "")
        (folder,) = tmp_path.glob("tiny@*")
        return out, {path.name: path.read_bytes() for path in folder.iterdir()}

    out, first = said()
    assert "intervals and p cover the choice of its examples and the seeds" in out
    rows = pd.read_csv(next(tmp_path.glob("*/examples.csv")))
    assert len(rows) == 6
    with closing(sqlite3.connect(tmp_path / "zoo.db")) as store, store:
        store.execute("DELETE FROM rights")
    out, without = said()
    assert "Trained 0 runs, 6 were stored" in out
    assert "cover the seeds, not the choice of its examples" in out
    assert "examples.csv" not in without
    assert without["runs.csv"] == first["runs.csv"]
    out, again = said("--fresh")
    assert "Trained 6 runs" in out
    assert again == first


@pytest.mark.slow
def test_both_engines_know_what_is_right_in_a_test_part_that_stays(zoo, tiny_experiment, tmp_path):
    generator = np.random.default_rng(0)
    y = np.arange(150) % 3
    x = generator.normal(size=(150, 4)) + y[:, None] / 2
    path = tmp_path / "mine.npz"
    np.savez(path, x_train=x[:110], y_train=y[:110], x_test=x[110:], y_test=y[110:])
    options = ("--learning-rates", 0.1, "--seeds", 3, "--batch-size", 16, "--data", path)
    found = {}
    for engine in ("population", "fit"):
        results = tmp_path / engine
        words = (*options, "--split", "resampled", "--engine", engine, "--results", results)
        code, out, err = zoo("run", tiny_experiment, *words)
        assert (code, err) == (0, "")
        assert "The test part is its owner's, the same for all seeds: intervals and p cover" in out
        found[engine] = pd.read_csv(next(results.glob("*/examples.csv")))
    assert found["population"].equals(found["fit"])
    table = pd.read_csv(next((tmp_path / "fit").glob("*/table.csv"))).set_index("variant")
    rows = found["fit"].set_index("variant")["right"].map(unpacked)
    relu, tanh = (np.array([[*one] for one in rows[label]]) for label in ("relu", "tanh"))
    gaps = (tanh.mean(axis=1) - relu.mean(axis=1)).tolist()
    p = max(sign_flip_p(gaps), student_p(gaps, 22 / 88, share_of(tanh - relu)))
    assert table.loc["tanh", "p"] == pytest.approx(p, rel=1e-4)


@pytest.mark.slow
def test_more_seeds_of_an_undecided_claim_have_draws_of_their_own(sized_experiment, tmp_path):
    from rich.console import Console

    from zoo.results.store import Store
    from zoo.runner.trainer import Trainer, here

    settings = Settings(seeds="auto", split="resampled", epochs=1, learning_rates=(0.1,))
    ready = prepare(find(str(sized_experiment)), settings, None)
    ready = dataclasses.replace(ready, seeds=[0, 1])
    ready = dataclasses.replace(ready, jobs=[job for job in ready.jobs if job.run.seed < 2])
    with Store(tmp_path) as store:
        trainer = Trainer(store=store, where=here(Console(quiet=True)))
        trainer.train(ready.jobs, ready.data_of, ready.folder_name)
        more = extended(ready, store, 3)
        trainer.train(more.jobs, more.data_of, more.folder_name)
        assert {job.run.seed for job in more.jobs} == {0, 1, 2}
        assert trainer.trained == len(more.jobs)
    assert isinstance(more.data, Draws)
