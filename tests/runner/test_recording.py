import itertools

import keras
import pytest

from callbacks.kernels import layer_blocks
from zoo.results.records import records_frames, shown_epochs
from zoo.results.store import Store
from zoo.runner.recording import rows_of
from zoo.runs.run import Result, Run


def test_a_block_is_a_kernel_with_what_follows_it():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 2)),
            layers.Conv1D(3, 3, name="conv"),
            layers.BatchNormalization(name="normalise"),
            layers.ReLU(name="relu"),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(4, activation="tanh", name="dense"),
            layers.Dropout(0.5),
            layers.Dense(2, name="logits"),
        ]
    )
    assert layer_blocks(model) == [("conv", "relu"), ("dense", "dense"), ("logits", "logits")]


def test_rows_count_layers_in_the_order_of_the_network():
    records = [
        {"recorder": recorder, "epoch": epoch, "layer": layer, "metric": "mean", "value": value}
        for recorder in ("ActivationHistogram", "WeightStatistics")
        for epoch in (0, 1)
        for layer, value in (("z", 1.0), ("a", 2.0))
    ]
    result = Result(Run("relu", 0.1, 0), "completed", {}, {}, "fit", "cpu", 1.0, records)
    rows = rows_of(result)
    assert rows[:4] == [
        (1, 0, "activation_mean", 1.0),
        (2, 0, "activation_mean", 2.0),
        (1, 1, "activation_mean", 1.0),
        (2, 1, "activation_mean", 2.0),
    ]
    assert {metric for _, _, metric, _ in rows[4:]} == {"weight_mean"}


def test_epochs_shown_are_dense_at_the_start_and_few():
    assert shown_epochs(range(5)) == [0, 1, 2, 3, 4]
    shown = shown_epochs(range(101))
    assert shown[:4] == [0, 1, 2, 3]
    assert shown[-1] == 100
    assert len(shown) < 16
    assert all(b >= 1.4 * a for a, b in itertools.pairwise(shown[3:-1]))


def test_records_are_averaged_over_seeds_at_the_chosen_rate():
    import pandas as pd

    table = pd.DataFrame({"variant": ["relu"], "learning_rate": [0.1]})
    recorded = {
        Run("relu", 0.1, 0): [
            (1, 0, "update_ratio", 1.0),
            (1, 0, "activation_histogram", [1, 0, 3]),
            (1, 0, "activation_quantile_0.5", 9.0),
        ],
        Run("relu", 0.1, 1): [
            (1, 0, "update_ratio", 3.0),
            (1, 0, "activation_histogram", [2, 0, 2]),
        ],
        Run("relu", 0.3, 0): [(1, 0, "update_ratio", 100.0)],
    }
    layers, histograms = records_frames(recorded, table)
    assert layers.to_numpy().tolist() == [["relu", 1, 0, "update_ratio", 2.0, 1.0, 3.0, 2]]
    assert histograms.to_numpy().tolist() == [
        ["relu", 1, 0, 0, pytest.approx((1 / 4 + 2 / 4) / 2)],
        ["relu", 1, 0, 2, pytest.approx((3 / 4 + 2 / 4) / 2)],
    ]


@pytest.mark.slow
def test_recording_adds_pictures_and_changes_no_number(zoo, tiny_experiment, tmp_path):
    results = tmp_path / "results"
    words = ("run", tiny_experiment, "--results", results, "--learning-rates", 0.1, "--seeds", 2)
    folder = results / "tiny@seeds=2,rates=0.1"
    assert zoo(*words)[0] == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, out, err = zoo("plot", folder.name, "--results", results, "--kind", "gradients")
    assert code == 2
    assert "--record" in err
    assert zoo(*words, "--record")[0] == 0
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: after[name] for name in before} == before
    pictures = {f"{kind}.svg" for kind in ("activations", "gradients", "updates")}
    assert pictures | {"layers.csv", "histograms.csv"} <= set(after)
    # Other words, same runs: what is recorded is kept, and training again records the same.
    assert zoo(*words, "--record", "--fresh")[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == after
    for kind in ("activations", "gradients", "updates", "learning_rate"):
        code, out, err = zoo("plot", folder.name, "--results", results, "--kind", kind)
        assert (code, err) == (0, "")
        assert f"{kind}.svg" in out
    code, out, err = zoo("plot", folder.name, "--results", results, "--kind", "gradient")
    assert code == 2
    assert "Received: 'gradient'" in err


@pytest.mark.slow
@pytest.mark.usefixtures("fit_uncompiled")
def test_a_recorded_run_has_the_history_of_the_run(zoo, tiny_experiment, tmp_path, monkeypatch):
    from zoo.runner import trainer

    histories = {}
    train = trainer.Engine.train

    def spy(*arguments):
        for result in train(*arguments):
            histories.setdefault(result.run, []).append((result.history, bool(result.records)))
            yield result

    monkeypatch.setattr(trainer.Engine, "train", spy)
    for engine in ("population", "fit"):
        histories.clear()
        words = ("run", tiny_experiment, "--learning-rates", 0.1, "--results", tmp_path / engine)
        seeds = 2 if engine == "population" else 1
        assert zoo(*words, "--record", "--engine", engine, "--seeds", seeds)[0] == 0
        twice = [seen for seen in histories.values() if len(seen) == 2]
        assert len(twice) == 2 * seeds
        for (plain, without), (recorded, with_records) in twice:
            assert plain == recorded
            assert (without, with_records) == (False, True)


def test_a_store_without_records_is_read_and_extended(tmp_path, make_result):
    import sqlite3

    with Store(tmp_path) as store:
        store.add("tiny", make_result())
    with sqlite3.connect(tmp_path / "zoo.db") as connection:
        connection.execute("DROP TABLE records")
    with Store(tmp_path) as store:
        assert store.summary()["runs"] == 1
        store.add_records("key", [(1, 0, "update_ratio", 0.5)])
        assert store.records(["key", "other"]) == {"key": [(1, 0, "update_ratio", 0.5)]}
