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

from zoo.claims import Claim, Difference, Number
from zoo.experiment import Experiment, Recipe
from zoo.layers import DropConnect
from zoo.probes import AccuracyUnderNoise, AccuracyWithoutUnits, GainFromMasks


def build_model(input_shape, num_classes, dropout, depth=2, units=200):
    """Builds a ReLU MLP; `dropout` gives the rate by place."""
    rate = {"inputs": 0.0, "hidden": 0.0, "logits": 0.0, "connections": 0.0, **dropout}
    stack = [keras.Input(input_shape), layers.Flatten()]
    stack.append(layers.Dropout(rate["inputs"]))
    for _ in range(depth):
        stack.append(DropConnect(units, rate["connections"], kernel_initializer="he_normal"))
        stack.append(layers.ReLU())
        stack.append(layers.Dropout(rate["hidden"]))
    stack.append(layers.Dense(num_classes))
    stack.append(layers.Dropout(rate["logits"]))
    return keras.Sequential(stack)


VARIANTS = {
    "none": {},
    "hidden 0.2": {"hidden": 0.2},
    "hidden 0.5": {"hidden": 0.5},
    "hidden 0.8": {"hidden": 0.8},
    "inputs 0.2": {"inputs": 0.2},
    "inputs 0.5 + hidden 0.5": {"inputs": 0.5, "hidden": 0.5},
    "logits 0.5": {"logits": 0.5},
    "hidden 0.5 + logits 0.5": {"hidden": 0.5, "logits": 0.5},
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
            "accuracy_under_noise": AccuracyUnderNoise((0.25, 0.5, 1.0)),
            "accuracy_without_units": AccuracyWithoutUnits((0.1, 0.25, 0.5)),
            "gain_from_masks": GainFromMasks(20),
        },
    ),
    claims=[
        Claim(
            "DRO03",
            Difference("hidden 0.5", "hidden 0.5 + logits 0.5"),
            "Dropping hidden units only is more accurate than dropping logits as well.",
        ),
        Claim(
            "DRO06 units",
            Difference("hidden 0.5", "none", "accuracy_without_units"),
            "With 10, 25 and 50 % of the hidden units cut, dropout is more accurate than none.",
        ),
        Claim(
            "DRO06 noise",
            Difference("hidden 0.5", "none", "accuracy_under_noise"),
            "Under noise of a quarter to one deviation dropout is more accurate than none.",
        ),
        Claim(
            "DRO07 trained",
            Number("hidden 0.5", "gain_from_masks", 0.0, 0.01),
            "One pass is as accurate as the average of 20 networks with random masks.",
            deviation="two hidden layers, where it is no identity",
        ),
        Claim(
            "DRO08",
            Difference("hidden 0.5", "none"),
            "Dropout of half of the hidden units raises the test accuracy.",
            deviation="the source recognises phonemes",
        ),
        Claim(
            "DRO08 late rise",
            Difference("none", "hidden 0.5", "val_loss_rise"),
            "With dropout validation loss ends less far above its lowest value.",
            deviation="the source recognises phonemes",
        ),
        Claim(
            "DRO09",
            Difference("none", "hidden 0.5", "accuracy_gap"),
            "Dropout of half of the hidden units narrows the gap of training and test accuracy.",
        ),
    ],
)
