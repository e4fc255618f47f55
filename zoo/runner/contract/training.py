"""What training an experiment must show: it goes on, it learns, it repeats, and factors act.

Each variant trains for two epochs on a few examples, with plain Keras and nothing compiled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.data import Data
from zoo.engine.initial_model import Start
from zoo.experiment import Experiment, Recipe
from zoo.runner.contract.networks import same
from zoo.runs.plan import optimizer_of
from zoo.runs.seeding import epoch_order

EXAMPLES, HELD_OUT, BATCH = 200, 60, 50
EPOCHS, MANY_EPOCHS = 2, 8  # what acts at the end of an epoch needs some of them
SET_HERE = ("epochs", "train_examples")  # factors that these runs all have the same of

History = dict[str, list[float]]


def few(data: Data) -> Data:
    """Returns some examples of a data set, with validation that is wrong on purpose.

    What learns the training part gets worse on that validation part, so that whatever watches it
    has to act.
    """
    y = (data.y_validation + 1) % data.num_classes
    return replace(
        data,
        x_train=data.x_train[:EXAMPLES],
        y_train=data.y_train[:EXAMPLES],
        x_validation=data.x_validation[:HELD_OUT],
        y_validation=y[:HELD_OUT],
        x_test=data.x_test[:HELD_OUT],
        y_test=data.y_test[:HELD_OUT],
    )


def middle(grid: Sequence[float]) -> float:
    """Returns the learning rate in the middle of a grid, of two the larger."""
    return sorted(grid)[len(grid) // 2]


def train(
    recipe: Recipe,
    data: Data,
    rate: float,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    batch_size: int = BATCH,
) -> History:
    """Trains a run with plain Keras, step by step, with nothing compiled, and asks its probes.

    Args:
        recipe: What is trained: network, optimizer, schedule, callbacks, loss and probes.
        data: Some examples.
        rate: Initial learning rate.
        epochs: Positive integer.
        seed: Non-negative integer.
        batch_size: Positive integer, instead of the recipe's.

    Returns:
        Values of each epoch: `loss` and `accuracy`, means over its steps, `val_loss`,
        `val_accuracy` and `learning_rate`.
    """
    batch = min(batch_size, len(data.x_train))
    steps = len(data.x_train) // batch
    recipe = replace(recipe, epochs=epochs, batch_size=batch)
    model = Start(recipe, data).placed(seed)
    optimizer, callbacks = optimizer_of(recipe, rate, steps)
    # Tracing a function takes longer than running it this often.
    model.compile(optimizer, recipe.loss(), metrics=["accuracy"], run_eagerly=True)
    told = keras.callbacks.CallbackList(callbacks, model=model, epochs=epochs, steps=steps)
    history: History = {}
    model.stop_training = False
    told.on_train_begin()
    for epoch in range(epochs):
        told.on_epoch_begin(epoch)
        rows = epoch_order(len(data.x_train), seed, epoch)[: steps * batch].reshape(steps, batch)
        logs = [_step(model, data, rows[step], step, told) for step in range(steps)]
        held = model.test_on_batch(data.x_validation, data.y_validation, return_dict=True)
        row = {name: sum(float(log[name]) for log in logs) / steps for name in logs[0]}
        row |= {f"val_{name}": float(value) for name, value in held.items()}
        told.on_epoch_end(epoch, dict(row))
        row["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        for name, value in row.items():
            history.setdefault(name, []).append(value)
        if model.stop_training or not math.isfinite(row["loss"]):
            break
    told.on_train_end()
    for probe in recipe.probes.values():
        float(probe(model, data))
    return history


def _step(model: Any, data: Data, rows: Any, step: int, told: Any) -> dict[str, Any]:
    """Trains on one batch and returns its loss and accuracy alone."""
    told.on_train_batch_begin(step)
    model.reset_metrics()
    weights = None if data.w_train is None else data.w_train[rows]
    logs: dict[str, Any] = model.train_on_batch(
        data.x_train[rows], data.y_train[rows], weights, return_dict=True
    )
    model.reset_metrics()
    told.on_train_batch_end(step, logs)
    return logs


def finite(history: History) -> bool:
    """Returns whether every number of a history is finite."""
    return all(math.isfinite(value) for values in history.values() for value in values)


def falls(history: History) -> bool:
    """Returns whether the training loss is lower in the last epoch than in the first."""
    return history["loss"][-1] < history["loss"][0]


def alike(first: History, second: History) -> bool:
    """Returns whether two histories differ by no more than rounding."""
    return first.keys() == second.keys() and all(
        len(first[name]) == len(second[name])
        and np.allclose(first[name], second[name], rtol=1e-6, atol=0, equal_nan=True)
        for name in first
    )


def equal(first: History, second: History) -> bool:
    """Returns whether two histories are the same to the last bit; not a number equals itself."""
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name], equal_nan=True) for name in first
    )


class Trained:
    """All variants of an experiment, trained in the order of the declaration.

    Args:
        experiment: What is trained, each variant at the middle of its grid.
        data_of: Some examples for each variant.

    Attributes:
        histories: Each variant's history.
    """

    def __init__(self, experiment: Experiment, data_of: Mapping[str, Data]) -> None:
        self.experiment = experiment
        self.data_of = data_of
        self.histories = {
            label: train(
                experiment.recipe_for(label),
                data_of[label],
                self.rate_of(label),
                batch_size=self.batch_of(label),
            )
            for label in experiment.variants
        }

    def rate_of(self, label: str) -> float:
        """Returns the learning rate at which a variant trains first."""
        return middle(self.experiment.learning_rates(label))

    def batch_of(self, label: str) -> int:
        """Returns a batch size for some examples; where it varies, each is half the next larger."""
        if self.experiment.factor != "batch_size":
            return BATCH
        sizes = self.experiment.variants
        larger = {size for size in sizes.values() if size > sizes[label]}
        return max(1, BATCH >> len(larger))

    def again(self, label: str, rate: float | None = None, epochs: int = EPOCHS) -> History:
        """Trains a variant once more, without asking its probes."""
        recipe = replace(self.experiment.recipe_for(label), probes={})
        rate = self.rate_of(label) if rate is None else rate
        batch = self.batch_of(label)
        return train(recipe, self.data_of[label], rate, epochs=epochs, batch_size=batch)

    def diverging(self) -> list[str]:
        """Returns the variants with a number that is not finite."""
        return [label for label, history in self.histories.items() if not finite(history)]

    def learns(self) -> bool:
        """Returns whether the baseline's training loss falls at one learning rate at least."""
        baseline = self.experiment.baseline
        others = set(self.experiment.learning_rates(baseline)) - {self.rate_of(baseline)}
        return falls(self.histories[baseline]) or any(
            falls(self.again(baseline, rate)) for rate in sorted(others)
        )

    def unrepeated(self) -> list[str]:
        """Returns which of the first two variants train otherwise once all others have trained."""
        first_two = list(self.histories)[1::-1]
        return [label for label in first_two if not equal(self.again(label), self.histories[label])]

    def late(self) -> dict[str, int]:
        """Returns the epochs that callbacks wait for, by variant, if these runs end before."""
        found = {}
        for label in self.experiment.variants:
            callbacks = self.experiment.recipe_for(label).callbacks()
            patience = [getattr(each, "patience", 0) for each in callbacks]
            longest = max([each for each in patience if isinstance(each, int)], default=0)
            if longest >= MANY_EPOCHS:
                found[label] = longest
        return found

    def without_effect(self) -> list[tuple[str, str]]:
        """Returns the pairs of variants between which training shows no difference.

        Variants that are `late` do not count: what they do comes after these runs.

        Pairs that are alike train for more epochs, at their largest rate and at the middle one:
        some factors act late, or on large weights only. How long training is, and on how many
        examples, these runs have the same, so that such a factor cannot act.
        """
        if self.experiment.factor in SET_HERE:
            return []
        late = self.late()
        histories = {k: v for k, v in self.histories.items() if k not in late}
        pairs = same(histories, alike)
        for choose in (max, middle):
            longer = {
                label: self.again(label, choose(self.experiment.learning_rates(label)), MANY_EPOCHS)
                for label in dict.fromkeys(label for pair in pairs for label in pair)
            }
            pairs = [(a, b) for a, b in pairs if alike(longer[a], longer[b])]
        return pairs
