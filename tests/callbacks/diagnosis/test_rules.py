import math
import re

import numpy as np
import pytest
from curve_case import LN10, falling, names, noisy

from callbacks import diagnose
from callbacks.diagnosis import rules as module
from callbacks.diagnosis.statistics import calibrated_bound, loss_floor, periodicity

# Rules at their thresholds


def test_not_finite_counts_and_says_where():
    (finding,) = diagnose([2.0, 1.0, math.nan, math.inf], [2.0, math.nan, 1.0, 1.0])
    assert (finding.name, finding.measured, finding.threshold) == ("not finite", 3, 0)
    assert "in 3 of 4 epochs, first in epoch 2" in finding.explanation
    assert names([math.nan]) == ["not finite"]


def test_what_came_before_is_said_as_well():
    assert names([2.0, 90.0, math.nan]) == ["not finite", "diverging"]


def test_diverging_as_in_divergence_guard():
    assert names([2.0, 6.0, 1.0]) == []  # three times is not more than three times
    (finding,) = diagnose([2.0, 6.5, 1.0])
    assert (finding.name, finding.measured, finding.threshold) == ("diverging", 3.25, 3)


def test_exploded_within_the_first_epoch():
    loss = [50.0, 30.0, 3.01 * LN10]
    assert names(loss) == []
    assert names(loss, num_classes=10) == ["diverging"]
    assert names([50.0, 30.0, 2.99 * LN10], num_classes=10) == []


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        ([2.4, 2.5, 2.65], ["negative gradients"]),
        ([2.4, 2.5, 2.63], ["not learning"]),  # not 1.1 times
        ([2.4, 2.4, 2.8], ["not learning"]),  # not in every epoch
        ([2.2, 2.5, 2.8], ["not learning"]),  # not from above guessing
        ([1.0, 0.0, -1.0], ["negative gradients"]),
    ],
)
def test_negative_gradients(loss, found):
    assert names(loss, num_classes=10) == found


def test_without_classes_a_negative_loss_may_be_meant():
    assert names([1.0, 0.0, -1.0]) == []


@pytest.mark.parametrize(
    ("fall", "end", "found"),
    [(0.019, 1.0, True), (0.021, 1.0, False), (0.0, 0.96, True), (0.0, 0.94, False)],
)
def test_not_learning(fall, end, found):
    loss = LN10 * np.array([end + fall, end, end])
    assert ("not learning" in names(loss, num_classes=10)) == found
    assert "not learning" not in names(loss)


@pytest.mark.parametrize(
    ("plateau", "epochs", "found"),
    [(2, 12, False), (3, 12, True), (3, 30, True), (3, 31, False), (4, 31, True)],
)
def test_slow_start_takes_three_epochs_and_a_tenth(plateau, epochs, found):
    loss = [LN10] * plateau + [0.5] * (epochs - plateau)
    assert ("slow start" in names(loss, num_classes=10)) == found


def test_a_loss_at_a_floor_needs_an_accuracy_that_does_not_go_with_it():
    loss = [1.6, 1.5, 1.47, 1.47, 1.47, 1.47]
    for share, expected in ((0.97, ["softmax twice"]), (0.6, [])):
        # 0.6 goes with a loss of up to h(0.6) + 0.4 ln 9 = 1.55.
        assert names(loss, accuracy=[share] * 6, num_classes=10) == expected
    # 2.18 is above the bound of 0.3, 2.15, but so few right answers are explained otherwise.
    assert names([2.18] * 8, accuracy=[0.3] * 8, num_classes=10) == ["underfit"]
    assert names([1.6, 1.4, 1.47, 1.47, 1.47, 1.47], accuracy=[0.97] * 6, num_classes=10) == []


@pytest.mark.parametrize(("share", "found"), [(0.5, True), (0.54, True), (0.56, False)])
def test_underfit_is_below_half_way_from_guessing(share, found):
    # Half way from 0.1 to 1 is 0.55.
    curves = {"loss": [1.5] * 8, "accuracy": [share] * 8, "num_classes": 10}
    assert names(**curves) == ["underfit"] * found
    assert names(**curves, val_loss=[1.6] * 8) == ["underfit"] * found
    assert names(**curves, val_loss=[1.7] * 8) == []


def test_underfit_without_accuracy():
    assert names([0.51 * LN10] * 8, num_classes=10) == ["underfit"]
    assert names([0.49 * LN10] * 8, num_classes=10) == []


