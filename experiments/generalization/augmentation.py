"""Do shifted, rotated and resized copies of few images make a network better?

While it trains, a network meets each image changed at random: shifted by up to a tenth, rotated by
up to 10 degrees, resized by up to a tenth, or all of it. Unsuitable are a mirror and quarter turns,
which make other digits, or none, of some. All take the same number of steps. Pixels share one
scale, so that a moved pixel means what it meant before; images of 28 x 28 are made 14 x 14.

References:
    Simard et al. (2003), Best Practices for Convolutional Neural Networks, ICDAR.
    Shorten and Khoshgoftaar (2019), A survey on Image Data Augmentation, Journal of Big Data 6.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference, above
from zoo.experiment import Experiment, Recipe
from zoo.layers import RandomMap

IDENTITY = np.eye(2)


def scale(x_train):
    """Divides features by the largest one, so that 0 stays 0; halves the sides of large images."""
    largest = abs(x_train.astype(float)).max()

    def apply(x):
        if x.ndim > 2 and min(x.shape[1:3]) > 16:
            height, width = (side // 2 for side in x.shape[1:3])
            x = x.reshape(len(x), height, 2, width, 2, -1).mean(axis=(2, 4))
        return x / largest

    return apply


def warp(shape, matrix=IDENTITY, shift=(0, 0)):
    """Returns the linear map of an image onto a changed one, shape (pixels, pixels).

    Args:
        shape: Height and width. What comes from outside the image is 0, its background.
        matrix: From where, seen from the middle, a place of the changed image takes its value.
        shift: Rows and columns by which the image is moved.
    """
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 2)
    middle = (np.array(shape) - 1) / 2
    source = (places - middle - shift) @ np.transpose(matrix) + middle  # (pixels, 2)
    distances = abs(source[None] - places[:, None])  # (inputs, outputs, 2)
    return np.maximum(0, 1 - distances).prod(axis=-1)  # bilinear


def turn(degrees):
    """Returns the matrix of a rotation."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def changes(kind, shape):
    """Returns the maps of a kind of change, of which one is drawn for each image."""
    far = [max(1, side // 10) if side > 1 else 0 for side in shape]
    down, right = (range(-most, most + 1) for most in far)
    angles, sizes = (-10, -5, 0, 5, 10), (0.9, 0.95, 1, 1.05, 1.1)
    return {
        "shift": [warp(shape, shift=(v, h)) for v in down for h in right],
        "rotate": [warp(shape, turn(angle)) for angle in angles],
        "zoom": [warp(shape, IDENTITY / size) for size in sizes],
        "mirror": [warp(shape), warp(shape, np.diag([1, -1]))],
        "quarter turns": [warp(shape, turn(angle)) for angle in (0, 90, 180, 270)],
    }[kind]


def build_model(input_shape, num_classes, augmentation, units=100):
    """Builds a ReLU network with two hidden layers that sees changed images while it trains."""
    shape = input_shape[:2] if len(input_shape) > 1 else (1, *input_shape)
    stack = [keras.Input(input_shape)]
    stack += [RandomMap(changes(kind, shape)) for kind in augmentation]
    stack.append(layers.Flatten())
    for _ in range(2):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


SUITABLE, UNSUITABLE = ("shift", "rotate", "zoom"), ("mirror", "quarter turns")

EXPERIMENT = Experiment(
    factor="augmentation",
    baseline="none",
    variants={
        "none": (),
        **{kind: (kind,) for kind in SUITABLE},
        "all three": SUITABLE,
        **{kind: (kind,) for kind in UNSUITABLE},
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.Adam,
        data="mnist5k",
        preprocessing=scale,
        train_examples=300,
        learning_rates=(0.001, 0.003, 0.01),
        epochs=100,
        batch_size=50,
    ),
    claims=[
        Claim(
            "AUG02",
            above((*SUITABLE, "all three"), "none"),
            "Shifts by up to a tenth, rotations by 10 degrees, resizing by a tenth, each and all "
            "together, raise the test accuracy.",
        ),
        Claim(
            "AUG03",
            above("none", UNSUITABLE),
            "Mirrored half of the time, or turned by a random number of right angles, which makes "
            "other digits of some, images lower the test accuracy.",
        ),
        Claim(
            "AUG04",
            (
                Difference("none", "all three", "accuracy_gap"),
                Difference("none", "all three", "test_loss"),
            ),
            "With images shifted, rotated and resized training accuracy is less far above test "
            "accuracy, and the test loss is lower.",
        ),
    ],
)
