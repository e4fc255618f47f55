"""Healthy curves give few false alarms, and defects are found, many times with noise."""

import math

import numpy as np
import pytest
from curve_case import LN10, falling, names, noisy

from callbacks import diagnose

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


@pytest.mark.slow
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
