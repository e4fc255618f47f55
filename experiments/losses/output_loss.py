"""Which loss should stand behind which output of a classifier?

The lectures want a logarithm behind sigmoid and softmax, give each class a sigmoid, and name two
mistakes: an activation on the logits, and a softmax applied twice. Accuracies and epochs can be
compared over all losses; values only over those that end in softmax and crossentropy. The sum over
a batch of 128 is trained with rates 128 times smaller, which makes it the mean again.

References:
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.
    Golik, Doetsch and Ney (2013), Cross-entropy vs. squared error training, Interspeech.
    Hui and Belkin (2021), Evaluation of neural architectures trained with square loss, ICLR.
"""

import keras
from keras import layers
from keras.losses import BinaryCrossentropy, CategoricalCrossentropy, MeanSquaredError

from zoo.claims import Claim, Difference, Equivalence, above, faster
from zoo.experiment import Experiment, Recipe
from zoo.losses import OneHotLoss


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def crossentropy(activation="linear", scale=1.0):
    """Returns the crossentropy behind a softmax of activated logits."""
    return OneHotLoss(CategoricalCrossentropy(from_logits=True), activation, scale)


BATCH = 128
RATES = (0.03, 0.1, 0.3)
LARGE = (0.3, 1.0, 3.0)

# The loss and the rates that it is tried with.
VARIANTS = {
    "softmax + crossentropy": (crossentropy, RATES),
    "sigmoid + crossentropy": (lambda: OneHotLoss(BinaryCrossentropy(from_logits=True)), LARGE),
    "softmax + squares": (lambda: OneHotLoss(MeanSquaredError(), "softmax"), LARGE),
    "sigmoid + squares": (lambda: OneHotLoss(MeanSquaredError(), "sigmoid"), LARGE),
    "softmax twice": (lambda: crossentropy("softmax"), RATES),
    "tanh before softmax": (lambda: crossentropy("tanh"), RATES),
    "sigmoid before softmax": (lambda: crossentropy("sigmoid"), LARGE),
    "sum over the batch": (
        lambda: crossentropy(scale=BATCH),
        tuple(rate / BATCH for rate in RATES),
    ),
}

START = "He's initial weights, which saturate nothing at the start"

EXPERIMENT = Experiment(
    factor="loss",
    baseline="softmax + crossentropy",
    variants={label: loss for label, (loss, _) in VARIANTS.items()},
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={label: rates for label, (_, rates) in VARIANTS.items()},
        epochs=40,
        batch_size=BATCH,
    ),
    claims=[
        Claim(
            "LOS09 softmax",
            faster("softmax + crossentropy", "softmax + squares"),
            "Half-way to the best training accuracy takes cross entropy behind softmax fewer "
            "epochs than squares.",
            deviation=START,
        ),
        Claim(
            "LOS09 sigmoid",
            faster("sigmoid + crossentropy", "sigmoid + squares"),
            "Half-way to the best training accuracy takes cross entropy behind sigmoids fewer "
            "epochs than squares.",
            deviation=START,
        ),
        Claim(
            "LOS11",
            Equivalence("sigmoid + crossentropy", "softmax + crossentropy", margin=0.02),
            "With a sigmoid on each logit the test accuracy is within 2 points of softmax's.",
        ),
        Claim(
            "CUR10 training",
            above(
                ("tanh before softmax", "sigmoid before softmax"), "softmax + crossentropy", "loss"
            ),
            "The training loss ends higher with tanh or sigmoid in front of the softmax.",
        ),
        Claim(
            "CUR11 training",
            Difference("softmax twice", "softmax + crossentropy", "loss"),
            "The training loss ends higher with softmax applied twice.",
        ),
    ],
)
