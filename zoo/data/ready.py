"""A data set ready to train on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from zoo.data.arrays import shapes_of

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Data:
    """A data set ready to train on.

    Attributes:
        name: The data set's name, or the file's stem.
        x_train: Features of shape (examples, ...), float32, normalised; `x_validation` and
            `x_test` alike, with the statistics of the training part.
        y_train: Labels of shape (examples,), int32, from 0 to `num_classes` - 1; or float32 numbers
            to be predicted, less the training part's mean and over its standard deviation.
            `y_validation` and `y_test` alike.
        num_classes: Number of classes, at least 2; 1, as many as there are outputs, of numbers.
        class_names: The name of class 0, of class 1, and so on; none of numbers.
        fingerprint: 16 hexadecimal digits that change when any value in the arrays does.
        table: What was done with a table, ready for JSON; None if it is none.
        target_scale: Mean and standard deviation of the training part's numbers to be predicted, in
            their unit; None of classes.
        note: What was done with examples of no table, in words.
        w_train: How much each example counts in the loss, float32 of shape (examples,); None where
            all count once. `w_validation` and `w_test` alike.
    """

    name: str
    x_train: Array
    y_train: Array
    x_validation: Array
    y_validation: Array
    x_test: Array
    y_test: Array
    num_classes: int
    class_names: tuple[str, ...]
    fingerprint: str
    table: Mapping[str, Any] | None = None
    target_scale: tuple[float, float] | None = None
    note: str = ""
    w_train: Array | None = None
    w_validation: Array | None = None
    w_test: Array | None = None

    def of(self, seed: int) -> Data:
        """Returns what the runs of a seed train on and are tested on: these data, whatever it is.

        `zoo.data.Draws` has others for every seed.
        """
        return self

    @property
    def weights(self) -> list[Array]:
        """The weights of those parts that have some."""
        parts = (self.w_train, self.w_validation, self.w_test)
        return [each for each in parts if each is not None]

    @property
    def of_numbers(self) -> bool:
        """Whether the target is a number to be predicted."""
        return self.target_scale is not None

    @property
    def input_shape(self) -> Any:
        """Shape of one example, without the batch axis; for several inputs a list or dict."""
        return shapes_of(self.x_train)
