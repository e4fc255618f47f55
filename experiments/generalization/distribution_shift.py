"""What if pictures to train on and those of the users are not of one kind?

Networks learn clean digits, as from the web; users' pictures are noisy, flat and moved by a pixel.
Five networks are trained, side by side in one model, with noise of different size on their inputs;
the best one is chosen by 144 held-out pictures of the web, or of the users, and tested on the
users' other pictures. How much of what is lost between training and users is due to the kind of
pictures is told by held-out pictures of the web.

References:
    Ng (2018), Machine Learning Yearning, chapters 5 to 7 and 40.
    Quinonero-Candela et al. (2009), Dataset Shift in Machine Learning, MIT Press.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, Equivalence, Number
from zoo.experiment import Measurement, Recipe, crossentropy
from zoo.preprocessing import Range
from zoo.trials import load_for, restart

NOISES = (0.0, 0.1, 0.2, 0.4, 0.8)  # pixels are from 0 to 1
USERS_NOISE, CONTRAST = 0.2, 0.5
EPOCHS, BATCH, RATE, UNITS = 30, 50, 0.003, 64


@functools.cache
def build_model(input_shape, num_classes):
    """Builds networks with noise on the inputs while they train, side by side."""
    x = keras.Input(input_shape)
    outputs = []
    for noise in NOISES:
        y = layers.GaussianNoise(noise)(layers.Flatten()(x))
        y = layers.Dense(UNITS, "relu", kernel_initializer="he_normal")(y)
        outputs.append(layers.Dense(num_classes)(y))
    model = keras.Model(x, ops.stack(outputs, axis=1))  # (batch, networks, classes)
    model.compile(keras.optimizers.Adam(RATE), crossentropy(), jit_compile=False)
    return model


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.Adam,
    learning_rates=(RATE,),
    epochs=EPOCHS,
    batch_size=BATCH,
    data="digits",
    preprocessing=Range(0, 1, together=True),
)


def of_users(x, seed):
    """Returns pictures as users take them, shape (examples, height, width, 1)."""
    drawn = np.random.default_rng((seed, len(x)))
    moved = np.stack([np.roll(each, drawn.integers(-1, 2), axis=1) for each in x])
    return (CONTRAST * moved + drawn.normal(0, USERS_NOISE, x.shape)).astype("float32")


@functools.cache
def accuracies(seed):
    """Returns each network's accuracy on each kind of pictures, shape (networks,)."""
    data = load_for(RECIPE, draw=seed)
    model = build_model(data.input_shape, data.num_classes)
    restart(model, seed)
    y = np.repeat(data.y_train[:, None], len(NOISES), axis=1)
    model.fit(data.x_train, y, BATCH, EPOCHS, verbose=0)
    half = len(data.x_validation) // 2
    web, users = data.x_validation[:half], of_users(data.x_validation[half:], seed)
    parts = {
        "training": (data.x_train, data.y_train),
        "web": (web, data.y_validation[:half]),
        "users": (users, data.y_validation[half:]),
        "test": (of_users(data.x_test, seed), data.y_test),
    }
    return {
        part: (ops.convert_to_numpy(model(x)).argmax(axis=-1) == y[:, None]).mean(axis=0)
        for part, (x, y) in parts.items()
    }


def plain(part):
    """Returns a measurement of the network that is trained without noise."""

    def check(seed):
        return {"accuracy": accuracies(seed)[part][0]}

    return check


def chosen(part):
    """Returns a measurement of the network that is best on some pictures, on the test pictures."""

    def check(seed):
        found = accuracies(seed)
        best = np.argmax(found[part])
        told, test = found[part][best], found["test"][best]
        return {"noise": NOISES[best], "test_accuracy": test, "told_less_test": told - test}

    return check


TRAINING, WEB, USERS = "web - trained on", "web - held out", "users - held out"
BY_WEB, BY_USERS = "chosen by web", "chosen by users"

EXPERIMENT = Measurement(
    factor="pictures",
    trains=True,
    variants={
        TRAINING: plain("training"),
        WEB: plain("web"),
        USERS: plain("users"),
        BY_WEB: chosen("web"),
        BY_USERS: chosen("users"),
    },
    claims=[
        Claim(
            "SPL04",
            Difference(BY_USERS, BY_WEB, "test_accuracy"),
            "Chosen by held-out pictures of the users a network is more accurate on the users' "
            "test pictures than chosen by those of the web.",
        ),
        Claim(
            "SPL04 estimate",
            (
                Number(BY_USERS, "told_less_test", 0.0, 0.05),
                Difference(BY_WEB, BY_USERS, "told_less_test", margin=0.05),
            ),
            "Held-out pictures of the users tell the accuracy on their test pictures within five "
            "points, those of the web are further off by over five.",
        ),
        Claim(
            "SPL05",
            (
                Difference(WEB, USERS, "accuracy", margin=0.05),
                Equivalence(TRAINING, WEB, "accuracy", 0.05),
            ),
            "On held-out pictures of the web a network is within five points as accurate as on its "
            "training pictures, and over five more than on users' pictures.",
        ),
    ],
)
