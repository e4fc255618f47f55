"""How much does the final loss depend on where training starts: linear or not, narrow or wide?

Eight networks side by side in one model get the same examples and the same steps, and differ in
nothing but their initial weights: `deviation` is the standard deviation of their final training
losses, `test_deviation` that of their accuracies on fresh examples. Only the second can be compared
between sizes: the loss of examples that are learned by heart is near 0, and so is its deviation.
Gradient descent on all examples at once, so that no order of batches comes in. The linear network's
cost is convex: one minimum. Labels are those of a random network, one in ten redrawn.

References:
    Choromanska et al. (2015), The Loss Surfaces of Multilayer Networks, AISTATS, arXiv:1412.0233.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 8.2.
"""

import keras
import numpy as np
from keras import initializers, layers, ops

from zoo.claims import Claim, Difference, Trend, zero
from zoo.experiment import Measurement, crossentropy

STARTS = 8
STEPS = 200
FRESH = 2000  # examples to test on


def teach(seed, examples):
    """Draws inputs, shape `(examples, 40)`, and labels of ten classes."""
    generator = np.random.default_rng(seed)
    first, last = generator.normal(size=(40, 20)), generator.normal(size=(20, 10))
    x = generator.normal(size=(examples, 40)).astype("float32")
    y = np.argmax(np.tanh(x @ first / 40**0.5) @ last, axis=1)
    redrawn = generator.random(examples) < 0.1
    return x, np.where(redrawn, generator.integers(10, size=examples), y)


def side_by_side(equation, shape, inputs, seed):
    """Makes a dense layer for each start; their weights are `(starts, inputs, outputs)`."""
    start = initializers.RandomNormal(stddev=inputs**-0.5, seed=seed)
    return layers.EinsumDense(equation, shape, bias_axes="so", kernel_initializer=start)


def network(width, examples=1000):
    """Returns a measurement of networks with a hidden layer of this many tanh units, 0 for none."""

    def measure(seed):
        x, y = teach(seed, examples + FRESH)
        (x, fresh), (y, wanted) = np.split(x, [examples]), np.split(y, [examples])
        stack = [keras.Input((40,))]
        if width:
            stack.append(side_by_side("bi,sio->bso", (STARTS, width), 40, 2 * seed))
            stack.append(layers.Activation("tanh"))
            stack.append(side_by_side("bsi,sio->bso", (STARTS, 10), width, 2 * seed + 1))
        else:
            stack.append(side_by_side("bi,sio->bso", (STARTS, 10), 40, 2 * seed))
        model = keras.Sequential(stack)
        # The loss is a mean over the starts, which share no weights: each gets 1 / STARTS of it.
        model.compile(
            keras.optimizers.SGD(0.3 * STARTS, momentum=0.9),
            crossentropy(),
        )
        labels = np.repeat(y[:, None], STARTS, axis=1)
        for _ in range(STEPS):
            model.train_on_batch(x, labels)
        logs = ops.convert_to_numpy(ops.log_softmax(model(x)))  # (examples, starts, classes)
        losses = -np.take_along_axis(logs, labels[..., None], axis=2).mean(axis=(0, 2))
        guesses = np.argmax(ops.convert_to_numpy(model(fresh)), axis=2)  # (examples, starts)
        accuracies = np.mean(guesses == wanted[:, None], axis=0)
        return {
            "deviation": losses.std(ddof=1),
            "mean_loss": losses.mean(),
            "relative_deviation": losses.std(ddof=1) / losses.mean(),
            "test_deviation": accuracies.std(ddof=1),
            "mean_test_accuracy": accuracies.mean(),
        }

    return measure


WIDTHS = (3, 10, 30, 100)

EXPERIMENT = Measurement(
    factor="width",
    variants={
        "linear": network(0),
        **{f"width {width}": network(width) for width in WIDTHS},
        "width 10 on 100 examples": network(10, examples=100),
        "width 10 on 2000 examples": network(10, examples=2000),
    },
    claims=[
        Claim(
            "INI27",
            (
                *zero("deviation", of="linear", tolerance=1e-3),
                Difference("width 10", "linear", "deviation", margin=1e-3),
            ),
            proposition="The final training loss of a network with ten tanh units varies over "
            "starts, that of a linear one does not.",
            deviation="gradient descent on all examples",
        ),
        Claim(
            "INI28 large networks",
            Trend(tuple(f"width {width}" for width in WIDTHS), "test_deviation", rises=False),
            proposition="The wider the hidden layer, the less test accuracies vary over starts.",
        ),
        Claim(
            "INI28 much data",
            Difference("width 10 on 100 examples", "width 10 on 2000 examples", "test_deviation"),
            proposition="Test accuracies vary more over starts with 100 examples than with 2,000.",
        ),
    ],
)