def test_overfit_measures_the_rise_above_the_minimum():
    loss = [1.0, 0.5, 0.4, 0.4, 0.3, 0.2, 0.1, 0.1]
    (finding,) = diagnose(loss, [1.2, 0.8, 0.8, 0.8, 1.0, 1.0, 1.0, 1.0])
    assert (finding.name, finding.threshold) == ("overfit", 1.1)
    assert finding.measured == pytest.approx(1.0 / 0.8)
    assert "about epoch 3," in finding.explanation
    assert names(loss, [1.2, 0.8, 0.8, 0.8, 0.85, 0.85, 0.85, 0.85]) == []  # by 6 % only
    flat = [1.0, 0.5, 0.5, 0.5, *[0.6] * 4]
    assert names(flat, [1.2, 0.8, 0.8, 0.8, 1.0, 1.0, 1.0, 1.0]) == []  # training did not fall


def test_overfit_does_not_see_noise():
    generator = np.random.default_rng(0)
    loss = falling(1.0, 0.1, 20)
    alarms = sum(
        "overfit" in names(loss, noisy(np.full(20, 0.8), generator, 0.2)) for _ in range(500)
    )
    assert alarms <= 5


@pytest.mark.parametrize(("rest", "found"), [(0.02, False), (0.5, True)])
def test_not_converged_by_what_is_left_of_the_fall(rest, found):
    # Twelve epochs that fall by 1 - `rest`, then eight in a straight line by `rest`; a quarter of
    # the epochs, five of them, sees at most 5 / 8 of `rest`.
    loss = np.concatenate([np.linspace(2, 1 + rest, 12), np.linspace(1 + rest, 1, 9)[1:]])
    assert ("not converged" in names(loss)) == found
    assert names(loss, np.full(20, 1.5)) == []  # validation loss does not fall


def test_not_converged_does_not_see_noise():
    generator = np.random.default_rng(0)
    alarms = sum("not converged" in names(noisy(np.ones(20), generator, 0.1)) for _ in range(500))
    # Three standard errors with 8 degrees of freedom: 0.9 % of 500 are 4.3.
    assert alarms <= 15


def test_validation_set_too_small():
    def of(examples, share):
        found = diagnose([1.0], val_accuracy=[share], accuracy=None, validation_examples=examples)
        return [finding.measured for finding in found]

    # Agresti and Coull: two right and two wrong examples more.
    assert of(20, 1.0) == pytest.approx([math.sqrt(22 / 24 * 2 / 24 / 24)])
    assert of(96, 0.5) == pytest.approx([0.05])
    # At one half the standard error is 1 / (2 sqrt(n + 4)), so 0.02 is reached at 621.
    assert (of(620, 0.5) != [], of(622, 0.5)) == (True, [])
    assert names([1.0], val_accuracy=[0.5]) == []


# Batch losses


def batches(generator, epochs, steps, pattern):
    """Returns batch losses that fall, with noise and a pattern over the epoch."""
    trend = falling(2.0, 0.5, epochs * steps)
    return trend * np.exp(0.1 * generator.normal(size=epochs * steps) + np.tile(pattern, epochs))


def test_periodic_batches_are_found():
    for seed in range(100):
        generator = np.random.default_rng(seed)
        steps = int(generator.integers(10, 60))
        pattern = 0.2 * generator.normal(size=steps)
        losses = batches(generator, 12, steps, pattern)
        (finding,) = diagnose([1.0], batch_losses=losses, steps_per_epoch=steps)
        assert finding.name == "periodic"
        assert finding.measured > finding.threshold >= 0.3


def test_a_period_that_is_not_the_epoch_is_something_else():
    wave = np.tile(np.sin(2 * np.pi * np.arange(10) / 10), 40)  # period 10, epochs of 20
    losses = 1 + wave + 0.01 * np.random.default_rng(0).normal(size=400)
    assert periodicity(losses, 21)[0] <= periodicity(losses, 21)[1]
    assert names([1.0], batch_losses=losses[:399], steps_per_epoch=21) == []


def test_last_batch_of_an_epoch_takes_no_part():
    generator = np.random.default_rng(0)
    steps = 20
    pattern = np.zeros(steps)
    pattern[-1] = 2.0
    losses = batches(generator, 12, steps, pattern)
    assert names([1.0], batch_losses=losses, steps_per_epoch=steps) == []


