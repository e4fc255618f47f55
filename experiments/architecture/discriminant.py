"""Can Fisher's discriminant be read as a neuron, and a layer as a transform of the features?

The direction of the discriminant, found as the eigenvector of the scatter between two classes over
that within, is compared with the weights of a neuron, and its output with the probability of a
class by Bayes's rule for normal densities. Then the neuron has to part a noisy exclusive or, as it
is, behind two linear units, and behind two ReLU units that are set by hand.

References:
    Fisher (1936), The use of multiple measurements in taxonomic problems, Annals of Eugenics 7.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.1.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, above, equal, zero
from zoo.experiment import Measurement
from zoo.measure import draw, furthest

EXAMPLES, INPUTS = 200, 5


def scatter(x, y):
    """Returns the two means, their difference and the covariance within the classes."""
    means = [x[y == label].mean(axis=0) for label in (0, 1)]
    within = np.mean([np.cov(x[y == label].T, bias=True) for label in (0, 1)], axis=0)
    return means, means[1] - means[0], within


def unit(x, y):
    """Returns a neuron with a sigmoid whose weights are Fisher's discriminant."""
    means, between, within = scatter(x, y)
    weights = np.linalg.solve(within, between)
    model = keras.Sequential([keras.Input((x.shape[1],)), layers.Dense(1, "sigmoid")])
    model.set_weights([weights[:, None], np.array([-weights @ np.mean(means, axis=0)])])
    return model


def discriminant(seed):
    """Compares a neuron with Bayes's rule for two normal classes, and with the eigenvector."""
    y = np.arange(EXAMPLES) % 2
    x = draw((seed, 0), EXAMPLES, INPUTS) @ draw((seed, 1), INPUTS, INPUTS)
    x = x + y[:, None] * draw((seed, 2), INPUTS)
    means, between, within = scatter(x, y)
    squares = [np.einsum("ni,ij,nj->n", x - m, np.linalg.inv(within), x - m) for m in means]
    bayes = 1 / (1 + np.exp((squares[1] - squares[0]) / 2))
    values, vectors = np.linalg.eig(np.linalg.solve(within, np.outer(between, between)))
    axis = np.real(vectors[:, np.argmax(np.real(values))])
    model = unit(x, y)
    weights = model.get_weights()[0][:, 0]
    cosine = abs(axis @ weights) / np.linalg.norm(weights)  # eigenvectors have length 1
    return {"error_of_probabilities": furthest(model(x)[:, 0], bayes), "cosine": cosine}


def parted(transform):
    """Returns the share of a noisy exclusive or that the discriminant parts behind a transform."""

    def check(seed):
        corners = np.random.default_rng(seed).integers(2, size=(EXAMPLES, 2))
        y = corners.sum(axis=1) % 2
        x = ops.convert_to_numpy(transform(corners + 0.1 * draw(seed, EXAMPLES, 2)))
        return {"accuracy": np.mean((ops.convert_to_numpy(unit(x, y)(x))[:, 0] > 0.5) == y)}

    return check


def two_units(activation):
    """Returns a function of two inputs that is a layer of two units, on about the inputs' sum."""

    def transform(x):
        model = keras.Sequential([keras.Input((2,)), layers.Dense(2, activation)])
        model.set_weights([np.array([[1.0, 1.0], [1.0, 0.9]]), np.array([0.0, -1.0])])
        return model(x)

    return transform


RELU = "two relu units"
OTHERS = ("as it is", "two linear units")

EXPERIMENT = Measurement(
    factor="transform",
    variants={
        "discriminant": discriminant,
        OTHERS[0]: parted(ops.convert_to_tensor),
        OTHERS[1]: parted(two_units(None)),
        RELU: parted(two_units("relu")),
    },
    claims=[
        Claim(
            "DEP10",
            (
                *zero("error_of_probabilities", tolerance=1e-4),
                *equal({"cosine": 1}),
                *above(RELU, OTHERS, "accuracy", margin=0.1),
            ),
            "A sigmoid neuron has the direction of Fisher's discriminant and Bayes's "
            "probabilities; behind two ReLU units it parts what it cannot part as it is.",
            deviation="two classes; the units are set by hand",
        ),
    ],
)
