"""What the trials of a search tell: which hyperparameter mattered, and how good luck is. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoo.search_space import Dimension

SHUFFLES = 2000  # orders of the trials that the band of the best-so-far is from
SEED = 0


def importance(
    trials: pd.DataFrame, space: Mapping[str, Dimension]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Returns the permutation importance of each hyperparameter in a forest of the scores.

    Args:
        trials: As in `trials.csv`.
        space: What was varied, by name.

    Returns:
        Mean absolute error that shuffling adds, and its deviation over 20 shuffles; each of shape
        `(hyperparameters,)`.

    References:
        Breiman (2001), Random Forests, Machine Learning 45.
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    x = np.column_stack([shares(each, trials[name]) for name, each in space.items()])
    y = trials["score"].to_numpy(float)
    forest = RandomForestRegressor(200, min_samples_leaf=2, random_state=SEED).fit(x, y)
    found = permutation_importance(
        forest, x, y, scoring="neg_mean_absolute_error", n_repeats=20, random_state=SEED
    )
    return found.importances_mean, found.importances_std


def shares(dimension: Dimension, values: pd.Series) -> npt.NDArray[Any]:
    """Returns where values lie in a dimension, 0 to 1; those of a list in equal steps.

    A hyperparameter that is inactive in a trial has no value there: NaN.
    """
    if not dimension.is_list:
        return np.array([dimension.place(value) for value in values])
    order = {str(choice): place for place, choice in enumerate(dimension.choices)}
    steps = max(len(order) - 1, 1)
    missing = values.isna()
    return np.array(
        [
            math.nan if none else order[_text(value, order)] / steps
            for value, none in zip(values, missing, strict=True)
        ]
    )


def _text(value: Any, order: Mapping[str, int]) -> str:
    # A column of whole numbers may come back as floats.
    return str(value) if str(value) in order else f"{value:g}"


def best_of_k(
    score: npt.NDArray[Any],
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Returns what the best of 1, 2, ... of the trials is, drawn without putting back.

    Args:
        score: Shape `(trials,)`.

    Returns:
        2.5 %, 50 % and 97.5 % quantiles over random orders, each of shape `(trials,)`.
    """
    generator = np.random.default_rng(SEED)
    orders = np.array([generator.permutation(score) for _ in range(SHUFFLES)])
    found = np.quantile(np.maximum.accumulate(orders, axis=1), (0.025, 0.5, 0.975), axis=0)
    return found[0], found[1], found[2]
