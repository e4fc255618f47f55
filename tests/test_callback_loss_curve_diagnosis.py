import copy
import itertools
import math
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines

from callbacks import loss_curve_diagnosis as module
from callbacks.batch_size_schedule import BatchSizeSchedule
from callbacks.loss_curve_diagnosis import (
    LossCurveDiagnosis,
    calibrated_bound,
    diagnose,
    loss_floor,
    periodicity,
)
from zoo.engine.view import hook_below_epochs

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LN10 = math.log(10)


def names(*arguments, **keywords):
    return [finding.name for finding in diagnose(*arguments, **keywords)]


def noisy(curve, generator, deviation=0.01):
    """Multiplies a curve by independent log-normal noise."""
    curve = np.asarray(curve, float)
    return curve * np.exp(deviation * generator.normal(size=curve.shape))


def falling(start, end, epochs, time=0.1):
    """Returns an exponential fall whose time constant is a share of the epochs."""
    shape = np.exp(-np.arange(epochs) / (time * epochs))
    return end + (start - end) * shape


# Healthy curves


def healthy_case(seed):
    """Returns curves of a training that went well, drawn with realistic shapes and noise.

    Exponential or power-law falls of 8 to 60 epochs to a loss of 1 to 25 % of guessing, a gap of
    up to 30 % of that, noise of 0.5 to 3 % on the training and 1 to 6 % on the validation loss,
    accuracies that go with the losses, and batches with noise of 5 to 30 %, the last one double.
    """
    generator = np.random.default_rng(seed)
    epochs, steps = int(generator.integers(8, 61)), int(generator.integers(8, 50))
    num_classes = int(generator.choice([2, 3, 10, 100]))
    guess = math.log(num_classes)
    time = np.arange(epochs) / epochs
    if generator.random() < 0.5:
        shape = np.exp(-time / generator.uniform(0.03, 0.15))
    else:
        shape = np.arange(1, epochs + 1) ** -generator.uniform(0.5, 1.5)
    start = generator.uniform(0.3, 1.1) * guess
    end = min(generator.uniform(0.01, 0.25) * guess, 0.6 * start)
    base = end + (start - end) * shape
    loss = noisy(base, generator, generator.uniform(0.005, 0.03))
    val_loss = noisy(
        base + generator.uniform(0, 0.3) * end, generator, generator.uniform(0.01, 0.06)
    )

    def accuracy(curve, deviation):
        share = 1 - 0.55 * curve / guess * (1 - 1 / num_classes)
        return np.clip(share + deviation * generator.normal(size=epochs), 0, 1)

    width = generator.uniform(0.05, 0.3)
    batches = np.interp(np.arange(epochs * steps) / steps, np.arange(epochs) + 0.5, base)
    widths = np.where(np.arange(epochs * steps) % steps == steps - 1, 2 * width, width)
    return {
        "loss": loss,
        "val_loss": val_loss,
        "accuracy": accuracy(loss, 0.003),
        "val_accuracy": accuracy(val_loss, 0.01),
        "batch_losses": batches * np.exp(widths * generator.normal(size=len(batches))),
        "steps_per_epoch": steps,
        "num_classes": num_classes,
        "validation_examples": 2000,
    }


def test_false_alarms_are_rare():
    """Of 3000 healthy curves (seeds 0 to 2999) at most 0.5 % have any finding."""
    cases = [healthy_case(seed) for seed in range(3000)]
    assert sum(bool(diagnose(**case)) for case in cases) / len(cases) <= 0.005
    # With less to go by the rules must not guess.
    for few in (("loss",), ("loss", "num_classes"), ("loss", "val_loss", "num_classes")):
        alarms = sum(bool(diagnose(**{name: case[name] for name in few})) for case in cases)
        assert alarms / len(cases) <= 0.005


# Injected defects, many times with noise


def flat(generator, epochs):
    return {"loss": noisy(np.full(epochs, generator.uniform(1, 1.5) * LN10), generator, 0.003)}


