"""Do deep networks need unsupervised pre-training, as was once thought?

Networks of four hidden layers learn from 100 labels or from 3,000, by as many steps. They are those
of once, sigmoids with uniform weights of the size 1 / sqrt(fan_in), or those of today, ReLUs with
He's weights. They start from random weights, or each layer from the encoder of an autoencoder of
what the layer below gives for all training images, without labels. The best validated rate counts.
A sixth autoencoder of sigmoids would explain nothing in this time; four explain 67 to 98 %.

References:
    Hinton and Salakhutdinov (2006), Reducing the Dimensionality of Data with Neural Networks,
    Science 313.
    Erhan et al. (2010), Why Does Unsupervised Pre-training Help Deep Learning?, JMLR 11.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, Equivalence
from zoo.experiment import Measurement, Recipe
from zoo.many import fit_many
from zoo.trials import load_for, restart

DEPTH, UNITS, BATCH, EPOCHS, FEW, MANY = 4, 100, 50, 15, 100, 3000
PRETRAINING = 2  # times the epochs, without labels
ONCE, TODAY = "once", "today"
RATES = {ONCE: (0.1, 0.3, 1.0), TODAY: (0.003, 0.01, 0.03)}
START = {
    ONCE: ("sigmoid", keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")),
    TODAY: ("relu", keras.initializers.HeNormal()),
}


def build_model(input_shape, num_classes, era=TODAY):
    """Builds a deep network of sigmoids or of ReLUs."""
    activation, start = START[era]
    own = {"activation": activation, "kernel_initializer": start}
    hidden = [layers.Dense(UNITS, **own) for _ in range(DEPTH)]
    last = layers.Dense(num_classes, kernel_initializer=start)
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *hidden, last])


RECIPE = Recipe(
    build_model=build_model,
    optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    learning_rates=RATES[TODAY],
    epochs=EPOCHS,
    batch_size=BATCH,
    data="mnist5k",
)


@functools.cache
def autoencoders(input_shape, era):
    """Builds an autoencoder for each hidden layer, and returns them with the layers they share.

    The outputs are the errors of all; none passes a gradient to the layers below its own.
    """
    network = build_model(input_shape, 1, era)
    x = keras.Input(input_shape)
    below, errors = network.layers[0](x), []
    for layer in network.layers[1:-1]:
        given = ops.stop_gradient(below)
        below = layer(given)
        errors.append(layers.Dense(given.shape[-1])(below) - given)
    model = keras.Model(x, ops.concatenate(errors, axis=-1))
    model.compile(keras.optimizers.Adam(0.003), "mean_squared_error", jit_compile=False)
    return model, network.layers[1:-1]


@functools.cache
def encoders(era, seed, data, epochs):
    """Returns the weights of the hidden layers that autoencoders learn without labels."""
    x = load_for(RECIPE, seed, data).x_train
    model, hidden = autoencoders(x.shape[1:], era)
    restart(model, (seed, era))
    nothing = np.zeros((len(x), *model.output_shape[1:]))
    model.fit(x, nothing, BATCH, PRETRAINING * epochs, verbose=0)
    return [layer.get_weights() for layer in hidden]


@functools.cache
def accuracy(variant, seed, data, epochs):
    """Returns the test accuracy at the learning rate that validates best."""
    era, examples, pretrained = variant
    given = load_for(RECIPE, seed, data)
    chosen = np.random.default_rng(seed).permutation(len(given.x_train))[:examples]
    labelled = np.resize(chosen, MANY)  # few of them come again in each epoch

    def build():
        model = build_model(given.input_shape, given.num_classes, era)
        if pretrained:
            learned = zip(model.layers[1:-1], encoders(era, seed, data, epochs), strict=True)
            for layer, weights in learned:
                layer.set_weights(weights)
        return model

    parts = [(given.x_train[labelled], given.y_train[labelled])]
    parts += [(given.x_validation, given.y_validation), (given.x_test, given.y_test)]
    own = {"seeds": seed, "learning_rates": RATES[era], "epochs": epochs, "batch_size": BATCH}
    return fit_many(build, RECIPE.optimizer, parts, **own).best().final["test_accuracy"]


def measure(variant, seed, data="mnist5k", epochs=EPOCHS):
    """Measures the test accuracy of a network, and what it gains over random weights."""
    here, scratch = (
        accuracy(each, seed, data, epochs) for each in (variant, (*variant[:2], False))
    )
    return {"test_accuracy": here, "gain": here - scratch}


RANDOM, ENCODERS = "random", "autoencoders"
STARTS, of = {RANDOM: False, ENCODERS: True}, "{} - {} - {}".format


EXPERIMENT = Measurement(
    factor="start",
    trains=True,
    variants={
        of(era, examples, start): (era, examples, pretrained)
        for era in START
        for examples in (FEW, MANY)
        for start, pretrained in STARTS.items()
    },
    measure=measure,
    claims=[
        Claim(
            "TLR06 once",
            Difference(of(ONCE, MANY, ENCODERS), of(ONCE, MANY, RANDOM), margin=0.05),
            "On 3,000 labels deep sigmoids gain over 5 points from autoencoders.",
        ),
        Claim(
            "TLR06 today",
            Equivalence(of(TODAY, MANY, RANDOM), of(TODAY, MANY, ENCODERS), margin=0.02),
            "On 3,000 labels ReLUs are as accurate to 2 points from He's weights as pre-trained.",
        ),
        Claim(
            "TLR06 few labels",
            Difference(of(TODAY, FEW, ENCODERS), of(TODAY, MANY, ENCODERS), "gain"),
            "A deep network of ReLUs gains more from autoencoders on 100 labels than on 3,000.",
        ),
        Claim(
            "TLR06 without",
            Difference(of(TODAY, MANY, RANDOM), of(ONCE, MANY, ENCODERS)),
            "On 3,000 labels ReLUs from He's weights do better than sigmoids from autoencoders.",
        ),
    ],
)
