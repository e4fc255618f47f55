"""How much better is the mean of several networks than one?

Ten networks that differ in their initial weights learn the same examples in the same order, in one
model, but share no weights. Their probabilities are averaged over groups of 1, 2, 5 and 10.

References:
    Hansen and Salamon (1990), Neural Network Ensembles, IEEE Trans. PAMI 12.
    Lakshminarayanan et al. (2017), Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles, arXiv:1612.01474.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Trend
from zoo.experiment import Measurement, Recipe, crossentropy
from zoo.trials import load_for, restart

MEMBERS, UNITS, RATE = 10, 100, 0.003


@functools.cache
def build_model(input_shape, num_classes):
    """Builds ten networks with two hidden layers side by side, (batch, members, classes)."""
    stack = [keras.Input(input_shape), layers.Flatten(), layers.RepeatVector(MEMBERS)]
    for units, activation in ((UNITS, "relu"), (UNITS, "relu"), (num_classes, None)):
        stack.append(layers.EinsumDense("bmi,mio->bmo", (MEMBERS, units), activation, "mo"))
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.Adam(RATE), crossentropy())
    return model


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.Adam,
    learning_rates=(RATE,),
    epochs=30,
    batch_size=50,
    train_examples=1000,
)


@functools.cache
def probabilities(seed):
    """Returns probabilities of shape (members, test examples, classes), and the labels."""
    data = load_for(RECIPE, draw=seed)
    model = build_model(data.input_shape, data.num_classes)
    restart(model, seed)
    drawn = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.trainable_weights:  # kernels are (members, inputs, outputs), as He each
            shape = layer.kernel.shape
            layer.kernel.assign(drawn.normal(0, (2 / shape[1]) ** 0.5, shape))
    y = np.repeat(data.y_train[:, None], MEMBERS, axis=1)
    model.fit(data.x_train, y, RECIPE.batch_size, RECIPE.epochs, verbose=0)
    found = ops.convert_to_numpy(ops.softmax(model(data.x_test)))
    return found.swapaxes(0, 1), data.y_test


def measure(size, seed):
    """Measures means over groups of `size` networks, and averages what is found over the groups."""
    found, y = probabilities(seed)
    means = found.reshape(-1, size, *found.shape[1:]).mean(axis=1)
    likelihood = means[:, np.arange(len(y)), y].astype(float)
    return {
        "test_accuracy": np.mean(means.argmax(axis=-1) == y),
        "test_loss": -np.log(likelihood + 1e-7).mean(),
    }


SIZES = {size: f"{size} member" + "s" * (size > 1) for size in (1, 2, 5, 10)}
GROUPS = tuple(SIZES.values())

EXPERIMENT = Measurement(
    factor="members",
    trains=True,
    variants={label: size for size, label in SIZES.items()},
    measure=measure,
    claims=[
        Claim(
            "ENS01",
            (Trend(GROUPS), Trend(GROUPS, "test_loss", rises=False)),
            "The more of ten networks are averaged, the higher is the test accuracy, and the lower "
            "the test loss.",
        ),
    ],
)
