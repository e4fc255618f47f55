import pytest

from zoo.search.oracle import Oracle, Trial, objective_of
from zoo.search.search import search, shortfall
from zoo.search.space import hyperparameters
from zoo.search.table import Execution, Table
from zoo.search_space import Dimension

RATE = {"rate": Dimension("rate", 1e-3, 1.0, "log")}


def of_rate(batch):
    """Gives a trial its rate as its value."""
    return {trial: [Execution(trial.values["rate"], "completed", {})] for trial in batch}


def test_each_batch_is_trained_then_told(tmp_path):
    oracle = Oracle("random", hyperparameters(RATE), 5, 0, 3, tmp_path / "search")
    table = Table("val_accuracy", epochs=3)
    batches = list(search(oracle, of_rate, table, 2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [row["score"] for row in table.rows] == [row["rate"] for row in table.rows]
    assert oracle.ask(1) == []


def test_a_space_too_small_for_hyperband_is_said(tmp_path):
    space = {"variant": Dimension("variant", choices=("a", "b"))}
    oracle = Oracle("hyperband", hyperparameters(space), 9, 0, 9, tmp_path / "search")
    table = Table("val_accuracy", epochs=9)

    def train(batch):
        return {trial: [Execution(0.5, "completed", {})] for trial in batch}

    assert list(search(oracle, train, table, 4))
    longest = max(row["epochs"] for row in table.rows)
    assert longest < 9
    assert shortfall("hyperband", table).startswith(
        f"Hyperband ended with trials of {longest} of 9 epochs"
    )
    assert shortfall("random", table) == ""
    table.add({Trial("long", {"variant": "a"}, 9): [Execution(0.5, "completed", {})]})
    assert shortfall("hyperband", table) == ""


@pytest.mark.parametrize("name", ["val_auc", "val_f1_score", "val_precision", "val_recall"])
def test_metrics_of_keras_have_a_direction(name):
    assert objective_of(name) == (name, "max")
