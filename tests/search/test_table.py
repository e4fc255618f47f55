import math

import pandas as pd
import pytest

from zoo.search.oracle import Trial
from zoo.search.table import Execution, Table, column_of, execution_of, ranked


def trial(name, epochs=None, **values):
    return Trial(name, values, epochs)


def executions(*values, status="completed"):
    return [Execution(value, status, {"loss": [1.0]}) for value in values]


def test_a_score_is_the_mean_over_the_executions():
    table = Table("val_accuracy", epochs=5)
    assert table.add({trial("0", rate=0.1): executions(0.5, 0.75)}) == [0.625]
    [row] = table.rows
    assert row["deviation"] == pytest.approx(math.sqrt(0.125**2 * 2))
    assert (row["runs"], row["diverged"], row["epochs"], row["rate"]) == (2, 0, 5, 0.1)
    assert (row["val_accuracy_0"], row["val_accuracy_1"]) == (0.5, 0.75)


@pytest.mark.parametrize(
    ("direction", "values", "worst"),
    [
        ("max", (0.2, 0.9), 0.2 - 0.7),
        ("min", (0.2, 0.9), 0.9 + 0.7),
        ("min", (0.3,), 0.6),
        ("min", (), 0.0),
    ],
)
def test_what_is_not_finite_counts_as_worse_than_all_so_far(direction, values, worst):
    table = Table("val_loss", direction)
    table.add({trial(str(place)): executions(value) for place, value in enumerate(values)})
    [told] = table.add({trial("x"): executions(math.nan, status="diverged")})
    assert told == pytest.approx(worst)
    assert math.isfinite(told)
    assert table.rows[-1]["status"] == "diverged"


def test_a_diverged_trial_never_ranks_before_one_that_completed():
    table = Table("val_accuracy")
    table.add(
        {
            trial("diverged"): executions(0.99, status="diverged"),
            trial("failed"): ValueError("no\nmodel"),
            trial("bad"): executions(0.1),
            trial("good"): executions(0.9),
        }
    )
    order = [table.rows[place]["trial"] for place in table.ranked()]
    assert order == ["good", "bad", "diverged", "failed"]
    assert table.rows[1]["error"] == "ValueError: no"
    assert [str(error) for error in table.errors] == ["no\nmodel"]


@pytest.mark.parametrize(("direction", "best"), [("max", "high"), ("min", "low")])
def test_of_those_trained_longest_the_best_is_first_and_of_equals_the_first(direction, best):
    rows = pd.DataFrame(
        {
            "trial": ["short", "low", "high", "high again", "low again"],
            "epochs": [1, 9, 9, 9, 9],
            "score": [0.7, 0.3, 0.6, 0.6, 0.3],
            "status": "completed",
        }
    )
    order = rows["trial"].iloc[ranked(rows, direction)].tolist()
    assert order[:2] == [best, f"{best} again"]
    assert order[-1] == "short"


def test_a_hyperparameter_has_its_column_even_if_its_name_is_taken():
    assert column_of("rate") == "rate"
    assert column_of("score") == "hyperparameter score"
    table = Table("val_loss", "min")
    table.add({trial("0", **{"score": 3, "tuner/epochs": 2}): executions(1.0)})
    assert table.rows[0]["hyperparameter score"] == 3
    assert "tuner/epochs" not in table.rows[0]


def test_a_run_whose_objective_is_not_finite_diverged(make_result):
    assert execution_of(make_result(val_loss=2.0), "val_loss").status == "completed"
    assert execution_of(make_result(val_loss=math.nan), "val_loss").status == "diverged"
    assert execution_of(make_result(status="diverged"), "val_loss").status == "diverged"
