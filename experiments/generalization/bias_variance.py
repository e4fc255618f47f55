"""Do training and validation error tell what a network lacks, and does the right remedy help?

Bias is called high if the training error is over 5 points above the best possible one, variance if
the validation error is over 5 points above that of training. The printed pairs of errors are judged
so with every threshold from 2 to 9 points, and networks on digits are made to have them: two hidden
units have a high bias, 50 examples a high variance. Then each gets the remedies. Numbers are means
over eight networks on the test part; a penalty has the strength that validates best.

References:
    Ng (2018), Machine Learning Yearning, chapters 20 to 26.
"""

import keras
import numpy as np
from keras import layers, regularizers

from zoo.claims import Claim, above, equal
from zoo.experiment import Measurement, Recipe
from zoo.trials import train

NETWORKS, THRESHOLD = 8, 0.05
BATCH, MOMENTUM, TEST = 25, 0.9, "test_accuracy"


def build_model(input_shape, num_classes, units, penalty=0.0):
    """Builds a tanh network with one hidden layer and an L2 penalty on each kernel."""
    own = {"kernel_regularizer": regularizers.L2(penalty)}
    hidden, last = layers.Dense(units, "tanh", **own), layers.Dense(num_classes, **own)
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), hidden, last])


def diagnosis(training, validation, best=0.0, threshold=THRESHOLD):
    """Returns whether bias and variance are high, of errors from 0 to 1."""
    return {
        "high_bias": float(training - best > threshold),
        "high_variance": float(validation - training > threshold),
    }


def printed(training, validation, best=0):
    """Returns a diagnosis of two errors in percent, averaged over thresholds."""

    def check(_):
        found = [diagnosis(training, validation, best, points) for points in range(2, 10)]
        return {name: np.mean([each[name] for each in found]) for name in found[0]}

    return check


def network(units=64, examples=1000, epochs=20, rate=0.03, penalties=(0.0,)):
    """Returns a measurement of networks of a size; of several penalties the best counts."""
    recipe = Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=MOMENTUM),
        learning_rates=(rate,),
        epochs=epochs,
        batch_size=BATCH,
        data="digits",
        train_examples=examples,
    )

    def check(seed):
        found = []
        for penalty in penalties:
            point = {"learning_rate": rate, "units": units, "penalty": penalty}
            runs = train(recipe, [point] * NETWORKS, (seed, penalty), draw=seed)
            final = {name: np.mean([run.final[name] for run in runs]) for name in runs[0].final}
            training = 1 - np.mean([run.history["accuracy"][-1] for run in runs])
            loss, test = np.mean([run.history["loss"][-1] for run in runs]), 1 - final[TEST]
            own = {"training_error": training, "training_loss": loss, "test_error": test}
            own |= {"variance": test - training}
            found.append((final["val_accuracy"], own | diagnosis(training, test)))
        return max(found, key=lambda pair: pair[0])[1]

    return check


FEW = {"examples": 50, "epochs": 200}
BIAS, VARIANCE, BOTH, NEITHER = "2 units", "50 examples", "2 units and 50 examples", "64 units"
OF_BIAS = {
    BIAS: network(units=2),
    NEITHER: network(),
    "2 units - longer": network(units=2, epochs=200),
    "2 units - higher rate": network(units=2, rate=0.1),
}
OF_VARIANCE = {
    VARIANCE: network(**FEW),
    "50 examples - more data": network(examples=400, epochs=25),
    "50 examples - penalty": network(**FEW, penalties=(1e-4, 1e-3, 1e-2)),
    "50 examples - simpler": network(**FEW, units=8),
}
_, BIGGER, LONGER, HIGHER = OF_BIAS
_, DATA, PENALTY, SIMPLER = OF_VARIANCE


def found(bias, variance, label):
    """Says whether bias and variance of a case are high, 1, or low, 0."""
    return equal({"high_bias": bias, "high_variance": variance}, label, tolerance=0.0)


EXPERIMENT = Measurement(
    factor="case",
    trains=True,
    variants={
        "1 and 11 %": printed(1, 11),
        "15 and 16 %": printed(15, 16),
        "13 and 30 %": printed(13, 30),
        "0.5 and 1 %": printed(0.5, 1),
        "15 and 16 % - best 15 %": printed(15, 16, 15),
        BOTH: network(**FEW, units=2),
        **OF_BIAS,
        **OF_VARIANCE,
    },
    claims=[
        Claim("BV01", found(0, 1, "1 and 11 %")),
        Claim("BV02", found(1, 0, "15 and 16 %")),
        Claim("BV03", found(1, 1, "13 and 30 %")),
        Claim("BV04", found(0, 0, "0.5 and 1 %")),
        Claim("BV05", found(0, 0, "15 and 16 % - best 15 %")),
        Claim("BV01 made", found(0, 1, VARIANCE)),
        Claim("BV02 made", found(1, 0, BIAS)),
        Claim("BV03 made", found(1, 1, BOTH)),
        Claim("BV04 made", found(0, 0, NEITHER)),
        Claim(
            "BV07",
            above(BIAS, (BIGGER, LONGER), "training_error")
            + above(VARIANCE, (DATA, PENALTY), "variance"),
            "Of 2 units the training error falls with 64 units and with longer training, of 50 "
            "examples the variance falls with 400 and with an L2 penalty.",
        ),
        Claim(
            "BV08",
            above(BIAS, (BIGGER, LONGER, HIGHER), "training_loss"),
            "Of 2 units the training loss falls with 64 units, with longer training, and at a "
            "higher learning rate.",
        ),
        Claim(
            "BV10",
            above(VARIANCE, (DATA, PENALTY, SIMPLER), "test_error"),
            "On 50 examples the test error falls with more examples, with an L2 penalty, and "
            "with 8 units instead of 64.",
        ),
        Claim(
            "AUG01 best",
            above((PENALTY, SIMPLER), DATA, "test_error"),
            "On 50 examples 400 lower the test error further than an L2 penalty or fewer units.",
        ),
    ],
)
