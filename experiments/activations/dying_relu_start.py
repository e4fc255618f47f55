"""Are ReLU units sparse at the start, and do saturated sigmoid and tanh units get stuck?

A fresh ReLU network of three layers shows how many outputs are exactly 0 and which slopes its units
pass on; maxout's show that at any input one piece gets the whole gradient. Then a hidden layer of
sigmoid or tanh units starts with sums around 0, 5 or 10 on either side, and is trained to tell the
sides of a random plane apart: it escapes when its loss is halved, and is given up after 1000 steps.

References:
    Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Acoustic Models, ICML workshop.
    Glorot, Bordes and Bengio (2011), Deep Sparse Rectifier Neural Networks, AISTATS.
    Goodfellow et al. (2013), Maxout Networks, ICML, arXiv:1302.4389.
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
"""

import keras
import numpy as np
from keras import initializers, layers

from zoo.claims import Claim, Number, Trend, above, zero
from zoo.experiment import Measurement
from zoo.layers import Maxout
from zoo.measure import draw, layer_gradients, rms, signal_gradients, total

MOST_STEPS = 1000
CROSSENTROPY = keras.losses.BinaryCrossentropy(from_logits=True)


def relu(seed):
    """Measures zeros and slopes in a ReLU network at its start."""
    x = draw(seed, 1000, 500)
    found = {}
    for layer in (1, 2, 3):
        kernel = initializers.HeNormal(seed=100 * seed + layer)
        linear = layers.Dense(500, kernel_initializer=kernel, name="sums")
        model = keras.Sequential([keras.Input((500,)), linear, layers.ReLU()])
        slope = len(x) * signal_gradients(model, total, x, x)["sums"]
        sums = keras.ops.convert_to_numpy(linear(x))
        x = keras.ops.convert_to_numpy(model(x))
        found["zero_share", layer] = np.mean(x == 0)
        found["dead_share", layer] = np.mean((slope == 0).all(axis=0))
        found["slope_error", layer] = np.abs(slope - (sums > 0)).max()
    return found


def maxout(seed):
    """Measures the gradient that reaches the two pieces of maxout units around 0, 10 and -10."""
    found = {}
    for shift in (-10, 0, 10):
        kernel = initializers.HeNormal(seed=seed)
        bias = initializers.Constant(shift)
        linear = layers.Dense(100, None, True, kernel, bias, name="sums")
        model = keras.Sequential([keras.Input((50,)), linear, Maxout(2)])
        x = draw(seed, 500, 50)
        slopes = len(x) * signal_gradients(model, total, x, x)["sums"].reshape(len(x), 50, 2)
        found["gradient_error", shift] = np.abs(slopes.sum(axis=-1) - 1).max()
    return found


def saturated(activation, distance):
    """Returns a measurement of a network whose hidden sums start around +distance or -distance."""

    def measure(seed):
        x = draw(seed, 256, 20)
        y = (x @ draw(seed + 1000, 20, 1) > 0).astype("float32")
        kernels = [initializers.LecunNormal(seed=2 * seed + place) for place in (0, 1)]
        hidden = layers.Dense(50, activation, kernel_initializer=kernels[0], name="hidden")
        logits = layers.Dense(1, kernel_initializer=kernels[1])
        model = keras.Sequential([keras.Input((20,)), hidden, logits])
        hidden.bias.assign(distance * np.resize([1.0, -1.0], 50))
        outputs = keras.ops.convert_to_numpy(hidden(x))
        size = rms(layer_gradients(model, CROSSENTROPY, x, y, ["hidden"])[0]["hidden"])
        model.compile(keras.optimizers.SGD(1.0), CROSSENTROPY)
        losses = [float(model.train_on_batch(x, y))]
        while losses[-1] > losses[0] / 2 and len(losses) <= MOST_STEPS:
            model.reset_metrics()  # or the loss would be a mean over the steps
            losses.append(float(model.train_on_batch(x, y)))
        return {
            "gradient": size,
            "steps_to_escape": len(losses) - 1,
            "outputs_not_positive": np.sum(outputs <= 0),
        }

    return measure


SATURATED = {f"{name} at {d}": (name, d) for name in ("sigmoid", "tanh") for d in (0, 5, 10)}


def stuck(activation):
    """Says that far from 0 the gradient is smaller and the escape takes longer."""
    near, far, furthest = (f"{activation} at {distance}" for distance in (0, 5, 10))
    return (
        Trend((near, far, furthest), "gradient", rises=False),
        *above((far, furthest), near, "steps_to_escape"),
    )


EXPERIMENT = Measurement(
    factor="activation",
    variants={
        "relu": relu,
        "maxout": maxout,
        **{label: saturated(*value) for label, value in SATURATED.items()},
    },
    claims=[
        Claim("ACT25", zero(*(f"gradient_error@{shift}" for shift in (-10, 0, 10)))),
        Claim(
            "ACT38",
            (
                *stuck("sigmoid"),
                *stuck("tanh"),
                *zero("outputs_not_positive", of=tuple(SATURATED)[:3], tolerance=0.0),
            ),
            "Sigmoid and tanh units that start 5 or 10 from 0 have smaller gradients and need more "
            "steps; sigmoid outputs are positive.",
        ),
        # A unit's share varies by up to 0.3 from the second layer on: 0.005 for 500 units, 8 seeds.
        Claim(
            "ACT44",
            (
                *(Number("relu", f"zero_share@{layer}", 0.5, 0.02) for layer in (1, 2, 3)),
                *zero(*(f"slope_error@{layer}" for layer in (1, 2, 3)), tolerance=1e-6),
            ),
            "Half of the outputs of a fresh ReLU network are 0; positive sums have the slope 1.",
        ),
    ],
)
