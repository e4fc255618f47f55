"""What helps a network that fails: more data, layers or time, other batches, a new approach?

Three networks fail in ways of their own: one has few examples, one has no hidden layer, one is
trained for few steps. Each gets single changes. A GPU is no change of its own here: what it brings
is more steps in the same time. Of two learning rates the one that validates best counts.

References:
    Ng (2018), Machine Learning Yearning, chapters 20 to 26.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference
from zoo.experiment import Measurement, Recipe
from zoo.trials import train

RATES, UNITS, MARGIN = (0.001, 0.005), 100, 0.02
FEW, MANY = 300, 3000


def build_model(input_shape, num_classes, depth=2, dropout=0.0, convolutions=False):
    """Builds a ReLU network of dense layers, or of strided convolutions."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    own = {"activation": "relu", "kernel_initializer": "he_normal"}
    if convolutions:
        stack += [layers.Reshape((-1, 1))]
        stack += [layers.Conv1D(25, 5, strides=2, padding="same", **own) for _ in range(3)]
        stack += [layers.Flatten()]
    for _ in range(0 if convolutions else depth):
        stack += [layers.Dense(UNITS, **own), layers.Dropout(dropout)]
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def network(examples=MANY, epochs=6, batch=50, **keywords):
    """Returns a measurement of a network's test and training accuracy."""

    def check(seed):
        recipe = Recipe(
            build_model=build_model,
            optimizer=keras.optimizers.Adam,
            learning_rates=RATES,
            epochs=epochs,
            batch_size=batch,
            train_examples=examples,
        )
        points = [{"learning_rate": rate, **keywords} for rate in RATES]
        runs = train(recipe, points, (seed, examples, epochs, batch, *keywords.items()), draw=seed)
        best = max(runs, key=lambda run: run.final["val_accuracy"])
        return {
            "test_accuracy": best.final["test_accuracy"],
            "train_accuracy": best.history["accuracy"][-1],
        }

    return check


of = "{} - {}".format  # the name of a variant
DATA, SHALLOW, SHORT = "few examples", "no hidden layer", "few steps"
NOTHING, MORE, DEEPER, LONGER = "nothing", "more examples", "deeper", "longer"
BATCHES, DROPOUT, CONVOLUTION = "smaller batches", "dropout", "convolution"
few = {"examples": FEW, "epochs": 60}
shallow = {"epochs": 20, "depth": 0}
short = {"epochs": 5, "batch": 250}


def helps(base, change):
    """Says that a change brings a network that fails over 2 points of test accuracy."""
    return Difference(of(base, change), of(base, NOTHING), margin=MARGIN)


EXPERIMENT = Measurement(
    factor="what is changed",
    trains=True,
    variants={
        of(DATA, NOTHING): network(**few),
        of(DATA, MORE): network(MANY, 6),  # for as many steps
        of(DATA, DEEPER): network(**few, depth=4),
        of(DATA, LONGER): network(FEW, 240),
        of(DATA, DROPOUT): network(**few, dropout=0.5),
        of(DATA, CONVOLUTION): network(**few, convolutions=True),
        of(SHALLOW, NOTHING): network(**shallow),
        of(SHALLOW, DEEPER): network(epochs=20, depth=2),
        of(SHALLOW, LONGER): network(epochs=60, depth=0),
        of(SHORT, NOTHING): network(**short),
        of(SHORT, DEEPER): network(**short, depth=4),
        of(SHORT, LONGER): network(epochs=50, batch=250),
        of(SHORT, BATCHES): network(epochs=5, batch=25),
        of(SHORT, DROPOUT): network(**short, dropout=0.5),
    },
    claims=[
        Claim(
            "HPO17 data",
            helps(DATA, MORE),
            "Ten times the examples help a network with few of them by over 2 points.",
        ),
        Claim(
            "HPO17 regularisation",
            helps(DATA, DROPOUT),
            "Dropout helps a network with few examples by over 2 points of test accuracy.",
        ),
        Claim(
            "HPO17 approach",
            helps(DATA, CONVOLUTION),
            "Convolutions help a network with few examples by over 2 points of test accuracy.",
        ),
        Claim(
            "HPO17 layers",
            helps(SHALLOW, DEEPER),
            "Two hidden layers help a network without any by over 2 points of test accuracy.",
        ),
        Claim(
            "HPO17 time",
            helps(SHORT, LONGER),
            "Ten times the epochs help a network that has had few steps by over 2 points.",
        ),
        Claim(
            "HPO17 batch size",
            helps(SHORT, BATCHES),
            "A tenth of the batch size helps a network that has had few steps by over 2 points.",
        ),
    ],
)
