"""From the columns of a table to what a network can take, learned from the training part alone.

The width is the same for every training part: which categories there are, and in which columns
something is missing, is taken from the whole table, without its labels. What is computed, the
median that stands for what is missing, is that of the training part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.columns import CATEGORY, DATE, Column

Array = NDArray[Any]


@dataclass(frozen=True)
class Features:
    """Makes features of the columns of a table: one of each number, one of each category.

    A category of two values makes one feature. Something missing among numbers or dates has the
    training part's median, and a feature of its own says that it was missing.

    Attributes:
        categories: For each column of the raw array how many categories its values are places in;
            0 for numbers.
    """

    categories: tuple[int, ...]

    def __call__(self, x_train: Array) -> Callable[[Array], Array]:
        """Learns from raw training examples, shape (examples, columns).

        Returns:
            A function of raw examples that returns their features, shape (examples, `width`).
        """
        # scikit-learn takes seconds to import, which tables of plain numbers need not wait for.
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import OneHotEncoder

        numbers = [place for place, count in enumerate(self.categories) if not count]
        words = [place for place, count in enumerate(self.categories) if count]
        # skrub's TableVectorizer would look at each training part anew for what is a category.
        encoder = OneHotEncoder(
            categories=[np.arange(float(self.categories[place])) for place in words],
            drop="if_binary",
            sparse_output=False,
        )
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        learned = ColumnTransformer([("numbers", imputer, numbers), ("words", encoder, words)])
        learned.fit(x_train)
        return lambda x: np.asarray(learned.transform(x), np.float64)

    @property
    def width(self) -> int:
        """How many features an example has."""
        return sum(count if count > 2 else 1 for count in self.categories)


def encoded(columns: Sequence[Column]) -> tuple[Array, Features | None]:
    """Returns the raw examples and what makes features of them.

    Args:
        columns: At least one.

    Returns:
        An array of shape (examples, raw columns), float64; and `None` instead of `Features` where
        all columns are numbers and none is missing, as the array is the features then.
    """
    raw, counts = [], []
    for column in columns:
        values = column.values if column.kind == DATE else column.values[:, np.newaxis]
        raw.append(values)
        count = len(column.categories) if column.kind == CATEGORY else 0
        counts += [count] * values.shape[1]
        if column.missing and column.kind != CATEGORY:
            raw.append(np.isnan(values[:, :1]).astype(np.float64))
            counts.append(0)
    x = np.concatenate(raw, axis=1)
    plain = not any(counts) and not np.isnan(x).any()
    return x, None if plain else Features(tuple(counts))