def rising(generator, epochs):
    start, rate = generator.uniform(1.05, 1.3) * LN10, generator.uniform(0.05, 0.5)
    return {"loss": noisy(start * np.exp(rate * np.arange(epochs)), generator, 0.005)}


def slow(generator, epochs):
    plateau = int(generator.integers(max(3, math.ceil(0.1 * epochs)), epochs // 2))
    drop = falling(0.95 * LN10, 0.2, epochs - plateau, 0.05)
    loss = np.concatenate([noisy(np.full(plateau, LN10), generator, 0.001), drop])
    return {"loss": loss}


def exploding(generator, epochs):
    loss = noisy(falling(2.0, 0.5, epochs), generator)
    loss[int(generator.integers(1, epochs)) :] *= generator.uniform(15, 1000)
    return {"loss": loss}


def not_finite(generator, epochs):
    loss = noisy(falling(2.0, 0.5, epochs), generator)
    loss[int(generator.integers(0, epochs)) :] = generator.choice([np.nan, np.inf])
    return {"loss": loss}


def poor(generator, epochs):
    loss = noisy(falling(2.25, generator.uniform(1.6, 1.9), epochs), generator, 0.005)
    return {
        "loss": loss,
        "val_loss": noisy(1.02 * loss, generator, 0.01),
        "accuracy": noisy(np.full(epochs, 0.35), generator),
    }


def memorising(generator, epochs):
    best = int(generator.integers(1, epochs // 2))
    rise = np.clip(np.arange(epochs) - best, 0, None) / (epochs - best)
    base = falling(1.5, 0.02, epochs)
    lowest = np.maximum(base, base[best]) + 0.3
    val_loss = lowest * (1 + generator.uniform(0.3, 1.5) * rise)
    return {"loss": noisy(base, generator), "val_loss": noisy(val_loss, generator, 0.02)}


def cut_short(generator, epochs):
    line = np.linspace(2.2, generator.uniform(0.8, 1.4), epochs)
    return {
        "loss": noisy(line, generator, 0.003),
        "val_loss": noisy(line + 0.05, generator, 0.003),
    }


def stuck(distance):
    def make(generator, epochs):
        share = generator.uniform(0.85, 1)
        floor = math.log(1 + 9 * math.exp(-distance)) + distance * (1 - share)
        loss = falling(2.1, floor + 0.02, epochs) * np.exp(
            0.002 * np.abs(generator.normal(size=epochs))
        )
        return {"loss": loss, "accuracy": np.full(epochs, share)}

    return make


DEFECTS = {
    "not learning": flat,
    "negative gradients": rising,
    "slow start": slow,
    "diverging": exploding,
    "not finite": not_finite,
    "underfit": poor,
    "overfit": memorising,
    "not converged": cut_short,
    "softmax twice": stuck(1.0),
    "bounded logits": stuck(2.0),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_found_and_nothing_else(name):
    """Of 300 curves with a defect (seeds 0 to 299) at least 95 % have this finding alone."""
    found = []
    for seed in range(300):
        generator = np.random.default_rng(seed)
        curves = DEFECTS[name](generator, int(generator.integers(12, 50)))
        found.append(names(**curves, num_classes=10))
    assert found.count([name]) >= 0.95 * len(found)


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


# Arguments and documentation


@pytest.mark.parametrize("value", [1, 0, -3, 2.5])
def test_num_classes_is_checked(value):
    message = f"`num_classes` must be .* Received: num_classes={value}"
    for make in (LossCurveDiagnosis, lambda **keywords: diagnose([1.0], **keywords)):
        with pytest.raises(ValueError, match=message):
            make(num_classes=value)


@pytest.mark.parametrize("value", [0, -3, 2.5])
def test_validation_examples_is_checked(value):
    message = f"`validation_examples` must be .* Received: validation_examples={value}"
    for make in (LossCurveDiagnosis, lambda **keywords: diagnose([1.0], **keywords)):
        with pytest.raises(ValueError, match=message):
            make(validation_examples=value)


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


def test_table_has_every_name_and_threshold():
    text = " ".join(diagnose.__doc__.split())
    cells = re.findall(r"\| (`[^|]+`) \|", text)
    listed = [name for cell in cells for name in re.findall("`([^`]+)`", cell)]
    assert sorted(listed) == sorted([*DEFECTS, "periodic", "validation set too small"])
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


# The callback, driven by hand


def play(callback, logs, batch_means=()):
    """Plays a fit: `logs` of every epoch, and the running means that Keras logs at each batch."""
    callback.set_model(SimpleNamespace(loss="mse"))
    callback.on_train_begin()
    for epoch, (log, means) in enumerate(itertools.zip_longest(logs, batch_means)):
        for batch, mean in enumerate(() if means is None else means):
            callback.on_train_batch_end(batch, {"loss": mean})
        callback.on_epoch_end(epoch, log)
    callback.on_train_end()
    return callback.findings


def test_batch_losses_come_out_of_running_means():
    callback = LossCurveDiagnosis(batches=True)
    losses = np.random.default_rng(0).uniform(1, 2, (3, 5))
    means = np.cumsum(losses, axis=1) / np.arange(1, 6)
    play(callback, [{"loss": row[-1]} for row in means], means)
    np.testing.assert_allclose(callback.batch_losses, losses.ravel())


def test_collects_under_the_name_of_the_metric():
    callback = LossCurveDiagnosis(accuracy="acc")
    play(callback, [{"loss": 1.0, "acc": 0.5, "val_loss": 2.0, "val_acc": 0.25, "other": 9.0}])
    expected = {"loss": [1.0], "accuracy": [0.5], "val_loss": [2.0], "val_accuracy": [0.25]}
    assert callback.history == expected


def test_epochs_of_different_lengths_have_no_period():
    generator = np.random.default_rng(0)
    pattern = generator.uniform(1, 3, 12)
    means = np.cumsum(pattern) / np.arange(1, 13)
    logs = [{"loss": 1.0}] * 8
    found = [
        [finding.name for finding in play(LossCurveDiagnosis(batches=True), logs, epochs)]
        for epochs in ([means] * 8, [means] * 7 + [means[:5]], [means] * 6 + [means[:9]] * 2)
    ]
    assert found == [["periodic"], ["periodic"], []]


def test_validation_in_some_epochs_takes_no_part():
    callback = LossCurveDiagnosis()
    assert play(callback, [{"loss": 1.0}, {"loss": 0.9, "val_loss": math.nan}]) == []


def test_an_instance_serves_several_fits():
    callback = LossCurveDiagnosis(batches=True)
    bad = [{"loss": 1.0}, {"loss": 9.0}]
    assert [f.name for f in play(callback, bad, [[1.0], [9.0]])] == ["diverging"]
    assert play(callback, [{"loss": 1.0}], [[1.0]]) == []
    assert (callback.history, callback.batch_losses) == ({"loss": [1.0]}, [1.0])
    assert [f.name for f in play(callback, bad)] == ["diverging"]
    assert play(callback, []) == []


@pytest.mark.parametrize("verbose", [0, 1])
def test_prints_only_if_verbose(verbose, capsys):
    callback = LossCurveDiagnosis(verbose=verbose)
    play(callback, [{"loss": 1.0}, {"loss": 9.0}])
    out = capsys.readouterr().out
    assert out == f"\n{callback.findings[0]}\n" * verbose
    assert str(callback.findings[0]).startswith("diverging: The loss is 9.0 times the first")
    play(callback, [{"loss": 1.0}])
    assert capsys.readouterr().out == "\nThe loss curve looks healthy.\n" * verbose


def test_arguments_are_attributes_of_the_same_name():
    arguments = {"num_classes": 3, "validation_examples": 5, "accuracy": "a", "batches": True}
    callback = LossCurveDiagnosis(**arguments, verbose=1)
    assert {name: getattr(callback, name) for name in arguments} == arguments
    assert callback.verbose == 1


def test_hooks_below_epochs_only_if_asked():
    assert hook_below_epochs(LossCurveDiagnosis()) == ""
    assert hook_below_epochs(LossCurveDiagnosis(batches=True)) == "on_train_batch_end"


def test_a_copy_collects_for_itself():
    original = LossCurveDiagnosis(batches=True)
    copied = copy.deepcopy(original)
    play(copied, [{"loss": 1.0}], [[1.0]])
    assert (original.batch_losses, copied.batch_losses) == ([], [1.0])


@pytest.mark.parametrize(
    ("loss", "units", "expected"),
    [
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), 7, 7),
        ("sparse_categorical_crossentropy", 7, 7),
        (keras.losses.categorical_crossentropy, 4, 4),
        ("binary_crossentropy", 1, 2),
        (keras.losses.BinaryCrossentropy(), 5, 2),
        ("mse", 7, None),
        (None, 7, None),
    ],
)
def test_classes_are_read_off_the_model(loss, units, expected):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    if loss:
        model.compile("sgd", loss)
    assert module.classes_of(model) == expected


# Real trainings with the defect injected

CLASSES, FEATURES = 10, 20


def points(examples, noise, seed):
    """Draws examples of ten classes around fixed centres."""
    centres = np.random.default_rng(99).normal(size=(CLASSES, FEATURES))
    generator = np.random.default_rng(seed)
    y = generator.permutation(np.arange(examples) % CLASSES)
    x = centres[y] + noise * generator.normal(size=(examples, FEATURES))
    return x.astype(np.float32), y.astype(np.int32)


def train(
    head=None,
    hidden=(32,),
    optimizer=None,
    loss=None,
    initializer="glorot_uniform",
    activation="relu",
    epochs=12,
    examples=400,
    validation_examples=1000,
    noise=0.5,
    ordered=False,
    batches=False,
    seed=0,
    num_classes=None,
):
    """Trains a small network and returns the names of what the callback found."""
    keras.utils.set_random_seed(seed)
    dense = [
        keras.layers.Dense(units, activation, kernel_initializer=initializer) for units in hidden
    ]
    last = keras.layers.Dense(CLASSES, head, kernel_initializer=initializer)
    model = keras.Sequential([keras.Input((FEATURES,)), *dense, last])
    model.compile(
        optimizer or keras.optimizers.SGD(0.03, 0.9),
        loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    x, y = points(examples, noise, seed=1)
    if ordered:
        rows = np.argsort(y, kind="stable")
        x, y = x[rows], y[rows]
    # Keras on TensorFlow takes one order in all epochs once a seed is set.
    schedule = BatchSizeSchedule(x, y, {0: 20}, shuffle=not ordered, seed=seed)
    callback = LossCurveDiagnosis(
        num_classes=num_classes, validation_examples=validation_examples, batches=batches
    )
    model.fit(
        schedule,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        validation_data=points(validation_examples, noise, seed=2),
        validation_batch_size=1000,
        callbacks=[schedule.callback, callback],
    )
    return [finding.name for finding in callback.findings]


def softmax(logits):
    """Applies softmax in a way that Keras's loss does not see and undo."""
    return 1.0 * keras.ops.softmax(logits)


def sigmoid(logits):
    return 1.0 * keras.ops.sigmoid(logits)


def flipped(y, logits):
    return -keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)


def naive(y, logits):
    """Exponentiates the logits without taking off the highest."""
    exponentials = keras.ops.exp(logits)
    p = exponentials / keras.ops.sum(exponentials, -1, keepdims=True)
    rows = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(y, (-1,)), "int32"), CLASSES)
    return -keras.ops.sum(rows * keras.ops.log(p), -1)


class Ascent(keras.optimizers.SGD):
    """Goes up the gradient."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(-gradient, variable, learning_rate)


class Large(keras.initializers.RandomNormal):
    """Gives logits of the size of hundreds."""

    def __init__(self):
        super().__init__(stddev=20.0, seed=0)


SGD = keras.optimizers.SGD
REAL = {
    "learning rate 0": (lambda: {"optimizer": SGD(0.0)}, ["not learning"]),
    "optimizer of the wrong sign": (
        lambda: {"optimizer": Ascent(0.003), "epochs": 6},
        ["negative gradients"],
    ),
    "loss of the wrong sign": (
        lambda: {"loss": flipped, "num_classes": 10, "epochs": 5},
        ["negative gradients"],
    ),
    "initial weights too small": (
        lambda: {
            "hidden": (32, 32, 32),
            "initializer": keras.initializers.RandomNormal(stddev=0.03, seed=0),
            "activation": "tanh",
            "optimizer": SGD(0.04, 0.8),
            "epochs": 40,
        },
        ["slow start"],
    ),
    "learning rate far too high": (
        lambda: {"optimizer": keras.optimizers.Adam(3.0), "epochs": 6, "noise": 1.0},
        ["diverging"],
    ),
    "naive softmax and large logits": (
        lambda: {"loss": naive, "initializer": Large(), "epochs": 3},
        ["not finite"],
    ),
    "softmax twice": (
        lambda: {"head": softmax, "epochs": 40, "optimizer": keras.optimizers.Adam(0.01)},
        ["softmax twice"],
    ),
    "sigmoid before softmax": (
        lambda: {"head": sigmoid, "epochs": 40, "optimizer": keras.optimizers.Adam(0.01)},
        ["softmax twice"],
    ),
    "tanh before softmax": (lambda: {"head": "tanh", "epochs": 30}, ["bounded logits"]),
    "20 validation examples": (
        lambda: {"validation_examples": 20},
        ["validation set too small"],
    ),
    "60 training examples": (
        lambda: {
            "examples": 60,
            "noise": 1.6,
            "hidden": (64, 64),
            "optimizer": keras.optimizers.Adam(0.01),
            "epochs": 40,
        },
        ["overfit"],
    ),
    "one hidden unit": (lambda: {"hidden": (1,), "epochs": 40}, ["underfit"]),
    "learning rate too low": (lambda: {"optimizer": SGD(0.003)}, ["not converged"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_training_with_a_defect(name):
    make, expected = REAL[name]
    assert train(**make()) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_real_training_sorted_by_class(seed):
    """The same training, with the data in the order of their classes and shuffled."""

    def found(ordered):
        optimizer = SGD(0.03)
        return train(ordered=ordered, batches=True, seed=seed, noise=0.8, optimizer=optimizer)

    assert found(ordered=True) == ["periodic"]
    assert found(ordered=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_real_healthy_training(seed):
    noise = (0.4, 0.5, 0.6, 0.7)[seed % 4]
    assert train(batches=True, seed=seed, noise=noise) == []


@pytest.mark.slow
def test_stable_loss_has_no_nan_where_the_naive_one_has():
    assert "not finite" not in train(initializer=Large(), epochs=3)


def test_real_fit_collects_what_keras_reports():
    callback = LossCurveDiagnosis(batches=True)
    _, history = fit_alone([callback], epochs=3, validation_split=0.25, batch_size=12)
    assert callback.history == {name: history[name] for name in callback.history}
    assert set(callback.history) == {"loss", "val_loss", "accuracy", "val_accuracy"}
    # 36 examples in batches of 12.
    epochs = np.reshape(callback.batch_losses, (3, 3)).mean(axis=1)
    np.testing.assert_allclose(epochs, history["loss"], rtol=1e-5)


def test_population_equals_alone():
    both = fit_in_both_engines(LossCurveDiagnosis, rates=(1e-9, 0.1), epochs=12)
    assert_same_runs(both)
    (_, together), (_, alone) = both
    found = [[finding.name for finding in item.findings] for item in together]
    assert found == [[finding.name for finding in item.findings] for item in alone]
    assert ["not learning"] in found[:2]
    assert all(found[:2])
    assert "not learning" not in itertools.chain(*found[2:])
