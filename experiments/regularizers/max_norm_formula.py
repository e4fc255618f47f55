"""Does max-norm, as the lecture writes and codes it, bound the weights of each unit and no more?

The slide multiplies every unit's incoming weights by r / norm, which would also stretch those that
are short enough; its code clips along axis 1, which are the weights that leave an input. Keras's
constraint stands beside both, on kernels with norms below and above the radius.

References:
    Srivastava et al. (2014), Dropout, JMLR 15, section 5.1.
"""

import keras
from keras import constraints, ops

from zoo.claims import Claim, zero
from zoo.experiment import Measurement
from zoo.measure import furthest

RADIUS = 1.0


def norms(kernel):
    """Returns the norms of the weights that come into each unit: the columns of the kernel."""
    return ops.sqrt(ops.sum(ops.square(kernel), axis=0))


def measure(constraint, seed):
    """Measures how far norms exceed the radius, and how far short units are changed."""
    scales = ops.linspace(0.02, 0.4, 6)
    kernel = keras.random.normal((40, 6), seed=seed) * scales  # (inputs, units)
    constrained = constraint(kernel)
    short = ops.cast(norms(kernel) <= RADIUS, "float32")
    return {
        "excess": ops.max(ops.maximum(norms(constrained) - RADIUS, 0.0)),
        "change_of_short_units": furthest(constrained * short, kernel * short),
    }


EXPERIMENT = Measurement(
    factor="max_norm",
    variants={
        "Keras": constraints.MaxNorm(RADIUS, axis=0),
        "as written": lambda kernel: kernel * RADIUS / norms(kernel),
        "as coded (axis 1)": constraints.MaxNorm(RADIUS, axis=1),
    },
    measure=measure,
    claims=[
        Claim("REG17", zero("excess", "change_of_short_units", of="as written")),
        Claim("REG18", zero("excess", of="as coded (axis 1)")),
    ],
)
