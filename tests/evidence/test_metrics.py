import math

import pytest

from zoo.errors import ZooError
from zoo.evidence.metrics import (
    DERIVED,
    PLAIN,
    chosen_by,
    is_metric,
    lower_is_better,
    measure,
    range_of,
    way_of,
)

NAN, INF = math.nan, math.inf
EPOCHS = 4
HISTORY = {
    "loss": [2.0, 1.0, 0.5, 0.25],
    "accuracy": [0.25, 0.5, 0.875, 1.0],
    "val_loss": [2.0, 0.5, 0.25, 1.0],
    "val_accuracy": [0.25, 0.75, 0.875, 0.5],
    "learning_rate": [0.5, 0.5, 0.25, 0.125],
}


@pytest.fixture
def run(make_result):
    """Returns a function that makes a run from the history above, with changes."""

    def make(status="completed", final=None, **changes):
        scores = {"test_loss": 1.5, "test_accuracy": 0.625} | (final or {})
        return make_result(status=status, history=HISTORY | changes, **scores)

    return make


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy_gap", 1.0 - 0.625),
        ("loss_gap", 1.5 - 0.25),
        ("best_val_accuracy", 0.875),
        ("best_val_loss", 0.25),
        ("val_loss_rise", 1.0 - 0.25),
        ("initial_loss", 2.0),
        ("final_learning_rate", 0.125),
        ("rate_reductions", 2.0),
        ("diverged", 0.0),
        ("epochs_to_loss_0.5", 3.0),
        ("epochs_to_loss_5e-1", 3.0),
        ("epochs_to_loss_2", 1.0),
        ("epochs_to_loss_0.3", 4.0),
        ("epochs_to_accuracy_0.5", 2.0),
        ("epochs_to_accuracy_1", 4.0),
        ("epochs_to_val_loss_0.5", 2.0),
        ("epochs_to_val_accuracy_0.8", 3.0),
    ],
)
def test_worked_by_hand(run, name, value):
    assert is_metric(name)
    found = measure(run(), name, EPOCHS)
    assert found == value
    assert isinstance(found, float)


def test_every_derived_metric_is_worked_above():
    (mark,) = test_worked_by_hand.pytestmark
    assert set(DERIVED) < {name for name, _ in mark.args[1]}


@pytest.mark.parametrize(
    "name", ["epochs_to_loss_0.1", "epochs_to_val_accuracy_0.9", "epochs_to_val_loss_1e-3"]
)
def test_never_reached_is_one_more_than_the_recipe_has(run, name):
    assert measure(run(), name, EPOCHS) == EPOCHS + 1
    # Also for a run that ended early.
    assert measure(run(), name, 40) == 41


def test_values_that_are_not_finite_reach_nothing(run):
    result = run(loss=[NAN, INF, 0.5, NAN], accuracy=[NAN, NAN, NAN, NAN])
    assert measure(result, "epochs_to_loss_0.5", EPOCHS) == 3
    assert measure(result, "epochs_to_accuracy_0.5", EPOCHS) == EPOCHS + 1


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_the_best_is_the_best_finite_value(run, place, bad):
    def with_bad(name):
        return [bad if epoch == place else value for epoch, value in enumerate(HISTORY[name])]

    result = run(val_loss=with_bad("val_loss"), val_accuracy=with_bad("val_accuracy"))
    lowest = 0.5 if place == 2 else 0.25
    assert measure(result, "best_val_loss", EPOCHS) == lowest
    assert measure(result, "best_val_accuracy", EPOCHS) == (0.75 if place == 2 else 0.875)
    rise = measure(result, "val_loss_rise", EPOCHS)
    if place == 3:
        assert not math.isfinite(rise)
    else:
        assert rise == 1.0 - lowest


def test_a_run_of_which_nothing_is_finite(run):
    result = run("diverged", {"test_loss": NAN}, **{name: [NAN] for name in HISTORY})
    for name in DERIVED:
        value = measure(result, name, EPOCHS)
        if name == "diverged":
            assert value == 1.0
        elif name == "rate_reductions":
            assert value == 0.0
        else:
            assert math.isnan(value), name


def test_one_epoch(run):
    result = run(**{name: [0.5] for name in HISTORY})
    assert measure(result, "rate_reductions", 1) == 0
    assert measure(result, "val_loss_rise", 1) == 0
    assert measure(result, "initial_loss", 1) == 0.5


