"""Which variables of a model are kernels, and what they are called."""

from __future__ import annotations

from typing import Any


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
