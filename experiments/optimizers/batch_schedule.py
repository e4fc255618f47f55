"""Can a larger batch take the place of a lower learning rate, and does the loss curve show steps?

A ReLU network trains on mnist1d with momentum for 30 epochs: at a constant rate, at one that is
divided by five after 15 and again after 25 epochs, and at a constant rate with batches that become
five times as large instead. The rate is not tuned. Each seed splits all examples anew. The step in
the curve is the loss of the epoch after the first milestone over that before it, as a logarithm.

References:
    Smith et al. (2017), Don't Decay the Learning Rate, Increase the Batch Size, arXiv:1711.00489.
"""

from functools import partial

import keras
import numpy as np
from keras import layers, losses, ops

from callbacks import BatchSizeSchedule
from zoo.claims import Claim, Difference, Equivalence, equal
from zoo.experiment import Measurement, Recipe
from zoo.trials import load_for

EPOCHS, MILESTONES, FACTOR, BATCH, RATE, EXAMPLES = 30, (15, 25), 5, 64, 0.1, 3200


def build_model(input_shape, num_classes):
    """Builds a ReLU MLP with two hidden layers."""
    hidden = [layers.Dense(100, "relu", kernel_initializer="he_normal") for _ in range(2)]
    return keras.Sequential([keras.Input(input_shape), *hidden, layers.Dense(num_classes)])


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.SGD,
    learning_rates=(RATE,),
    epochs=EPOCHS,
    batch_size=BATCH,
)


def split(seed):
    """Returns examples and classes to train on and to test on."""
    data, drawn = load_for(RECIPE), np.random.default_rng(seed)
    x = np.concatenate((data.x_train, data.x_validation, data.x_test))
    y = np.concatenate((data.y_train, data.y_validation, data.y_test))
    order = drawn.permutation(len(y))
    x, y = x[order], y[order]
    return (x[:EXAMPLES], y[:EXAMPLES]), (x[EXAMPLES:], y[EXAMPLES:])


def train(of_rate, of_batch, seed):
    """Trains with a rate divided, and a batch size multiplied, by these factors at milestones."""
    training, test = split(seed)
    reached = {epoch: number for number, epoch in enumerate((0, *MILESTONES))}
    sizes = {epoch: BATCH * of_batch**number for epoch, number in reached.items()}
    batches = BatchSizeSchedule(training[0], training[1], sizes, seed=seed)

    def rate(epoch):
        return RATE / of_rate ** max(n for start, n in reached.items() if start <= epoch)

    model = build_model(training[0].shape[1:], 10)
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], steps_per_execution=10)
    told = [batches.callback, keras.callbacks.LearningRateScheduler(rate)]
    found = model.fit(batches, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=told).history
    tested, accuracy = model.evaluate(*test, batch_size=len(test[1]), verbose=0)
    course = found["loss"]
    return {
        "test_loss": tested,
        "test_accuracy": accuracy,
        "updates": int(ops.convert_to_numpy(optimizer.iterations)),
        "log_step": np.log(course[MILESTONES[0]] / course[MILESTONES[0] - 1]),
        **{("loss", epoch): each for epoch, each in enumerate(course, 1)},
    }


CONSTANT, RATES, BATCHES = "constant", "rate / 5", "batch x 5"

EXPERIMENT = Measurement(
    factor="schedule",
    baseline=CONSTANT,
    places="epoch",
    trains=True,
    variants={
        CONSTANT: partial(train, 1, 1),
        RATES: partial(train, FACTOR, 1),
        BATCHES: partial(train, 1, FACTOR),
    },
    claims=[
        Claim(
            "SCH08",
            Equivalence(BATCHES, RATES, "test_accuracy", 0.02),
            "Batches that grow end as accurate as a rate that falls, within 2 points.",
        ),
        Claim(
            "SCH08 loss",
            (
                Difference(CONSTANT, RATES, "test_loss"),
                Difference(CONSTANT, BATCHES, "test_loss"),
            ),
            "Both end at a lower test loss than a constant rate and batch.",
        ),
        Claim(
            "SCH08 updates",
            equal({"updates": 15 * 50 + 10 * 10 + 5 * 2}, BATCHES, 0.0)
            + equal({"updates": 30 * 50}, RATES, 0.0),
            "Growing batches make 860 updates, the falling rate 1,500.",
        ),
        Claim(
            "CUR15",
            (
                Difference(CONSTANT, RATES, "log_step", 0.1),
                Difference(CONSTANT, BATCHES, "log_step", 0.1),
            ),
            "In the epoch after the rate is divided, or the batch multiplied, the loss falls by a "
            "tenth more than without.",
        ),
    ],
)
