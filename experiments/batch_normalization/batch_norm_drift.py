"""Does batch normalisation steady the inputs of layers, and does the scale of weights not matter?

A ReLU network with three hidden layers is trained for 20 steps to imitate a random one, with and
without normalisation before the activations. On examples of their own it is watched how mean and
standard deviation of what enters each activation move in a step, in deviations of before; and how
the gradient of the last hidden kernel changes when only the layers below take their step, relative
to its size. That steadier inputs are why normalisation helps is disputed. Claims leave out the
first layer: no layer below it moves what it takes in.

BN(aWx) = BN(Wx) holds but for epsilon, which Keras sets to 0.001: it stops small weights from being
scaled up.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    Santurkar et al. (2018), How Does Batch Normalization Help Optimization?, arXiv:1805.11604.
"""

import keras
import numpy as np
from keras import initializers, layers, ops

from zoo.claims import Claim, Difference, zero
from zoo.experiment import Measurement, crossentropy
from zoo.measure import draw, furthest, gradients

RATE = 0.1
STEPS = 20
HIDDEN = (1, 2, 3)


def network(seed, normalise):
    """Builds the network, and one that shows what enters its activations."""
    inputs = x = keras.Input((40,))
    seen = []
    for layer in HIDDEN:
        start = initializers.HeNormal(seed=10 * seed + layer)
        x = layers.Dense(100, kernel_initializer=start, name=f"hidden{layer}")(x)
        if normalise:
            x = layers.BatchNormalization()(x)
        seen.append(x)
        x = layers.ReLU()(x)
    logits = layers.Dense(10, kernel_initializer=initializers.HeNormal(seed=10 * seed))(x)
    return keras.Model(inputs, logits), keras.Model(inputs, seen)


def training(normalise):
    """Returns a measurement of what a step changes, averaged over steps and units."""

    def measure(seed):
        model, activation_inputs = network(seed, normalise)
        teacher, _ = network(seed + 1000, False)
        loss = crossentropy()
        watched = draw([seed, STEPS], 1000, 40)
        last = [v.path for v in model.trainable_variables].index("hidden3/kernel")

        def statistics():
            return [
                (x.mean(axis=0), x.std(axis=0))
                for x in map(ops.convert_to_numpy, activation_inputs(watched, training=True))
            ]

        drifts, changes, before = [], [], statistics()
        for step in range(STEPS):
            x = draw([seed, step], 128, 40)
            y = np.argmax(ops.convert_to_numpy(teacher(x)), axis=-1)
            found = gradients(model, loss, x, y)
            steps = list(zip(model.trainable_variables, found, strict=True))
            for variable, slope in steps[:last]:
                variable.assign_sub(RATE * slope)
            change = gradients(model, loss, x, y)[last] - found[last]
            changes.append(np.linalg.norm(change) / np.linalg.norm(found[last]))
            for variable, slope in steps[last:]:
                variable.assign_sub(RATE * slope)
            after = statistics()
            drifts.append(
                [
                    (np.mean(abs(m1 - m0) / s0), np.mean(abs(s1 - s0) / s0))
                    for (m0, s0), (m1, s1) in zip(before, after, strict=True)
                ]
            )
            before = after
        by_layer = np.mean(drifts, axis=0)  # (layers, 2)
        return {
            **{("drift_of_mean", k): mean for k, (mean, _) in zip(HIDDEN, by_layer, strict=True)},
            **{("drift_of_deviation", k): d for k, (_, d) in zip(HIDDEN, by_layer, strict=True)},
            "gradient_change": np.mean(changes),
        }

    return measure


def scaled(factor):
    """Returns a measurement of what a factor of the weights changes behind the normalisation."""

    def measure(seed):
        sums = draw(seed, 128, 40) @ draw(seed + 1000, 40, 100) / 40**0.5
        changes = {}
        for name, epsilon in (("change", 1e-12), ("change_with_keras_epsilon", 1e-3)):
            layer = layers.BatchNormalization(epsilon=epsilon)
            changes[name] = furthest(
                layer(factor * sums, training=True), layer(sums, training=True)
            )
        return changes

    return measure


def steadier(metric):
    """Says that a number is lower with normalisation."""
    return Difference("plain", "normalised", metric)


EXPERIMENT = Measurement(
    factor="batch_norm",
    baseline="plain",
    variants={
        "plain": training(False),
        "normalised": training(True),
        **{f"weights times {factor:g}": scaled(factor) for factor in (0.01, 0.1, 10, 100)},
    },
    claims=[
        Claim(
            "BN13 scale of the weights",
            zero("change", tolerance=1e-4),
            "Weights times 0.01 to 100 change nothing behind the normalisation.",
            deviation="epsilon 1e-12; with Keras's 0.001 small weights do",
        ),
        Claim(
            "BN20 steadier inputs",
            tuple(
                steadier(f"drift_of_{moment}@{layer}")
                for moment in ("mean", "deviation")
                for layer in HIDDEN[1:]
            ),
            "In layers 2 and 3 a step moves mean and deviation of the activations' inputs less.",
            deviation="both at the rate 0.1",
        ),
        Claim(
            "BN20 independent layers",
            steadier("gradient_change"),
            "A step of the layers below changes the gradient of the last hidden layer less.",
            deviation="both at the rate 0.1",
        ),
    ],
)
