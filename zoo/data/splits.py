"""Which examples are trained on and which are held out."""

import numpy as np

from zoo.data.parts import Array


def stratified_split(labels: Array, share: float, seed: int) -> tuple[Array, Array]:
    """Splits row indexes so that each class keeps its share on both sides.

    A class of two or more examples has some on both sides; a single example stays in the rest.

    Args:
        labels: Labels of shape (examples,), from 0.
        share: Float between 0 and 1. Fraction of the examples to hold out.
        seed: Same labels, share and seed: same split.

    Returns:
        Sorted row indexes of the rest and of the held-out part, both int64.
    """
    counts = np.bincount(labels)
    lowest, highest = np.minimum(counts // 2, 1), np.maximum(counts - 1, 0)
    sizes = _quotas(counts, round(share * len(labels)), lowest, highest)
    held_out = _draw(labels, sizes, seed)
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def some_rows(labels: Array, total: int, seed: int, fewest: int = 1) -> Array:
    """Draws rows in which each class keeps its share, some of each.

    Args:
        labels: Labels of shape (examples,), from 0.
        total: How many rows, at least `fewest` times the number of classes.
        seed: Same labels, total and seed: same rows.
        fewest: How many of each class at least; each has as many.

    Returns:
        Sorted row indexes.
    """
    counts = np.bincount(labels)
    return _draw(labels, _quotas(counts, total, np.full_like(counts, fewest), counts), seed)


def _quotas(counts: Array, total: int, lowest: Array, highest: Array) -> Array:
    """Shares `total` among classes in proportion to `counts` (largest remainder), in bounds."""
    total = int(np.clip(total, lowest.sum(), highest.sum()))
    ideal = counts * (total / counts.sum())
    quotas: Array = np.clip(np.floor(ideal).astype(np.int64), lowest, highest)
    while (step := int(np.sign(total - quotas.sum()))) != 0:
        free = quotas < highest if step > 0 else quotas > lowest
        quotas[np.where(free, step * (ideal - quotas), -np.inf).argmax()] += step
    return quotas


def _draw(labels: Array, sizes: Array, seed: int) -> Array:
    """Draws `sizes[c]` rows of each class c and returns them sorted."""
    generator = np.random.default_rng(seed)
    rows = [
        generator.permutation(np.flatnonzero(labels == label))[:size]
        for label, size in enumerate(sizes)
    ]
    return np.sort(np.concatenate(rows))
