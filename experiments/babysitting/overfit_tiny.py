"""Can a network learn 32 images by heart, and does it show if it cannot?

A network with one hidden layer learns 32 images of digits in batches of four with Adam at 0.001,
as healthy, and with a bug: labels drawn anew each epoch, a softmax before the loss that takes one
itself, a learning rate of 0, one hidden unit. Losses and accuracies are those that Keras reports
of an epoch, means before each update; at the end both are measured.

References:
    Karpathy (2019), A Recipe for Training Neural Networks.
"""

from functools import partial

import keras
import numpy as np
from keras import layers, losses, ops

from zoo.claims import Claim, Difference, Number, above
from zoo.experiment import Measurement, Recipe
from zoo.preprocessing import Range
from zoo.trials import load_for

IMAGES, BATCH, EPOCHS, RATE = 32, 4, 40, 0.001
PRINTED = (2.3887, 1.5197, 1.1332, 0.8480, 0.6225, 0.5281, 0.3970, 0.3396)  # of eight epochs
LOSS = losses.SparseCategoricalCrossentropy(from_logits=True)


def build_model(input_shape, num_classes, units=100, twice=False):
    """Builds a ReLU network with one hidden layer; `twice` puts a softmax before the loss."""
    stack = [layers.Flatten(), layers.Dense(units, "relu"), layers.Dense(num_classes)]
    # A softmax that comes last Keras sees through, and takes its logits.
    last = [layers.Softmax(), layers.Rescaling(1.0)] if twice else []
    return keras.Sequential([keras.Input(input_shape), *stack, *last])


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.Adam,
    learning_rates=(RATE,),
    epochs=EPOCHS,
    batch_size=BATCH,
    data="mnist5k",
    preprocessing=Range(0, 1, together=True),
)


def learn(seed, rate=RATE, redrawn=False, **keywords):
    """Measures the epochs that are printed, and loss and accuracy in the end."""
    data, drawn = load_for(RECIPE), np.random.default_rng(seed)
    chosen = drawn.choice(len(data.x_train), IMAGES, replace=False)
    x, y = data.x_train[chosen], data.y_train[chosen]
    order = np.concatenate([drawn.permutation(IMAGES) for _ in range(EPOCHS)])
    labels = drawn.integers(0, 10, len(order)) if redrawn else y[order]
    model = build_model(x.shape[1:], 10, **keywords)
    optimizer, steps = keras.optimizers.Adam(rate), IMAGES // BATCH
    model.compile(optimizer, LOSS, metrics=["accuracy"], steps_per_execution=steps)

    def fit(first, last):
        rows = slice(first * IMAGES, last * IMAGES)
        passed = model.fit(x[order][rows], labels[rows], BATCH, shuffle=False, verbose=0)
        return {name: values[0] for name, values in passed.history.items()}

    epochs = {epoch: fit(epoch - 1, epoch) for epoch in range(1, len(PRINTED) + 1)}
    fit(len(PRINTED), EPOCHS)
    outputs, truth = model(x[order][-IMAGES:]), labels[-IMAGES:]
    right = ops.convert_to_numpy(outputs).argmax(axis=1) == truth
    course = {
        (f"epoch_{name}", epoch): value
        for epoch, means in epochs.items()
        for name, value in means.items()
    }
    return {"loss": LOSS(truth, outputs), "accuracy": right.mean(), **course}


BUGS = ("labels redrawn", "rate 0", "one unit")
TWICE = "softmax twice"

EXPERIMENT = Measurement(
    factor="bug",
    baseline="healthy",
    places="epoch",
    trains=True,
    variants={
        "healthy": learn,
        "labels redrawn": partial(learn, redrawn=True),
        "softmax twice": partial(learn, twice=True),
        "rate 0": partial(learn, rate=0.0),
        "one unit": partial(learn, units=1),
    },
    claims=[
        Claim(
            "BAB11",
            (
                *(
                    Number("healthy", f"epoch_loss@{epoch}", loss, 0.3)
                    for epoch, loss in enumerate(PRINTED, 1)
                ),
                Number("healthy", "epoch_accuracy@8", 1.0, 0.05),
            ),
            "In each of eight epochs the loss is the printed one within 0.3; then the accuracy is "
            "1 within 0.05.",
            deviation="digits from 0 to 1, 100 hidden units, Adam; the lecture names none of them",
        ),
        Claim(
            "BAB12",
            (
                Number("healthy", "accuracy", 1.0, 0.01),
                *above("healthy", BUGS, "accuracy", 0.03),
            ),
            "A healthy network learns 32 images by heart; with labels drawn anew, a rate of 0 or "
            "one hidden unit it stays more than 3 points below.",
        ),
        Claim(
            "BAB12 softmax twice",
            Difference("healthy", TWICE, "accuracy", 0.03),
            "With the softmax applied twice the accuracy stays more than 3 points below.",
        ),
        Claim(
            "BAB12 loss",
            Difference(TWICE, "healthy", "loss", 1.0),
            "With the softmax applied twice the loss stays more than 1 higher.",
        ),
    ],
)
