"""What do more training examples bring?

The lectures say that more data are the best way to improve, and that one minimises the loss on the
training data and hopes for it to be low on all. From 100 to 3,000 examples a network is trained
for as many epochs, at its own best learning rate.

References:
    Hestness et al. (2017), Deep Learning Scaling is Predictable, Empirically, arXiv:1712.00409.
"""

import keras
from keras import layers

from zoo.claims import Claim, Trend
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=2, units=100):
    """Builds a ReLU network."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


SIZES = (100, 300, 1000, 3000)
LABELS = tuple(f"{size} examples" for size in SIZES)

EXPERIMENT = Experiment(
    factor="train_examples",
    baseline="1000 examples",
    variants=dict(zip(LABELS, SIZES, strict=True)),
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1),
        epochs=60,
        batch_size=50,
    ),
    claims=[
        Claim(
            "AUG01",
            (Trend(LABELS), Trend(LABELS, "accuracy_gap", rises=False)),
            "From 100 to 3,000 training examples test accuracy rises, and training accuracy is "
            "less and less far above it.",
        ),
        Claim(
            "SPL11",
            Trend(LABELS, "loss_gap", rises=False),
            "From 100 to 3,000 training examples the loss on them comes closer to that on fresh "
            "ones.",
        ),
    ],
)
