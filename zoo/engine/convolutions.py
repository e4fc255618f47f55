"""Convolutions as matrix products, for processors, where XLA is slow at convolutions.

A convolution is the product of its kernel with the patches of the input that the kernel meets, and
the largest of a window is found in turn. Outputs and gradients are those of Keras's layers but for
rounding; of equal places in a window the first has the gradient, as there.

Source: Chellapilla, Puri and Simard (2006), High Performance Convolutional Neural Networks for
Document Processing, International Workshop on Frontiers in Handwriting Recognition.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from keras import layers, ops

from callbacks.keras_internals import all_layers, seed_generators
from zoo.engine.device import on_processor
from zoo.engine.seams import seam

# Operations of a step, forwards and back, beyond which `fit` with its own convolutions is as fast.
MOST_OPERATIONS = 3e8
MOST_NUMBERS = 250_000  # of an example's patches in a layer, as a thousand are evaluated at once
PASSES = 3  # through a layer in a step: outputs, gradients of the inputs and of the kernel

Products = Sequence[tuple[Any, Callable[[Any], Any]]]


def _kinds(word: str) -> tuple[Any, ...]:
    """Returns Keras's layers that have a word in their names."""
    every = (getattr(layers, name) for name in dir(layers) if word in name)
    return tuple(each for each in every if isinstance(each, type))


CONVOLUTIONS = _kinds("Conv")
POOLING = tuple(each for each in _kinds("MaxPooling") if "Global" not in each.__name__)


def convolves(model: Any) -> bool:
    """Returns whether a model has convolutions."""
    return any(isinstance(layer, CONVOLUTIONS) for layer in all_layers(model))


def draws(model: Any) -> bool:
    """Returns whether a model draws random numbers."""
    return any(map(seed_generators, all_layers(model, include_self=True)))


def why_slow(model: Any, batch_size: int) -> str:
    """Returns why `fit` is the faster way to train a model's convolutions, or an empty text.

    Args:
        model: A model, whose shapes are known.
        batch_size: Examples in a step.
    """
    if not convolves(model) or not on_processor():
        return ""
    # A number takes XLA some 0.2 microseconds, which is more than the products take.
    drawing = filter(seed_generators, all_layers(model, include_self=True))
    if any(type(layer) not in seam().DRAWN_FAST for layer in drawing):
        return "as many random numbers as convolutions need are slower in XLA"
    operations, able = 0.0, dict(products_of(model))
    for layer in all_layers(model):
        if isinstance(layer, (*CONVOLUTIONS, *POOLING)) and layer not in able:
            return f"{type(layer).__name__} on a processor is slower in XLA"
        if isinstance(layer, CONVOLUTIONS):
            shape = getattr(getattr(layer, "output", None), "shape", None) if layer.built else None
            if shape is None or None in shape[1:]:
                return "convolutions on a processor are slower in XLA if shapes are not known"
            numbers = math.prod(shape[1:-1]) * math.prod(layer.kernel.shape[:-1])
            operations += 2.0 * PASSES * batch_size * numbers * shape[-1]
            if numbers > MOST_NUMBERS or operations > MOST_OPERATIONS:
                return "convolutions of this size are as fast without XLA"
    return ""


def products_of(model: Any) -> Products:
    """Returns the layers that can be products, each with what stands in for its `call`.

    On an accelerator there are none, and none in a model without convolutions.
    """
    if not convolves(model) or not on_processor():
        return []
    found: list[tuple[Any, Callable[[Any], Any]]] = []
    for layer in all_layers(model):  # a class of the user's may have a call of its own
        if type(layer) in (layers.Conv1D, layers.Conv2D):
            if layer.groups == 1 and layer.data_format == "channels_last":
                found.append((layer, partial(_convolution, layer)))
        elif type(layer) in (layers.MaxPooling1D, layers.MaxPooling2D):
            apart = tuple(layer.strides) == tuple(layer.pool_size) and layer.padding == "valid"
            if apart and layer.data_format == "channels_last":
                found.append((layer, partial(_largest, layer)))
    return found


@contextmanager
def replaced(products: Products) -> Iterator[None]:
    """Has layers computed by what stands in for them, as long as the context lasts."""
    for layer, call in products:
        layer.__dict__["call"] = call  # Keras would track it
    try:
        yield
    finally:
        for layer, _ in products:
            del layer.__dict__["call"]


def _convolution(layer: Any, inputs: Any) -> Any:
    """Returns what Conv1D or Conv2D makes of inputs of shape `(batch, places, ..., channels)`."""
    kernel, strides, dilations = layer.kernel, layer.strides, layer.dilation_rate
    *sizes, channels, filters = kernel.shape
    axes = list(zip(inputs.shape[1:-1], sizes, strides, dilations, strict=True))
    margins = [_margin(layer.padding, *axis) for axis in axes]
    if any(map(any, margins)):
        inputs = ops.pad(inputs, [(0, 0), *margins, (0, 0)])
    places = [
        (given - 1 - (size - 1) * dilation) // stride + 1
        for given, (_, size, stride, dilation) in zip(inputs.shape[1:-1], axes, strict=True)
    ]
    patches = []
    for corner in itertools.product(*map(range, sizes)):
        starts = [step * dilation for step, dilation in zip(corner, dilations, strict=True)]
        cut = [
            slice(start, start + (count - 1) * stride + 1, stride)
            for start, count, stride in zip(starts, places, strides, strict=True)
        ]
        patches.append(inputs[(slice(None), *cut, slice(None))])
    width = math.prod(sizes) * channels
    seen = ops.reshape(ops.concatenate(patches, axis=-1), (-1, width))
    outputs = ops.matmul(seen, ops.reshape(kernel, (width, filters)))
    outputs = ops.reshape(outputs, (-1, *places, filters))
    if layer.use_bias:
        outputs = ops.add(outputs, layer.bias)
    return outputs if layer.activation is None else layer.activation(outputs)


def _margin(padding: str, given: int, size: int, stride: int, dilation: int) -> tuple[int, int]:
    """Returns how many zeros come before and behind an axis."""
    reach = (size - 1) * dilation
    if padding == "causal":
        return reach, 0
    if padding == "valid":
        return 0, 0
    lacking = max((math.ceil(given / stride) - 1) * stride + reach + 1 - given, 0)
    return lacking // 2, lacking - lacking // 2


def _largest(layer: Any, inputs: Any) -> Any:
    """Returns the largest of each window of inputs of shape `(batch, places, ..., channels)`."""
    for axis, size in enumerate(layer.pool_size, 1):
        before, behind = inputs.shape[1:axis], inputs.shape[axis + 1 :]
        count = inputs.shape[axis] // size
        whole = (slice(None),) * axis
        windows = inputs[(*whole, slice(count * size))]
        windows = ops.reshape(windows, (-1, *before, count, size, *behind))
        inputs = windows[(*whole, slice(None), 0)]
        for place in range(1, size):
            other = windows[(*whole, slice(None), place)]
            inputs = ops.where(other > inputs, other, inputs)
    return inputs
