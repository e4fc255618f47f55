"""Do the outputs of convolutions move along with the input, and stay as they are behind pooling?

Networks of two convolutions with random weights see windows of a longer signal: shifted by one, a
window loses a value at one end and gains one at the other. Distances between outputs are in units
of those between outputs for different signals: 1 is as far as another input. Outputs that move
along with the input are equivariant; those that stay as they are are invariant. If the stride of
the whole network does not divide a shift, the nearer of the two moves around it counts.

References:
    Azulay and Weiss (2019), Why do deep convolutional networks generalize so poorly to small image
    transformations?, arXiv:1805.12177.
    Zhang (2019), Making Convolutional Networks Shift-Invariant Again, arXiv:1904.11486.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, above, zero
from zoo.experiment import Measurement
from zoo.measure import draw, rms

SIGNAL, CHANNELS, EXAMPLES = 128, 16, 32
SHIFTS = (1, 2, 3, 4)
BORDER = 2  # outputs at each end that see padding


def signals(seed, length):
    """Draws smooth signals, shape (EXAMPLES, length): noise averaged over two neighbours a side."""
    noise = draw(seed, EXAMPLES, length + 4)
    bell = np.exp(-(np.arange(-2, 3) ** 2) / 2)
    return np.apply_along_axis(np.convolve, 1, noise, bell / np.linalg.norm(bell), "valid")


def shifted(model, step, seed):
    """Measures how far outputs are from those for a shifted input.

    Args:
        model: Maps (batch, SIGNAL) to (batch, positions, channels).
        step: How many inputs there are to an output.
        seed: Fixes the signals.
    """
    long = signals(seed, SIGNAL + SHIFTS[-1])
    outputs = [ops.convert_to_numpy(model(long[:, s : s + SIGNAL])) for s in (0, *SHIFTS)]
    still = outputs[0]
    unit = rms(still - np.roll(still, 1, axis=0))

    def moved(after, shift, border):
        """Returns the distance to the outputs moved by the nearest whole number of positions."""
        places = still.shape[1] - border
        return min(
            rms(after[:, border : places - by] - still[:, border + by : places])
            for by in {shift // step, -(-shift // step)}
        )

    found = {}
    for shift, after in zip(SHIFTS, outputs[1:], strict=True):
        found["equivariance_error", shift] = moved(after, shift, 0) / unit
        found["interior_error", shift] = moved(after, shift, BORDER) / unit
        found["change", shift] = rms(after - still) / unit
    return found


def network(padding="valid", stride=1, pool=None):
    """Returns a measurement of shifted inputs to two convolutions, each with ReLU and pooling."""

    def check(seed):
        stack = [keras.Input((SIGNAL,)), layers.Reshape((SIGNAL, 1))]
        for _ in range(2):
            own = {"kernel_initializer": "he_normal", "bias_initializer": "normal"}
            stack.append(layers.Conv1D(CHANNELS, 3, stride, padding, activation="relu", **own))
            stack += [pool()] if pool else []
        step = stride * (pool().pool_size[0] if pool else 1)
        return shifted(keras.Sequential(stack), step**2, seed)

    return check


PLAIN, PADDED, STRIDED = "two convolutions", "zero padding", "stride 2"
POOLED = ("max pooling 2", "average pooling 2")
MOVED = [f"equivariance_error@{shift}" for shift in SHIFTS]

EXPERIMENT = Measurement(
    factor="downsampling",
    places="shift",
    variants={
        PLAIN: network(),
        PADDED: network("same"),
        STRIDED: network(stride=2),
        POOLED[0]: network(pool=lambda: layers.MaxPooling1D(2)),
        POOLED[1]: network(pool=lambda: layers.AveragePooling1D(2)),
        "max pooling 4": network(pool=lambda: layers.MaxPooling1D(4)),
    },
    claims=[
        Claim(
            "CNN05",
            (
                *zero(*MOVED, of=PLAIN),
                *zero(*(f"interior_error@{shift}" for shift in SHIFTS), of=PADDED),
                *zero("equivariance_error@4", of=(STRIDED, *POOLED)),
            ),
            "Away from padded borders, outputs of convolutions move along exactly with the input, "
            "by all shifts at stride 1, by multiples of the stride otherwise.",
        ),
        Claim(
            "CNN05 network",
            zero("equivariance_error@1", of=(PADDED, STRIDED, *POOLED)),
            "Outputs of two convolutions with zero padding, strides or pooling move along exactly "
            "with an input that is shifted by one.",
        ),
        Claim(
            "CNN11 at start",
            above(PLAIN, POOLED, "change@1") + above(PLAIN, POOLED, "change@2"),
            "Shifts of the input by one and by two change the output less with maximum or average "
            "pooling by 2 behind each of two convolutions than without.",
            deviation="random weights and random smooth signals; nothing is trained",
        ),
    ],
)
