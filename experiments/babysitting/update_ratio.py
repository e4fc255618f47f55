"""How large are the updates of one step, relative to the weights, at the rates that train best?

The lectures want the norm of an update at about a thousandth of that of the weights. Networks with
three hidden ReLU layers train with plain SGD and with Adam, at five rates half a decade apart. At
the beginning of an epoch one step is made, and kernels before and after it are compared; the ratio
is the median over kernels and over the second half of the epochs. The best rate is the one with the
lowest validation loss of any epoch. Biases, which begin at 0, do not count. First steps are also
held against the formulas of the two optimizers.

References:
    Stanford CS231n (2015), lecture 5 and notes on neural networks 3.
"""

import functools
import math
from functools import partial

import keras
import numpy as np
from keras import layers, losses

from zoo.claims import Claim, Number, equal, zero
from zoo.experiment import Measurement, Recipe
from zoo.measure import furthest, gradients
from zoo.trials import forget, load_for

EPOCHS, STEPS, BATCH = 8, 16, 64
LOSS = losses.SparseCategoricalCrossentropy(from_logits=True)
RATES = {"sgd": (0.01, 0.03, 0.1, 0.3, 1.0), "adam": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)}


def build_model(input_shape, num_classes, activation="relu"):
    """Builds an MLP with three hidden layers."""
    hidden = [layers.Dense(100, activation, kernel_initializer="he_normal") for _ in range(3)]
    first = [keras.Input(input_shape), layers.Flatten()]
    return keras.Sequential([*first, *hidden, layers.Dense(num_classes)])


@functools.cache
def data_of(name):
    """Returns a data set."""
    told = {"build_model": build_model, "optimizer": keras.optimizers.SGD, "data": name}
    return load_for(Recipe(**told, learning_rates=(0.1,), epochs=EPOCHS, batch_size=BATCH))


@functools.cache
def compiled(name, data):
    """Returns a network that an optimizer trains, compiled once."""
    model = build_model(data_of(data).x_train.shape[1:], 10)
    model.compile(name, LOSS)
    return model


def kernels(model):
    """Returns copies of the kernels, in double precision."""
    return [np.array(layer.kernel, float) for layer in model.layers if layer.weights]


def ratios(before, after):
    """Returns the norm of the update over that of the weights, for each kernel."""
    norm = np.linalg.norm
    return [norm(new - old) / norm(old) for old, new in zip(before, after, strict=True)]


def train(name, data_name, rate, seed):
    """Returns the median ratio and the lowest validation loss of a training."""
    data, drawn = data_of(data_name), np.random.default_rng(seed)
    model = compiled(name, data_name)
    keras.utils.set_random_seed(seed)
    model.set_weights(build_model(data.x_train.shape[1:], 10).get_weights())
    forget(model)
    model.optimizer.learning_rate = rate
    found, held = [], []
    for _ in range(EPOCHS):
        first, *others = drawn.permutation(len(data.x_train))[: STEPS * BATCH].reshape(STEPS, BATCH)
        before = kernels(model)
        model.train_on_batch(data.x_train[first], data.y_train[first])
        found.append(ratios(before, kernels(model)))
        for rows in others:
            model.train_on_batch(data.x_train[rows], data.y_train[rows])
        held.append(float(LOSS(data.y_validation, model(data.x_validation))))
    return np.median(found[EPOCHS // 2 :]), min(held)


def best(name, data_name, seed):
    """Measures the ratio at each rate and at the best one."""
    found = {math.log10(rate): train(name, data_name, rate, seed) for rate in RATES[name]}
    rate = min(found, key=lambda each: np.nan_to_num(found[each][1], nan=np.inf))
    logs = {each: np.log10(ratio) for each, (ratio, _) in found.items()}
    by_rate = {("log10_ratio_at", round(each, 1)): log for each, log in logs.items()}
    by_rate |= {("best_val_loss", round(each, 1)): loss for each, (_, loss) in found.items()}
    kept = {place: value for place, value in by_rate.items() if np.isfinite(value)}
    return {"log10_best_rate": rate, "log10_ratio": logs[rate], **kept}


def first_step(name, seed, rate=0.001):
    """Compares the ratios of a first step with what the optimizer's formula gives."""
    drawn = np.random.default_rng(seed)
    x, y = drawn.normal(size=(BATCH, 20)).astype("float32"), drawn.integers(10, size=BATCH)
    model = build_model((20,), 10, "tanh")
    before, slopes = kernels(model), gradients(model, LOSS, x, y)[::2]
    norms = [np.linalg.norm(each) if name == "sgd" else each.size**0.5 for each in slopes]
    optimizer = {"class_name": name, "config": {"learning_rate": rate}}
    model.compile(keras.optimizers.get(optimizer), LOSS, run_eagerly=True)
    model.train_on_batch(x, y)
    told = [rate * norm / np.linalg.norm(old) for norm, old in zip(norms, before, strict=True)]
    return {"relative_error": furthest(np.divide(ratios(before, kernels(model)), told), 1.0)}


def between(label, low, high):
    """Returns the rule on the ratio at the best rate, given as powers of ten, and it in words."""
    rule = Number(label, "log10_ratio", (low + high) / 2, (high - low) / 2)
    return rule, f"At the best rate ({label}) the ratio is between 1e{low} and 1e{high}."


EXPERIMENT = Measurement(
    factor="training",
    places="log10 of the rate",
    trains=True,
    variants={
        "sgd mnist1d": partial(best, "sgd", "mnist1d"),
        "sgd digits": partial(best, "sgd", "digits"),
        "adam mnist1d": partial(best, "adam", "mnist1d"),
        "adam digits": partial(best, "adam", "digits"),
        "first step of sgd": partial(first_step, "sgd"),
        "first step of adam": partial(first_step, "adam"),
        "slide": lambda _: {"ratio": 0.0002 / 0.02},
    },
    claims=[
        Claim("UPD01 mnist1d", *between("sgd mnist1d", -4, -2)),
        Claim("UPD01 digits", *between("sgd digits", -4, -2)),
        Claim("UPD01 adam mnist1d", *between("adam mnist1d", -4, -2)),
        Claim("UPD01 adam digits", *between("adam digits", -4, -2)),
        Claim("UPD02", equal({"ratio": 0.01}, "slide", 1e-12), "0.0002 over 0.02 is 0.01."),
        Claim("UPD03 mnist1d", *between("sgd mnist1d", -3, -2)),
        Claim("UPD03 digits", *between("sgd digits", -3, -2)),
        Claim(
            "UPD04",
            zero("relative_error", of=("first step of sgd", "first step of adam"), tolerance=0.01),
            "Of a first step it is the rate times the gradient's norm, of Adam times the root of "
            "their number, over the weights' norm.",
        ),
    ],
)
