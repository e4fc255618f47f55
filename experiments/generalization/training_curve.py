"""On which examples, and in which state of the network, are the curves of Keras computed?

Networks learn ten overlapping normal clusters for five epochs. The validation loss of `fit` is
compared with the loss on the validation part after the epoch. The training loss of `fit` is the
mean over batches while the weights change and dropout is on; it is compared with the loss on the
training part after the epoch, which at a rate of 0 without dropout it has to be.

References:
    Chollet et al. (2015), Keras, frequently asked questions on the training loss.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, zero
from zoo.experiment import Measurement, crossentropy

INPUTS, CLASSES, TRAINING, VALIDATION = 20, 10, 500, 500
EPOCHS, BATCH = 5, 20


def clusters(seed):
    """Draws examples to train and to validate on, each as inputs and classes."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.6, (CLASSES, INPUTS))
    y = drawn.integers(CLASSES, size=TRAINING + VALIDATION)
    x = (centres[y] + drawn.normal(size=(len(y), INPUTS))).astype("float32")
    return (x[:TRAINING], y[:TRAINING]), (x[TRAINING:], y[TRAINING:])


def loss_of(model, x, y):
    """Returns the mean crossentropy, by the formula, of a network in inference."""
    logs = ops.convert_to_numpy(ops.log_softmax(model(x, training=False)))
    return -logs[np.arange(len(y)), y].mean(dtype=float)


def measure(variant, seed):
    """Compares the losses that `fit` reports with those of the parts after each epoch."""
    rate, dropout = variant
    training, validation = clusters(seed)
    stack = [keras.Input((INPUTS,)), layers.Dense(64, "relu"), layers.Dropout(dropout, seed=seed)]
    model = keras.Sequential([*stack, layers.Dense(CLASSES)])
    model.compile(keras.optimizers.SGD(rate), crossentropy())
    after = []  # of each epoch: losses on the training and on the validation part

    def look(epoch, logs):
        after.append((loss_of(model, *training), loss_of(model, *validation)))

    found = model.fit(
        *training,
        BATCH,
        EPOCHS,
        verbose=0,
        validation_data=validation,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=look)],
    ).history
    on_training, on_validation = np.transpose(after)
    return {
        "validation_error": abs(found["val_loss"] - on_validation).max(),
        "training_error": abs(found["loss"] - on_training).max(),
        "curve": np.mean(found["loss"]),
        "above_the_loss_afterwards": np.mean(found["loss"] - on_training),
        "above_the_validation_loss": np.mean(np.subtract(found["loss"], found["val_loss"])),
    }


STILL, LEARNS, DROPOUT = "rate 0", "learning", "learning - dropout 0.5"

EXPERIMENT = Measurement(
    factor="training",
    trains=True,
    variants={STILL: (0.0, 0.0), LEARNS: (0.1, 0.0), DROPOUT: (0.1, 0.5)},
    measure=measure,
    claims=[
        Claim(
            "SPL08",
            (
                *zero("validation_error", tolerance=1e-4),
                *zero("training_error", of=STILL, tolerance=1e-4),
            ),
            "Keras's validation loss is that on the validation part after the epoch, its training "
            "loss that on the training part if nothing is learned in the epoch.",
        ),
        Claim(
            "SPL08 running",
            (
                Difference(LEARNS, STILL, "above_the_loss_afterwards"),
                Difference(DROPOUT, LEARNS, "above_the_loss_afterwards"),
            ),
            "While a network learns Keras's training loss is above that after the epoch, with "
            "dropout even more.",
        ),
    ],
)
