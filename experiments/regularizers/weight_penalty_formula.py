"""Do Keras's penalties and constraints equal the lectures' formulas, and are the formulas right?

Values and gradients of one random kernel are compared with the formulas as the slides have them.
Among those are slips: a half that does not cancel in L1's derivative, a lambda that stands twice,
and the slack terms of support vector machines given as weight penalties.

References:
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.1.
"""

import keras
from keras import layers, ops, regularizers

from zoo.claims import Claim, Identity, zero
from zoo.experiment import Measurement
from zoo.measure import draw_with_keras, furthest, gradients

STRENGTH, RATE = 0.01, 0.1


def penalised(seed, penalty, hidden=False, outputs=4):
    """Builds a linear model with a random kernel of shape (6, 4), and data for it."""
    keras.utils.set_random_seed(seed)
    first = [layers.Dense(6, kernel_initializer="he_normal", name="hidden")] if hidden else []
    last = layers.Dense(outputs, use_bias=False, kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((6,)), *first, last])
    return model, draw_with_keras(seed + 1, 8, 6), draw_with_keras(seed + 2, 8, outputs)


def total_loss(seed):
    """Compares the loss that Keras reports with the mean loss plus the penalty."""
    model, x, y = penalised(seed, regularizers.L2(STRENGTH))
    model.compile("sgd", "mse", run_eagerly=True)
    by_hand = ops.mean(ops.square(model(x) - y)) + STRENGTH * ops.sum(ops.square(model.weights[0]))
    return {"error": furthest(model.evaluate(x, y, verbose=0), by_hand)}


def penalty(kind, value, slope):
    """Returns a check of a penalty's value and gradient; with inputs of 0 nothing else is left."""

    def check(seed):
        model, x, y = penalised(seed, kind)
        kernel = ops.convert_to_numpy(model.weights[0])
        (gradient,) = gradients(model, "mse", 0 * x, 0 * y)
        return {
            "value_error": furthest(sum(model.losses), value(kernel)),
            "gradient_error": furthest(gradient, slope(kernel)),
        }

    return check


def step(seed):
    """Compares a step of gradient descent on 0.5 C w^2 with multiplying by 1 - rate C."""
    model, x, y = penalised(seed, regularizers.L2(STRENGTH / 2))
    kernel = ops.convert_to_numpy(model.weights[0])
    model.compile(keras.optimizers.SGD(RATE), "mse", run_eagerly=True)
    model.train_on_batch(0 * x, 0 * y)
    return {"error": furthest(model.weights[0], (1 - RATE * STRENGTH) * kernel)}


def other_layers(seed):
    """Compares the gradients of a layer without penalty, with and without one on the next layer."""
    found = []
    for kind in (None, regularizers.L2(STRENGTH)):
        model, x, y = penalised(seed, kind, hidden=True)
        found.append(gradients(model, "mse", x, y))
    return {"error": furthest(found[0][0], found[1][0])}


def kinds_of_regularisation(seed):
    """Counts the terms that each kind of regularisation adds to the loss."""
    explicit = layers.Dense(4, kernel_regularizer=regularizers.L1(STRENGTH))
    implicit = keras.Sequential([layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)])
    explicit(draw_with_keras(seed, 8, 6))
    implicit(draw_with_keras(seed, 8, 6), training=True)
    return {"explicit_terms": len(explicit.losses), "implicit_terms": len(implicit.losses)}


def posterior(seed, examples=50):
    """Evaluates the gradient of Keras's penalised loss where the posterior has its mode.

    Targets and weights are jointly normal, so the mode is the mean of the weights given the
    targets; no loss is written down for it. The penalty that should have its minimum there is the
    noise's variance over the prior's, for each example.
    """
    noise, prior = 0.5, 2.0  # variances of the noise and of the weights' normal prior
    model, _, _ = penalised(seed, regularizers.L2(noise / prior / examples), outputs=1)
    x, y = draw_with_keras(seed, examples, 6), draw_with_keras(seed + 1, examples, 1)
    of_targets = prior * ops.matmul(x, ops.transpose(x)) + noise * ops.eye(examples)
    mode = prior * ops.matmul(ops.transpose(x), ops.solve(of_targets, y))
    model.weights[0].assign(mode)
    (slope,) = gradients(model, "mse", x, y)
    return {"error": furthest(slope, ops.zeros((6, 1)))}


def slack(seed):
    """Compares w'w + C sum e and w'w + C sum e^2 of slacks e with the norms of the weights."""
    weights, slacks = draw_with_keras(seed, 20), ops.abs(draw_with_keras(seed + 1, 20))
    square = ops.sum(weights * weights)
    first = square + STRENGTH * ops.sum(slacks) - STRENGTH * ops.sum(ops.abs(weights))
    second = square + STRENGTH * ops.sum(slacks * slacks) - STRENGTH * square
    return {"l1_error": first, "l2_error": second}


L1, L2 = regularizers.L1, regularizers.L2
HALF = STRENGTH / 2

EXPERIMENT = Measurement(
    factor="formula",
    variants={
        "total loss": total_loss,
        "l1": penalty(
            L1(STRENGTH), lambda w: STRENGTH * abs(w).sum(), lambda w: STRENGTH * ops.sign(w)
        ),
        "l2": penalty(L2(STRENGTH), lambda w: STRENGTH * (w**2).sum(), lambda w: 2 * STRENGTH * w),
        "half of l2": penalty(L2(HALF), lambda w: HALF * (w**2).sum(), lambda w: STRENGTH * w),
        "half of l1": penalty(
            L1(HALF), lambda w: HALF * abs(w).sum(), lambda w: STRENGTH * ops.sign(w)
        ),
        "l1 with lambda twice": penalty(
            L1(STRENGTH), lambda w: STRENGTH**2 * abs(w).sum(), ops.sign
        ),
        "step": step,
        "other layers": other_layers,
        "kinds": kinds_of_regularisation,
        "posterior": posterior,
        "slack": slack,
    },
    claims=[
        Claim("REG01", zero("error", of="total loss")),
        Claim("REG02", zero("value_error", of="l1")),
        Claim("REG03", zero("value_error", of="l2")),
        Claim("REG04", zero("gradient_error", of="half of l2") + zero("error", of="step")),
        Claim("REG05", zero("gradient_error", of="half of l1")),
        Claim("REG11", zero("error", of="posterior", tolerance=1e-4)),  # a system of 50 equations
        Claim("REG12", zero("value_error", "gradient_error", of="l1")),
        Claim("REG13", zero("error", of="other layers")),
        Claim("REG14", (Identity("explicit_terms", 1.0), Identity("implicit_terms", 0.0))),
        Claim("REG15", zero("l1_error", "l2_error", of="slack")),
        Claim("REG16", zero("value_error", of="l1 with lambda twice")),
    ],
)
