"""What does each way of clipping do to a gradient, and can it help one that vanishes?

Keras's optimizers are given large and small random gradients of two layers, and take one step with
the rate 1, so that what they apply can be read off. One lecture names clipping among the remedies
of vanishing gradients; a gradient below the threshold should then come out changed.

References:
    Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063.
"""

import keras
from keras import ops
from keras.optimizers import SGD

from zoo.claims import Claim, Difference, equal, zero
from zoo.experiment import Measurement
from zoo.measure import furthest

THRESHOLD = 1.0
SHAPES = ((20, 30), (30, 10))


def flat(arrays):
    """Joins arrays to one vector."""
    return ops.concatenate([ops.reshape(array, (-1,)) for array in arrays])


def norm(vector):
    """Returns the Euclidean norm."""
    return ops.sqrt(ops.sum(vector * vector))


def applied(limits, gradients):
    """Returns what an optimizer subtracts from weights of 0."""
    weights = [keras.Variable(ops.zeros(shape)) for shape in SHAPES]
    SGD(1.0, **limits).apply(gradients, weights)
    return [-ops.convert_to_tensor(weight) for weight in weights]


def measure(limits, seed):
    """Measures the step for gradients far above the threshold, and for vanishing ones."""
    draws = [keras.random.normal(shape, seed=seed + i) for i, shape in enumerate(SHAPES)]
    large = [10 * draw for draw in draws]
    small = [1e-4 * draw for draw in draws]
    step = applied(limits, large)
    raw, out = flat(large), flat(step)
    by_hand = [ops.clip(gradient, -THRESHOLD, THRESHOLD) for gradient in large]
    return {
        "largest_element": ops.max(ops.abs(out)),
        "global_norm": norm(out),
        "cosine_to_gradient": ops.sum(raw * out) / (norm(raw) * norm(out)),
        "difference_from_clipping_elements": furthest(out, flat(by_hand)),
        "change_of_vanishing": furthest(flat(applied(limits, small)), flat(small)),
    }


EXPERIMENT = Measurement(
    factor="clipping",
    baseline="none",
    variants={
        "none": {},
        "value": {"clipvalue": THRESHOLD},
        "norm": {"clipnorm": THRESHOLD},
        "global norm": {"global_clipnorm": THRESHOLD},
    },
    measure=measure,
    claims=[
        Claim(
            "CLP01",
            (
                *equal({"largest_element": THRESHOLD}, of="value"),
                *equal({"global_norm": THRESHOLD}, of="global norm"),
            ),
        ),
        Claim("CLP02", zero("difference_from_clipping_elements", of="value", tolerance=1e-6)),
        Claim(
            "CLP04",
            Difference("value", "none", "change_of_vanishing", margin=1e-6),
            "Clipping values at 1 changes gradients that vanish.",
        ),
    ],
)
