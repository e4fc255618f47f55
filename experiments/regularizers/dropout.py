"""Does dropout generalise better, at which rate, and where must it not be applied?

The lectures drop each neuron with probability p, exclude the output neurons, and in one code sample
drop half of the inputs as well; one slide drops connections instead of neurons. Trained on few
examples, where there is something to regularise.

References:
    Srivastava et al. (2014), Dropout: A Simple Way to Prevent Overfitting, JMLR 15.
    Wan et al. (2013), Regularization of Neural Networks using DropConnect, ICML.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe
from zoo.layers import DropConnect
from zoo.probes import DropUnderNoise, DropWithoutUnits


def build_model(input_shape, num_classes, dropout, depth=2, units=200):
    """Builds a ReLU MLP; `dropout` gives the rate by place."""
    rate = {"inputs": 0.0, "hidden": 0.0, "logits": 0.0, "connections": 0.0, **dropout}
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    model.add(layers.Dropout(rate["inputs"]))
    for _ in range(depth):
        model.add(DropConnect(units, rate["connections"], kernel_initializer="he_normal"))
        model.add(layers.ReLU())
        model.add(layers.Dropout(rate["hidden"]))
    model.add(layers.Dense(num_classes))
    model.add(layers.Dropout(rate["logits"]))
    return model


VARIANTS = {
    "none": {},
    "hidden 0.2": {"hidden": 0.2},
    "hidden 0.5": {"hidden": 0.5},
    "hidden 0.8": {"hidden": 0.8},
    "inputs 0.2": {"inputs": 0.2},
    "inputs 0.5 + hidden 0.5": {"inputs": 0.5, "hidden": 0.5},
    "logits 0.5": {"logits": 0.5},
    "connections 0.5": {"connections": 0.5},
}

SMALL_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01)

EXPERIMENT = Experiment(
    factor="dropout",
    baseline="none",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(VARIANTS, (0.01, 0.03, 0.1, 0.3)),
            "hidden 0.8": SMALL_RATES,
            "inputs 0.5 + hidden 0.5": SMALL_RATES,
        },
        epochs=100,
        batch_size=100,
        probes={
            "drop_under_noise": DropUnderNoise(0.4),
            "drop_without_units": DropWithoutUnits(0.25),
        },
    ),
    claims=[
        Claim(
            "DRO06",
            (
                Difference("none", "hidden 0.5", "drop_without_units"),
                Difference("none", "hidden 0.5", "drop_under_noise"),
            ),
        ),
        Claim("DRO03", Difference("none", "logits 0.5")),
        Claim("DRO05", Difference("inputs 0.5 + hidden 0.5", "none")),
        Claim(
            "DRO08",
            (Difference("hidden 0.5", "none"), Difference("none", "hidden 0.5", "val_loss_rise")),
            deviation="MLP on mnist1d; the source recognises phonemes",
        ),
        Claim(
            "DRO09",
            (Difference("hidden 0.5", "none"), Difference("none", "hidden 0.5", "accuracy_gap")),
        ),
    ],
)
