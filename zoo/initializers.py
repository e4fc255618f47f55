"""Initializers that Keras lacks and the lectures name."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class IdenticalColumns(keras.initializers.HeNormal):
    """He-normal weights with every unit of the layer given the same incoming weights.

    Only the weights that come in are equal. Where those that go out differ, as they do in front of
    a layer of this kind, the units part in training; units with both equal stay equal. The common
    column's sign is chosen so that its sum is positive; with the other sign a unit whose inputs are
    all equal and positive, as behind such a layer and a ReLU, would be dead.

    Args:
        seed: Integer, or `None`.

    References:
        Goodfellow, Bengio and Courville (2016), Deep Learning, section 8.4.
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Returns a kernel of shape `(inputs, units)` with equal columns."""
        column = super().__call__((*shape[:-1], 1), dtype=dtype)
        column = ops.where(ops.sum(column) < 0, -column, column)
        return ops.repeat(column, shape[-1], axis=-1)


@keras.saving.register_keras_serializable("zoo")
class LSUV(keras.initializers.Orthogonal):
    """Layer-sequential unit variance: orthogonal, then scaled until outputs have variance 1.

    On its own it is `Orthogonal`; `zoo.initializers.scale_to_unit_variance` does the second part.

    Args:
        gain: Float. Factor of the orthogonal start.
        seed: Integer, or `None`.

    References:
        Mishkin and Matas (2016), All you need is a good init, ICLR, arXiv:1511.06422.
    """


@keras.saving.register_keras_serializable("zoo")
class DeltaOrthogonal(keras.initializers.Orthogonal):
    """A convolution kernel that is an orthogonal matrix at its centre and zero elsewhere.

    A convolution with it that keeps the size of its input, whether by zeros or by wrapping round,
    multiplies the norm of every input by the gain: all singular values of its Jacobian are equal.

    Args:
        gain: Float. Factor of the orthogonal matrix.
        seed: Integer, or `None`.

    References:
        Xiao et al. (2018), Dynamical Isometry and a Mean Field Theory of CNNs: How to Train
        10,000-Layer Vanilla Convolutional Neural Networks, ICML, arXiv:1806.05393.
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Returns a kernel of shape `(*sizes, inputs, outputs)` with one or two sizes.

        Raises:
            ValueError: If the shape is another, a size is even and has no centre, or there are
                fewer outputs than inputs, which no norm survives.
        """
        *sizes, inputs, outputs = shape
        if len(sizes) not in (1, 2):
            raise ValueError(
                "`shape` must be that of the kernel of a 1-D or 2-D convolution. "
                f"Received: shape={tuple(shape)}"
            )
        if any(size % 2 == 0 for size in sizes):
            raise ValueError(
                "The sizes of the kernel must be odd, so that it has a centre. "
                f"Received: shape={tuple(shape)}"
            )
        if outputs < inputs:
            raise ValueError(
                "The layer must have at least as many outputs as inputs. "
                f"Received: shape={tuple(shape)}"
            )
        matrix = super().__call__((inputs, outputs), dtype=dtype)
        centre = ops.reshape(matrix, (*[1] * len(sizes), inputs, outputs))
        return ops.pad(centre, [*[(size // 2, size // 2) for size in sizes], (0, 0), (0, 0)])


def scale_to_unit_variance(model: Any, inputs: Any, tolerance: float = 0.02) -> None:
    """Scales the kernels that `LSUV` started, first to last, to outputs of variance 1.

    A model without `LSUV` kernels is left as it is, and so is a kernel that is no longer orthogonal
    because it was loaded or trained.

    Args:
        model: A built functional or sequential model; changed in place.
        inputs: Examples to measure on, shape `(examples, ...)`.
        tolerance: Float above 0. Largest accepted distance of the variance from 1.

    Raises:
        ValueError: If a layer's output is constant, so that no scale gives it a variance.
    """
    for layer in model.layers:
        ours = isinstance(getattr(layer, "kernel_initializer", None), LSUV)
        if not ours or not _orthogonal(ops.convert_to_numpy(layer.kernel)):
            continue
        probe = keras.Model(model.inputs[0], layer.output)
        for _ in range(10):
            outputs = ops.convert_to_numpy(probe(inputs, training=False))
            variance = float(outputs.var())
            if variance == 0:
                raise ValueError(f"The outputs of layer {layer.name!r} are constant.")
            if abs(variance - 1) <= tolerance:
                break
            layer.kernel.assign(layer.kernel / variance**0.5)


def _orthogonal(kernel: Any) -> bool:
    """Returns whether a kernel, as a matrix, is a multiple of an orthogonal one."""
    matrix = np.reshape(kernel, (-1, kernel.shape[-1])).astype(np.float64)
    products = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    scale = np.trace(products) / len(products)
    return bool(np.abs(products - scale * np.eye(len(products))).max() <= 1e-3 * scale)