def test_late_epochs_count_although_their_losses_are_small():
    generator = np.random.default_rng(0)
    pattern = 0.3 * generator.normal(size=20)
    trend = np.exp(-np.arange(240) / 25)  # down to 7e-5
    shuffled = trend * np.exp(0.1 * generator.normal(size=240))
    # In the first third, where nearly all of the loss is, the order is another one.
    early = np.where(np.arange(240) < 80, generator.permutation(240) % 20, np.arange(240) % 20)
    ordered = shuffled * np.exp(pattern[early])
    assert names([1.0], batch_losses=shuffled, steps_per_epoch=20) == []
    assert names([1.0], batch_losses=ordered, steps_per_epoch=20) == ["periodic"]


@pytest.mark.parametrize(("epochs", "steps"), [(3, 20), (20, 7)])
def test_too_few_batches_say_nothing(epochs, steps):
    pattern = np.arange(steps) / 10
    losses = batches(np.random.default_rng(0), epochs, steps, pattern)
    assert periodicity(losses, steps) is None
    assert names([1.0], batch_losses=losses, steps_per_epoch=steps) == []


def test_what_does_not_vary_is_not_periodic():
    assert periodicity(np.ones(200), 20) is None


# Floors and bounds


def test_floors_are_those_of_the_formulas():
    e = math.e
    for c in (2, 3, 10, 100):
        assert loss_floor(c, 1) == pytest.approx(-math.log(e / (e + c - 1)))
        assert loss_floor(c, 2) == pytest.approx(-math.log(e / (e + (c - 1) / e)))
    assert [round(loss_floor(10, d), 4) for d in (1, 2)] == [1.4612, 0.7966]


@pytest.mark.parametrize("num_classes", [2, 3, 10])
def test_no_calibrated_classifier_is_above_the_bound(num_classes):
    generator = np.random.default_rng(0)
    for sharpness in (0.1, 1.0, 5.0):
        logits = sharpness * generator.normal(size=(4000, num_classes))
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        # What is expected of labels that are drawn from the probabilities themselves.
        loss, accuracy = -(p * np.log(p)).sum(1).mean(), p.max(1).mean()
        assert loss <= calibrated_bound(accuracy, num_classes)
    # Reached by a classifier that is equally sure everywhere and knows nothing of the others.
    p = np.array([0.7] + [0.3 / (num_classes - 1)] * (num_classes - 1))
    assert calibrated_bound(0.7, num_classes) == pytest.approx(-(p * np.log(p)).sum())
    assert calibrated_bound(1.0, num_classes) == 0


# Arguments and documentation


@pytest.mark.parametrize("steps", [None, 0, -1])
def test_batch_losses_need_the_steps(steps):
    with pytest.raises(ValueError, match=f"Received: steps_per_epoch={steps}"):
        diagnose([1.0], batch_losses=[1.0], steps_per_epoch=steps)


def test_curves_are_checked():
    for name in ("val_loss", "accuracy", "val_accuracy"):
        with pytest.raises(ValueError, match=f"`{name}` must have one value for each of the 2"):
            diagnose([1.0, 1.0], **{name: [0.5]})
    with pytest.raises(ValueError, match=r"`accuracy` must be between 0 and 1. Received"):
        diagnose([1.0], accuracy=[97.0])


def test_no_epochs_no_findings():
    assert diagnose([]) == []


NAMES = """not finite, negative gradients, diverging, not learning, slow start, softmax twice,
bounded logits, underfit, overfit, not converged, periodic, validation set too small"""
NAMES = NAMES.replace("\n", " ").split(", ")


def test_table_has_every_name_and_threshold():
    text = " ".join(diagnose.__doc__.split())
    cells = re.findall(r"\| (`[^|]+`) \|", text)
    listed = [name for cell in cells for name in re.findall("`([^`]+)`", cell)]
    assert sorted(listed) == sorted(NAMES)
    for number, words in (
        (module.RISE, "above 1.1 times the first"),
        (module.EXPLODED, "above 3 times the first"),
        (100 * module.FLAT, "less than 2 % of ln C"),
        (module.CHANCE, "above 0.95 ln C"),
        (100 * module.PLATEAU, "within 1 % of ln C"),
        (module.PLATEAU_EPOCHS, "at least 3 and"),
        (100 * module.PLATEAU_SHARE, "and 10 % of all"),
        (module.DROP, "below 0.8 ln C"),
        (module.POOR, "above 0.5 ln C"),
        (100 * module.GAP, "at most 10 % above training loss"),
        (1 + module.GAP, "above 1.1 times its minimum"),
        (module.NOISE, "by 3 times its noise"),
        (100 * module.FALLING, "more than 10 % of the curve's whole fall"),
        (module.AUTOCORRELATION, "above 0.3"),
        (module.STANDARD_ERROR, "above 0.02"),
    ):
        assert words in text
        assert f"{number:g}" in words
