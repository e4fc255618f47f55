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

from callbacks import InverseSquareRootDecay, NewBob
from zoo.claims import Claim, zero
from zoo.experiment import Measurement
from zoo.measure import furthest, learning_rates

RATE, STEPS, EPOCHS = 0.1, 10, 40  # steps of an epoch
EPOCH_ENDS = [STEPS * epoch for epoch in range(EPOCHS)]


def formula(schedule, rate_at):
    """Returns a check of a schedule at the start of every epoch against a function of the epoch."""

    def check(seed):
        rates = learning_rates(schedule, EPOCH_ENDS)
        return {"error": furthest(rates, [rate_at(epoch) for epoch in range(EPOCHS)])}

    return check


def shape(schedule):
    """Returns a check of how much ratios and differences of neighbouring rates vary."""

    def check(seed):
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


def plateau(seed):
    """Measures the rates of Keras's callback on a loss that never falls, as the slide sets it."""
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", 0.2, 5, min_lr=0.001)
    rates = trace(callback, "val_loss", [1.0] * 21)
    # The first epoch sets the best loss; after every five that do not better it the rate falls.
    expected = [0.1] * 5 + [0.02] * 5 + [0.004] * 5 + [0.001] * 6
    return {"error": furthest(rates, expected)}


def new_bob(seed):
    """Measures the rates when the accuracy falls at epochs 2 and 4: halved there and only there."""
    rates = trace(NewBob(), "val_accuracy", [0.5, 0.6, 0.5, 0.7, 0.6, 0.8])
    expected = [RATE, RATE, RATE / 2, RATE / 2, RATE / 4, RATE / 4]
    return {"error": furthest(rates, expected)}


STEP = schedules.PiecewiseConstantDecay([99, 199, 299], [RATE, RATE / 2, RATE / 4, RATE / 8])
EXPONENTIAL = schedules.ExponentialDecay(RATE, STEPS, math.exp(-0.03), staircase=True)
NINE_TENTHS = schedules.ExponentialDecay(RATE, STEPS, 0.9, staircase=True)
LINEAR = schedules.PolynomialDecay(RATE, STEPS * EPOCHS, 0.0)
COSINE = schedules.CosineDecay(RATE, STEPS * EPOCHS)
ROOT = InverseSquareRootDecay(RATE, STEPS)
TRUE_EXPONENTIAL = schedules.ExponentialDecay(RATE, EPOCHS, 0.1)
COMMON = ("linear", "exponential", "cosine", "inverse square root")

EXPERIMENT = Measurement(
    factor="schedule",
    seeds=1,
    variants={
        "step": formula(STEP, lambda epoch: RATE / 2 ** (epoch // 10)),
        "exponential": formula(EXPONENTIAL, lambda epoch: RATE * math.exp(-0.03 * epoch)),
        "a0 (1 - t/T)": shape(lambda step: RATE * (1 - step / EPOCHS)),
        "a0 0.1^(t/T)": shape(TRUE_EXPONENTIAL),
        "linear": formula(LINEAR, lambda epoch: RATE * (1 - epoch / EPOCHS)),
        "cosine": formula(
            COSINE, lambda epoch: RATE * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2
        ),
        "inverse square root": formula(ROOT, lambda epoch: RATE / math.sqrt(1 + epoch)),
        "decay 0.9": formula(NINE_TENTHS, lambda epoch: RATE * 0.9**epoch),
        "plateau": plateau,
        "new-bob": new_bob,
    },
    claims=[
        Claim("SCH01", zero("error", of="step", tolerance=1e-6)),
        Claim("SCH02", zero("error", of="new-bob", tolerance=1e-6)),
        Claim("SCH03", zero("error", of="exponential", tolerance=1e-6)),
        Claim("SCH04", zero("spread_of_ratios", of="a0 (1 - t/T)", tolerance=1e-4)),
        Claim("SCH05", zero("error", of=COMMON, tolerance=1e-6)),
        Claim("SCH06", zero("error", of="plateau", tolerance=1e-6)),
        Claim("SCH13", zero("error", of="decay 0.9", tolerance=1e-6)),
    ],
)
