"""Which variables of a model are kernels, what they are called, and what belongs to each."""

from __future__ import annotations

from typing import Any

import keras

# Layers that put nothing of their own into what a hidden layer gives on.
PASSING = (
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.Reshape,
)


def kernels(model: Any) -> dict[str, Any]:
    """Returns the kernels of a model by the name of their layer.

    A kernel is a variable whose name ends in `kernel`: biases, scales, offsets and embeddings are
    none. Where a layer has several, as a GRU has, the rest of each one's path follows its name.

    Args:
        model: A built Keras model.
    """
    found: dict[str, Any] = {}
    for layer in model.layers:
        own = [variable for variable in layer.weights if variable.name.endswith("kernel")]
        for variable in own:
            rest = variable.path.rpartition(f"{layer.name}/")[2]
            found[layer.name if len(own) == 1 else f"{layer.name}/{rest}"] = variable
    return found


def layer_blocks(model: Any) -> list[tuple[str, str]]:
    """Returns the network's layers as the lectures count them: each kernel with what follows it.

    Returns:
        For each block the name of the layer with the kernel and of the one whose output the block
        gives on: its normalisation or activation if it has one. The last block makes the logits.
    """
    with_kernel = {name.partition("/")[0] for name in kernels(model)}
    blocks: list[tuple[str, str]] = []
    for layer in model.layers:
        if layer.name in with_kernel:
            blocks.append((layer.name, layer.name))
        elif blocks and not isinstance(layer, PASSING) and "Pooling" not in type(layer).__name__:
            blocks[-1] = (blocks[-1][0], layer.name)
    return blocks
