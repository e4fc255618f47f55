"""Do the schedules follow the lectures' formulas, and are these what the lectures call them?

Learning rates are read off step by step, without training. One lecture calls a0 (1 - t/T)
exponential decay; an exponential has equal ratios from step to step, a line equal differences.

References:
    Johnson et al. (2004), ICSI QuickNet software package (new-bob).
"""

import math

import keras
from keras import ops
from keras.optimizers import schedules

from callbacks import NewBob
from zoo.claims import Claim, Identity
from zoo.experiment import Measurement
from zoo.measure import learning_rates

RATE, STEPS, EPOCHS = 0.1, 10, 40  # steps of an epoch
EPOCH_ENDS = [STEPS * epoch for epoch in range(EPOCHS)]


def formula(schedule, rate_at):
    """Returns a check of a schedule at the start of every epoch against a function of the epoch."""

    def check():
        rates = learning_rates(schedule, EPOCH_ENDS)
        errors = [abs(rate - rate_at(epoch)) for epoch, rate in enumerate(rates)]
        return {"error": max(errors)}

    return check


def shape(schedule):
    """Returns a check of how much ratios and differences of neighbouring rates vary."""

    def check():
        rates = learning_rates(schedule, range(EPOCHS))
        ratios = rates[1:] / rates[:-1]
        differences = rates[1:] - rates[:-1]
        return {
            "spread_of_ratios": ratios.max() - ratios.min(),
            "spread_of_differences": differences.max() - differences.min(),
        }

    return check


def trace(callback, metric, values):
    """Returns the learning rates that a callback sets when a metric takes these values."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {metric: value})
        rates.append(float(ops.convert_to_numpy(model.optimizer.learning_rate)))
    return rates


def plateau():
    """Measures the rates of Keras's callback on a loss that never falls, as the slide sets it."""
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", 0.2, 5, min_lr=0.001)
    rates = trace(callback, "val_loss", [1.0] * 21)
    # The first epoch sets the best loss; after every five that do not better it the rate falls.
    expected = [0.1] * 5 + [0.02] * 5 + [0.004] * 5 + [0.001] * 6
    return {"error": max(abs(a - b) for a, b in zip(rates, expected, strict=True))}


def new_bob():
    """Measures the rates when the accuracy falls at epochs 2 and 4: halved there and only there."""
    rates = trace(NewBob(), "val_accuracy", [0.5, 0.6, 0.5, 0.7, 0.6, 0.8])
    expected = [RATE, RATE, RATE / 2, RATE / 2, RATE / 4, RATE / 4]
    return {"error": max(abs(a - b) for a, b in zip(rates, expected, strict=True))}


STEP = schedules.PiecewiseConstantDecay([99, 199, 299], [RATE, RATE / 2, RATE / 4, RATE / 8])
EXPONENTIAL = schedules.ExponentialDecay(RATE, STEPS, math.exp(-0.03), staircase=True)
NINE_TENTHS = schedules.ExponentialDecay(RATE, STEPS, 0.9, staircase=True)
TRUE_EXPONENTIAL = schedules.ExponentialDecay(RATE, EPOCHS, 0.1)

EXPERIMENT = Measurement(
    factor="schedule",
    seeds=1,
    variants={
        "step": formula(STEP, lambda epoch: RATE / 2 ** (epoch // 10)),
        "exponential": formula(EXPONENTIAL, lambda epoch: RATE * math.exp(-0.03 * epoch)),
        "a0 (1 - t/T)": shape(lambda step: RATE * (1 - step / EPOCHS)),
        "a0 0.1^(t/T)": shape(TRUE_EXPONENTIAL),
        "decay 0.9": formula(NINE_TENTHS, lambda epoch: RATE * 0.9**epoch),
        "plateau": plateau,
        "new-bob": new_bob,
    },
    measure=lambda check, seed: check(),
    claims=[
        Claim("SCH01", Identity("error", 0.0, 1e-6, ("step",))),
        Claim("SCH02", Identity("error", 0.0, 1e-6, ("new-bob",))),
        Claim("SCH03", Identity("error", 0.0, 1e-6, ("exponential",))),
        Claim("SCH04", Identity("spread_of_ratios", 0.0, 1e-4, ("a0 (1 - t/T)",))),
        Claim("SCH06", Identity("error", 0.0, 1e-6, ("plateau",))),
        Claim("SCH13", Identity("error", 0.0, 1e-6, ("decay 0.9",))),
    ],
)
