"""When does a network that was trained on other classes help, and which of its layers to train?

A convolutional network learns the digits 0 to 4. Networks for 5 to 9 start with its weights, on few
to many examples, and train a new last layer alone, both dense layers, or all; one starts from
random weights. Those on as many examples train side by side, by as many steps.

References:
    Yosinski et al. (2014), How transferable are features in deep neural networks?, NeurIPS.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, equal
from zoo.experiment import Measurement, Recipe, crossentropy
from zoo.measure import furthest
from zoo.trials import load_for

CLASSES, CHANNELS, UNITS, STEPS, BATCH, RATE = 5, 16, 64, 300, 25, 0.002
FEW, SOME, MANY, of = 25, 100, 400, "{} - {}".format  # the name of a variant
SCRATCH, LAST, DENSE, ALL = "scratch", "last layer", "dense layers", "all layers"
TRAINED = {SCRATCH: 5, LAST: 1, DENSE: 2, ALL: 5}  # of the last layers, convolutions included


def build_model(input_shape, num_classes):
    """Builds a network of three convolutions and two dense layers."""
    own = {"activation": "relu", "kernel_initializer": "he_normal"}
    convolutions = [layers.Conv2D(CHANNELS, 3, stride, "same", **own) for stride in (2, 2, 2)]
    dense = [layers.Flatten(), layers.Dense(UNITS, **own), layers.Dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), *convolutions, *dense])


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.Adam,
    learning_rates=(RATE,),
    epochs=1,
    batch_size=BATCH,
    data="mnist5k",
)


def fit(model, x, y, seed):
    """Trains a model by STEPS steps on batches that are drawn anew for each."""
    drawn = np.random.default_rng(seed).integers(len(x), size=STEPS * BATCH)
    model.compile(RECIPE.optimizer(RATE), crossentropy(), jit_compile=False)
    model.fit(x[drawn], y[drawn], BATCH, shuffle=False, verbose=0)


@functools.cache
def pretrained(seed, name):
    """Returns a network for the digits 0 to 4, and the parts of the data with the others."""
    keras.utils.set_random_seed(seed)
    data = load_for(RECIPE, seed, name)
    model, known = build_model(data.input_shape, CLASSES), data.y_train < CLASSES
    fit(model, data.x_train[known], data.y_train[known], seed)
    parts = ((data.x_train, data.y_train), (data.x_test, data.y_test))
    return model, [(x[y >= CLASSES], y[y >= CLASSES] - CLASSES) for x, y in parts]


@functools.cache
def transferred(seed, examples, name):
    """Returns test accuracies and changes of layers that are not trained, by what is trained."""
    source, ((x, y), (x_test, y_test)) = pretrained(seed, name)
    keras.utils.set_random_seed(1000 + seed)
    weighted = [n for n, layer in enumerate(source.layers) if layer.weights]
    networks = {label: build_model(x.shape[1:], CLASSES) for label in TRAINED}
    frozen = {label: weighted[: len(weighted) - number] for label, number in TRAINED.items()}
    for label, network in networks.items():
        for n in weighted[:-1] if label != SCRATCH else []:
            network.layers[n].set_weights(source.layers[n].get_weights())
        for n in frozen[label]:
            network.layers[n].trainable = False
    inputs = keras.Input(x.shape[1:])
    outputs = ops.stack([network(inputs) for network in networks.values()], axis=1)
    own = np.random.default_rng(seed).permutation(len(x))[:examples]
    labels = np.repeat(y[own, None], len(networks), axis=1)
    fit(keras.Model(inputs, outputs), x[own], labels, (seed, examples))
    found = {}
    for label, network in networks.items():
        told = ops.convert_to_numpy(network(x_test)).argmax(axis=1)
        pairs = [(network.layers[n].kernel, source.layers[n].kernel) for n in frozen[label]]
        moved = max([furthest(*pair) for pair in pairs], default=0.0)
        found[label] = {"test_accuracy": np.mean(told == y_test), "change_of_frozen": moved}
    return found


def measure(variant, seed, data="mnist5k"):
    """Measures the test accuracy of a network, and what it gains over one from scratch."""
    label, examples = variant
    found = transferred(seed, examples, data)
    here, scratch = (found[name]["test_accuracy"] for name in (label, SCRATCH))
    return {**found[label], "gain": here - scratch}


EXPERIMENT = Measurement(
    factor="layers trained",
    trains=True,
    variants={of(n, label): (label, n) for n in (FEW, SOME, MANY) for label in TRAINED},
    measure=measure,
    claims=[
        Claim(
            "INI29",
            Difference(of(SOME, ALL), of(SOME, SCRATCH)),
            "On 100 examples all layers that start from other classes do better than from scratch.",
        ),
        Claim(
            "TLR01",
            (
                Difference(of(FEW, ALL), of(FEW, SCRATCH)),
                Difference(of(FEW, ALL), of(MANY, ALL), "gain"),
            ),
            "On 25 examples all layers do better than from scratch, and gain more than on 400.",
        ),
        Claim(
            "TLR02",
            (
                *equal({"change_of_frozen": 0}, of(FEW, LAST), tolerance=0.0),
                Difference(of(FEW, LAST), of(FEW, SCRATCH)),
            ),
            "On 25 examples a new last layer on fixed weights is more accurate than from scratch.",
        ),
        Claim(
            "TLR02 rather than all",
            Difference(of(FEW, LAST), of(FEW, ALL)),
            "On 25 examples a new last layer alone is more accurate than all layers fine-tuned.",
        ),
        Claim(
            "TLR03",
            Difference(of(MANY, ALL), of(MANY, LAST)),
            "On 400 examples all layers fine-tuned are more accurate than a new last layer alone.",
        ),
        Claim(
            "TLR04",
            (
                Difference(of(SOME, DENSE), of(SOME, SCRATCH)),
                Difference(of(SOME, DENSE), of(SOME, LAST)),
            ),
            "On 100 examples both dense layers do better than from scratch, and than the last.",
        ),
        Claim(
            "TLR05",
            Difference(of(FEW, DENSE), of(FEW, SCRATCH)),
            "On 25 examples new dense layers are more accurate than a whole new network.",
        ),
    ],
)
