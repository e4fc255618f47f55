"""From which depth on do small random weights fail, and are normal 0.1 ones good for sigmoids?

The lectures say that weights of 0.01 times a Gaussian work for small networks and kill the signal
in deeper ones. They are compared with Glorot's and He's at 1 to 10 hidden ReLU layers. A code
sample draws the weights of a network with sigmoids from a normal with deviation 0.1 and sets the
biases to 0, where the framework's usual way would be Glorot's uniform weights: their deviations are
0.12 and 0.10 here, nearly the same. Both stand in the table; nobody claims that one is better.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
"""

import keras
from keras import initializers, layers

from zoo.claims import Claim, Equivalence, above
from zoo.experiment import Experiment, Recipe

DEPTHS = (1, 2, 5, 10)
INITIALIZERS = {
    "normal 0.01": lambda: initializers.RandomNormal(stddev=0.01),
    "normal 0.1": lambda: initializers.RandomNormal(stddev=0.1),
    "glorot": initializers.GlorotNormal,
    "glorot uniform": initializers.GlorotUniform,
    "he": initializers.HeNormal,
}


def build_model(input_shape, num_classes, initializer, units=100):
    """Builds an MLP; `initializer` gives the name, the activation and the number of layers."""
    name, activation, depth = initializer
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer=INITIALIZERS[name]()))
        stack.append(layers.Activation(activation))
    stack.append(layers.Dense(num_classes, kernel_initializer=INITIALIZERS[name]()))
    return keras.Sequential(stack)


VARIANTS = {
    **{
        f"{name} - {depth}": (name, "relu", depth)
        for name in ("normal 0.01", "glorot", "he")
        for depth in DEPTHS
    },
    "sigmoid normal 0.1": ("normal 0.1", "sigmoid", 2),
    "sigmoid glorot uniform": ("glorot uniform", "sigmoid", 2),
}


GRIDS: dict[str, tuple[float, ...]] = {
    label: (0.1, 0.3, 1.0) if depth < 3 else (0.03, 0.1, 0.3)
    for label, (_, _, depth) in VARIANTS.items()
}
GRIDS |= {
    "glorot - 2": (0.03, 0.1, 0.3),
    "he - 2": (0.03, 0.1, 0.3),
    **dict.fromkeys(["normal 0.01 - 5", "normal 0.01 - 10"], (0.003, 0.01, 0.1, 0.3)),
    "he - 10": (0.01, 0.03, 0.1),
    "sigmoid normal 0.1": (0.3, 1.0, 3.0),
    "sigmoid glorot uniform": (0.3, 1.0, 3.0),
}


def fails(depth):
    """Says that at a depth small weights train worse than Glorot's and He's."""
    rivals = (f"glorot - {depth}", f"he - {depth}")
    return above(rivals, f"normal 0.01 - {depth}", "accuracy", margin=0.1)


EXPERIMENT = Experiment(
    factor="initializer",
    baseline="he - 2",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=GRIDS,
        epochs=15,
        batch_size=128,
    ),
    claims=[
        Claim(
            "INI03 small networks",
            Equivalence("glorot - 1", "normal 0.01 - 1", "accuracy", margin=0.02),
            "With one hidden layer weights of 0.01 reach Glorot's training accuracy to 2 points.",
        ),
        Claim(
            "INI03 deeper networks",
            (*fails(5), *fails(10)),
            "With 5 and 10 layers weights of 0.01 end over 10 points of training accuracy below "
            "Glorot's and He's.",
        ),
    ],
)
