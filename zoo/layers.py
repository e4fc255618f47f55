"""Layers that Keras lacks and the lectures name."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class Maxout(keras.layers.Layer):
    """The largest of several neighbours along the last axis.

    Behind a dense layer or a convolution with `pieces` times as many outputs it makes units that
    are each the largest of several linear functions of the input.

    Args:
        pieces: Integer of at least 1. Linear functions for each output; it divides the last axis.

    References:
        Goodfellow et al. (2013), Maxout Networks, ICML, arXiv:1302.4389.
    """

    def __init__(self, pieces: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pieces < 1:
            raise ValueError(f"`pieces` must be a positive integer. Received: pieces={pieces}")
        self.pieces = pieces

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Checks the last axis."""
        if input_shape[-1] % self.pieces:
            raise ValueError(
                f"`pieces` must divide the last axis. Received: pieces={self.pieces}, inputs of "
                f"shape {input_shape}"
            )

    def call(self, inputs: Any) -> Any:
        """Maps `(batch, ..., units * pieces)` to `(batch, ..., units)`."""
        shape = (-1, *self.compute_output_shape(inputs.shape)[1:], self.pieces)
        return ops.max(ops.reshape(inputs, shape), axis=-1)

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns `(batch, ..., units)`."""
        return (*input_shape[:-1], input_shape[-1] // self.pieces)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "pieces": self.pieces}


@keras.saving.register_keras_serializable("zoo")
class RReLU(keras.layers.Layer):
    """Leaky ReLU whose negative slope is drawn anew for every value while training.

    Args:
        lower: Float above 0, the smallest divisor of a negative input.
        upper: Float of at least `lower`, the largest divisor. At inference the slope is
            `2 / (lower + upper)`.
        seed: Integer, or `None`.

    References:
        Xu et al. (2015), Empirical Evaluation of Rectified Activations in Convolutional Network,
        arXiv:1505.00853.
    """

    def __init__(
        self, lower: float = 3.0, upper: float = 8.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 0 < lower <= upper:
            raise ValueError(
                f"`lower` and `upper` must satisfy 0 < lower <= upper. Received: {lower}, {upper}"
            )
        self.lower = lower
        self.upper = upper
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Maps an array to one of the same shape."""
        divisor: Any = (self.lower + self.upper) / 2
        if training:
            divisor = keras.random.uniform(
                ops.shape(inputs), self.lower, self.upper, seed=self.seed_generator
            )
        return ops.where(inputs >= 0, inputs, inputs / divisor)

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {"lower": self.lower, "upper": self.upper, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("zoo")
class Swish(keras.layers.Layer):
    """`x * sigmoid(beta * x)`, with beta fixed or learned, one for the whole layer.

    Args:
        beta: Float. 0 gives `x / 2`, 1 is SiLU, the limit of large values is ReLU.
        learn: Boolean. Whether beta is trained, from this value on.

    References:
        Ramachandran et al. (2017), Searching for Activation Functions, arXiv:1710.05941.
    """

    def __init__(self, beta: float = 1.0, learn: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta = beta
        self.learn = learn

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes beta."""
        self.scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(self.beta),
            trainable=self.learn,
            name="beta",
        )

    def call(self, inputs: Any) -> Any:
        """Maps an array to one of the same shape."""
        return inputs * ops.sigmoid(self.scale * inputs)

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "beta": self.beta, "learn": self.learn}


@keras.saving.register_keras_serializable("zoo")
class DropConnect(keras.layers.Dense):
    """A Dense layer that drops connections instead of units while training.

    One mask is drawn a step, shared by the examples of the batch; kept weights are scaled by
    `1 / (1 - rate)`, so inference uses the kernel as it is.

    Args:
        units: Positive integer. Number of outputs.
        rate: Float in [0, 1). Fraction of the kernel's entries to drop; 0 drops none.
        seed: Integer, or `None`.
        **kwargs: Arguments of `keras.layers.Dense`.

    References:
        Wan et al. (2013), Regularization of Neural Networks using DropConnect, ICML.
    """

    def __init__(self, units: int, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be at least 0 and below 1. Received: rate={rate}")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Maps `(..., inputs)` to `(..., units)`."""
        kernel = ops.convert_to_tensor(self.kernel)  # JAX drops from arrays, not from variables
        if training and self.rate > 0:
            kernel = keras.random.dropout(kernel, self.rate, seed=self.seed_generator)
        outputs = ops.matmul(inputs, kernel)
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable("zoo")
class RandomMap(keras.layers.Layer):
    """Applies one of several linear maps to each example while training: an augmentation.

    Shifts, rotations, zooms and flips of images or signals are such maps. At inference examples
    stay as they are.

    Args:
        maps: Array of shape `(maps, inputs, inputs)`, or nested lists. The first axis is that of
            the map that is drawn, each as likely; the second that of the inputs, all axes of an
            example flattened; the third that of the outputs.
        seed: Integer, or `None`.

    References:
        Simard et al. (2003), Best Practices for Convolutional Neural Networks Applied to Visual
        Document Analysis, ICDAR.
    """

    def __init__(self, maps: Any, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maps = np.asarray(maps, np.float32)
        if self.maps.ndim != 3 or not len(self.maps) or self.maps.shape[1] != self.maps.shape[2]:
            raise ValueError(
                "`maps` must be an array of shape (maps, inputs, inputs). Received: one of shape "
                f"{self.maps.shape}"
            )
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Checks the number of inputs."""
        if math.prod(input_shape[1:]) != self.maps.shape[1]:
            raise ValueError(
                f"`maps` must be of as many inputs as an example has. Received: maps of "
                f"{self.maps.shape[1]}, examples of shape {tuple(input_shape[1:])}"
            )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Maps an array `(batch, ...)` to one of the same shape."""
        if not training:
            return inputs
        number, size = self.maps.shape[:2]
        drawn = keras.random.uniform(ops.shape(inputs)[:1], 0, number, seed=self.seed_generator)
        chosen = ops.one_hot(ops.cast(ops.minimum(drawn, number - 1), "int32"), number)
        side_by_side = self.maps.transpose(1, 0, 2).reshape(size, -1)  # (inputs, maps * outputs)
        every = ops.matmul(ops.reshape(inputs, (-1, size)), side_by_side)
        every = ops.reshape(every, (-1, number, size))  # (batch, maps, outputs)
        return ops.reshape(ops.sum(chosen[:, :, None] * every, axis=1), ops.shape(inputs))

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "maps": self.maps.tolist(), "seed": self.seed}
