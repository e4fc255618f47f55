"""Does a learning rate that rises first help to adapt a network, and to learn from many examples?

A network learns the digits 0 to 4. Networks for 5 to 9 start with its weights and a new last layer,
or with random ones, and learn from 100 or 1,500 examples, by as many steps. The learning rate is
constant or rises from 0 over a fifth of them. Of five the one that validates best counts.

References:
    Goyal et al. (2017), Accurate, Large Minibatch SGD, arXiv:1706.02677.
    Howard and Ruder (2018), Universal Language Model Fine-tuning for Text Classification, ACL.
"""

import functools

import keras
import numpy as np
from keras import layers

from callbacks import Warmup
from zoo.claims import Claim, Difference, above
from zoo.experiment import Measurement, Recipe, crossentropy
from zoo.many import fit_many
from zoo.trials import load_for

CLASSES, DEPTH, UNITS, BATCH, EPOCHS, STARTS, FEW, MANY = 5, 4, 100, 50, 10, 3, 100, 1500
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)


def build_model(input_shape, num_classes):
    """Builds a ReLU network."""
    hidden = [layers.Dense(UNITS, "relu", kernel_initializer="he_normal") for _ in range(DEPTH)]
    stack = [keras.Input(input_shape), layers.Flatten(), *hidden]
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def momentum(rate, steps=0):
    """Returns SGD with momentum, whose rate may rise from 0 over some steps first."""
    return keras.optimizers.SGD(Warmup(rate, steps) if steps else rate, momentum=0.9)


RECIPE = Recipe(
    build_model=build_model,
    optimizer=momentum,
    learning_rates=RATES,
    epochs=EPOCHS,
    batch_size=BATCH,
    data="mnist5k",
)


@functools.cache
def source(seed, data):
    """Returns the weights of a network for the digits 0 to 4, without the last layer."""
    keras.utils.set_random_seed(seed)
    given = load_for(RECIPE, seed, data)
    model, known = build_model(given.input_shape, CLASSES), given.y_train < CLASSES
    model.compile(keras.optimizers.Adam(0.001), crossentropy(), jit_compile=False)
    model.fit(given.x_train[known], given.y_train[known], BATCH, EPOCHS, verbose=0)
    return [layer.get_weights() for layer in model.layers[:-1]]


@functools.cache
def accuracies(variant, seed, data):
    """Returns validation and test accuracies by learning rate, each of shape (rates,)."""
    adapted, examples, steps = variant
    given = load_for(RECIPE, seed, data)

    def build():
        model = build_model(given.input_shape, CLASSES)
        for place, weights in enumerate(source(seed, data) if adapted else []):
            model.layers[place].set_weights(weights)
        return model

    pairs = [(given.x_train, given.y_train), (given.x_validation, given.y_validation)]
    pairs += [(given.x_test, given.y_test)]
    (x, y), *others = [(x[y >= CLASSES], y[y >= CLASSES] - CLASSES) for x, y in pairs]
    chosen = np.random.default_rng(seed).permutation(len(x))[:examples]
    chosen = np.resize(chosen, MANY)  # few of them come again in each epoch
    runs = fit_many(
        build,
        functools.partial(momentum, steps=steps),
        [(x[chosen], y[chosen]), *others],
        seeds=range(STARTS * seed, STARTS * (seed + 1)),
        learning_rates=RATES,
        epochs=EPOCHS,
        batch_size=BATCH,
    )
    found = [[run.final[f"{part}_accuracy"] for part in ("val", "test")] for run in runs]
    return np.reshape(found, (len(RATES), STARTS, 2)).mean(axis=1).T


def measure(variant, seed, data="mnist5k"):
    """Measures test accuracies, and what is gained over a constant rate."""
    validated, tested = accuracies(variant, seed, data)
    own, constantly = accuracies((*variant[:2], 0), seed, data)
    best = tested[validated.argmax()]
    return {
        "test_accuracy": best,
        "gain": best - constantly[own.argmax()],
        **{("accuracy_at_rate", rate): each for rate, each in zip(RATES, tested, strict=True)},
    }


ADAPTED, SCRATCH, CONSTANT, WARM = "adapted", "scratch", "constant", "warm-up"
STEPS = {CONSTANT: 0, WARM: EPOCHS * MANY // BATCH // 5}
of = "{} - {} - {}".format  # the name of a variant


def safer(rate):
    """Says that warm-up brings an adapted network over 5 points at a rate."""
    metric = f"accuracy_at_rate@{rate:g}"
    return (
        above(of(ADAPTED, FEW, WARM), of(ADAPTED, FEW, CONSTANT), metric, margin=0.05),
        f"Adapted to 100 examples at a rate of {rate:g}, it is over 5 points more accurate with "
        "warm-up.",
    )


EXPERIMENT = Measurement(
    factor="learning rate",
    places="learning rate",
    trains=True,
    variants={
        of(start, examples, label): (start == ADAPTED, examples, steps)
        for start in (ADAPTED, SCRATCH)
        for examples in (FEW, MANY)
        for label, steps in STEPS.items()
    },
    measure=measure,
    claims=[
        Claim(
            "SCH11 adapting",
            Difference(of(ADAPTED, FEW, WARM), of(ADAPTED, FEW, CONSTANT)),
            "Adapted to 100 examples at its best rate a network is more accurate with warm-up.",
        ),
        Claim("SCH11 high", *safer(0.1)),
        Claim("SCH11 far too high", *safer(0.3)),
        Claim(
            "SCH11 scratch",
            Difference(of(ADAPTED, FEW, WARM), of(SCRATCH, FEW, WARM), "gain"),
            "On 100 examples an adapted network gains more from warm-up than one from scratch.",
        ),
        Claim(
            "SCH11 large",
            Difference(of(SCRATCH, MANY, WARM), of(SCRATCH, FEW, WARM), "gain"),
            "From scratch a network gains more from warm-up on 1,500 examples than on 100.",
            deviation="1,500 examples are few beside the million of the literature",
        ),
    ],
)