def test_a_rate_that_rises_is_not_reduced(run):
    result = run(learning_rate=[0.1, 0.2, 0.2, 0.1])
    assert measure(result, "rate_reductions", EPOCHS) == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        "accuracy_gab",
        "epochs_to_accuracy",
        "epochs_to_accuracy_",
        "epochs_to_accuracy_.",
        "epochs_to_accuracy_0.7.5",
        "epochs_to_accuracy_-1",
        "epochs_to_accuracy_1e",
        "epochs_to_test_loss_0.5",
        "epochs_to_loss_0.5 ",
    ],
)
def test_an_unknown_name_is_refused(run, name):
    assert not is_metric(name)
    with pytest.raises(ZooError) as caught:
        measure(run(), name, EPOCHS)
    message = str(caught.value)
    assert message.startswith("A metric must be one of epochs, loss, ")
    assert message.endswith(f"epochs_to_accuracy_0.75. Received: {name!r}")
    assert all(known in message for known in (*PLAIN, *DERIVED))


def test_columns_of_every_run_are_metrics():
    assert all(map(is_metric, PLAIN))


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("accuracy", (0, 1)),
        ("val_accuracy", (0, 1)),
        ("test_accuracy", (0, 1)),
        ("best_val_accuracy", (0, 1)),
        ("accuracy_batch_1", (0, 1)),
        ("mean_accuracy@10", (0, 1)),
        ("accuracy_gap", (-1, 1)),
        ("accuracy_error", (-INF, INF)),
        ("correlation_with_val_accuracy", (-INF, INF)),
        ("epochs_to_accuracy_0.75", (-INF, INF)),
        ("test_loss", (-INF, INF)),
    ],
)
def test_an_accuracy_is_a_share_and_a_gap_the_difference_of_two(name, ends):
    assert range_of(name) == ends


@pytest.mark.parametrize(
    ("metric", "chooses"),
    [
        ("epochs_to_accuracy_0.75", "epochs_to_accuracy_0.75"),
        ("epochs_to_val_loss_0.5", "epochs_to_val_loss_0.5"),
        ("loss", "loss"),
        ("initial_loss", "initial_loss"),
        ("epochs", "val_accuracy"),
        ("accuracy", "val_accuracy"),
        ("test_accuracy", "val_accuracy"),
        ("test_loss", "val_loss"),
        ("val_loss", "val_loss"),
        ("best_val_loss", "best_val_loss"),
        ("loss_gap", "val_accuracy"),
        ("a_probes_own", "val_accuracy"),
    ],
)
def test_speed_and_losses_choose_the_rate_themselves(metric, chooses):
    assert chosen_by(metric) == chooses
    assert lower_is_better(chooses) == (chooses != "val_accuracy")


HALF = "epochs_to_accuracy_0.5_of_best"


@pytest.mark.parametrize(
    ("name", "way", "value"),
    [
        (HALF, (0.25, 0.75), 2.0),  # the target is 0.5
        (HALF, (0.25, 1.0), 2 + (0.625 - 0.5) / (0.875 - 0.5)),
        (HALF, (0.125, 0.25), 0.5),  # on the way from chance to the first epoch's 0.25
        ("epochs_to_accuracy_0.9_of_best", (0.0, 1.0), 3 + (0.9 - 0.875) / 0.125),
        (HALF, (0.5, 0.5), EPOCHS + 1),  # no cell learned anything
    ],
)
def test_a_share_of_the_way_from_chance_to_the_best_by_hand(run, name, way, value):
    assert is_metric(name)
    assert measure(run(), name, EPOCHS, {"accuracy": way}) == pytest.approx(value, abs=1e-12)


def test_a_share_of_the_way_that_no_epoch_reaches_is_a_lower_bound(run):
    assert measure(run(accuracy=[0.1] * 4), HALF, EPOCHS, {"accuracy": (0.1, 0.9)}) == EPOCHS + 1
    lost = run(accuracy=[0.1, NAN, 0.9, NAN])
    found = measure(lost, HALF, EPOCHS, {"accuracy": (0.1, 0.9)})
    assert found == pytest.approx(2.0)  # the line from 0.1 after one epoch to 0.9 after three


def test_the_way_ends_at_the_best_cell_and_not_at_the_best_run(make_result):
    def ends(rate, seed, last):
        curves = {"accuracy": [0.2, last], "loss": [1.0, 1.0], "val_loss": [1.0, 1.0]}
        rest = {"val_accuracy": [0.2, 0.2], "learning_rate": [rate, rate]}
        return make_result(rate=rate, seed=seed, history=curves | rest)

    runs = [ends(0.1, 0, 0.9), ends(0.1, 1, 0.5), ends(0.2, 0, 0.8), ends(0.2, 1, NAN)]
    assert way_of(runs, "accuracy", 10) == (0.1, pytest.approx(0.7))
