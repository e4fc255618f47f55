"""Does momentum get away from small local minima and saddles, where plain descent does not?

Descent at a rate of 0.1 meets one obstacle at a time. A bowl has a pit on its slope, 0.3 wide and
shallow to deep: the path starts above it and leaves it if it ends near the middle of the bowl. A
saddle is started next to the line that leads into it, and left when it is as far down as it
was up. On a slope that does not end momentum should gather a speed of 1 / (1 - beta) steps.

References:
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    Sutskever et al. (2013), On the importance of initialization and momentum, ICML.
"""

import functools

import keras
import numpy as np

from zoo.claims import Claim, Difference, equal
from zoo.experiment import Measurement

RATE, PLACE, WIDTH = 0.1, 3.0, 0.3
DEPTHS = (0.2, 0.4, 0.8, 1.6)  # from where there is a minimum to where descent is still stable


def path(slope, start, beta, steps):
    """Returns where Keras's SGD comes, shape (steps + 1, coordinates)."""
    place = keras.Variable(np.asarray(start, "float32"))
    optimizer = keras.optimizers.SGD(RATE, momentum=beta)
    places = [keras.ops.convert_to_numpy(place)]
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(slope(places[-1]))], [place])
        places.append(keras.ops.convert_to_numpy(place))
    return np.array(places)


def bowl(depths, x):
    """Returns the slopes of x^2 / 20 with pits of these depths."""
    away = (x - PLACE) / WIDTH
    return x / 10 + depths * away / WIDTH * np.exp(-(away**2) / 2)


def saddle(x):
    """Returns the slope of (x0^2 - x1^2) / 2."""
    return x * np.array([1, -1], x.dtype)


def measure(beta, seed, steps=400):
    """Measures from which pits it gets away, how soon from the saddle, and its speed."""
    drawn = np.random.default_rng(seed)
    depths = np.array(DEPTHS, "float32")
    starts = np.full(len(DEPTHS), drawn.uniform(5.0, 7.0))
    ends = path(functools.partial(bowl, depths), starts, beta, steps)[-1]
    away = path(saddle, (1.0, 10 ** drawn.uniform(-6, -4)), beta, steps // 2)[:, 1]
    speed = path(np.ones_like, (0.0,), beta, steps)[-2:, 0]
    return {
        "pits_left": np.sum(abs(ends) < 1),
        "steps_from_saddle": np.argmax(away > 1),
        "speed_in_steps": (speed[0] - speed[1]) / RATE,
    }


EXPERIMENT = Measurement(
    factor="momentum",
    baseline="0",
    measure=measure,
    variants={"0": 0.0, "0.5": 0.5, "0.9": 0.9},
    claims=[
        Claim(
            "OPT07 minima",
            Difference("0.9", "0", "pits_left"),
            "Momentum gets out of more of four local minima on a slope than plain descent.",
            deviation="one dimension",
        ),
        Claim(
            "OPT07 saddle",
            Difference("0", "0.9", "steps_from_saddle"),
            "Momentum leaves a saddle in fewer steps than plain descent at the same rate.",
            deviation="two dimensions",
        ),
        Claim(
            "OPT07 speed",
            equal({"speed_in_steps": 10.0}, of="0.9", tolerance=0.01),
            "On a constant slope momentum of 0.9 gathers ten times the speed of plain descent.",
        ),
    ],
)
