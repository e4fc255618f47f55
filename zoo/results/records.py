"""From what callbacks recorded inside the networks to tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zoo.runs.run import Run

HISTOGRAMS = 5  # epochs of which the histograms are kept


# Of what is recorded by layer, what goes into the tables.
LAYERS = [
    "activation_mean",
    "activation_standard_deviation",
    "activation_zero_share",
    "activation_dead_share",
    "activation_saturated_share",
    "weight_gradient_norm",
    "weight_gradient_rms",
    "output_gradient_norm",
    "output_gradient_rms",
    "weight_standard_deviation",
    "update_ratio",
]


def records_frames(
    recorded: Mapping[Run, Sequence[tuple[int, int, str, Any]]], table: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Makes the tables of what was recorded inside the networks.

    Args:
        recorded: Rows of layer, epoch, metric, value by run.
        table: One row a variant with its chosen learning rate; other runs are left out.

    Returns:
        One row a variant, layer, epoch and metric of `LAYERS`: mean, lowest and highest over the
        seeds, n. And one row a variant, layer, epoch and bin of the activations' histogram: the
        number of the bin, from 0 for what is below the lowest edge, and the share of the elements,
        averaged over the seeds; empty bins are left out.
    """
    chosen = dict(zip(table["variant"], table["learning_rate"], strict=True))
    scalars: dict[tuple[str, int, int, str], list[float]] = {}
    counts: dict[tuple[str, int, int], list[list[float]]] = {}
    for run, rows in recorded.items():
        if run.learning_rate != chosen.get(run.variant):
            continue
        shown = shown_epochs(epoch for _, epoch, _, _ in rows)
        drawn = {shown[round(i * (len(shown) - 1) / (HISTOGRAMS - 1))] for i in range(HISTOGRAMS)}
        for layer, epoch, metric, value in rows:
            if epoch not in shown:
                continue
            if metric == "activation_histogram":
                if epoch not in drawn:
                    continue
                total = sum(value) or 1
                shares = [number / total for number in value]
                counts.setdefault((run.variant, layer, epoch), []).append(shares)
            elif metric in LAYERS:
                scalars.setdefault((run.variant, layer, epoch, metric), []).append(value)
    order = {label: place for place, label in enumerate(table["variant"])}
    by_metric = {metric: place for place, metric in enumerate(LAYERS)}
    layers = [
        (*key, float(np.mean(values)), min(values), max(values), len(values))
        for key, values in sorted(
            scalars.items(),
            key=lambda item: (order[item[0][0]], by_metric[item[0][3]], *item[0][1:3]),
        )
    ]
    histograms = [
        (*key, bin_, share)
        for key, values in sorted(counts.items(), key=lambda item: (order[item[0][0]], item[0][1:]))
        for bin_, share in enumerate(np.mean(values, axis=0).tolist())
        if share > 0
    ]
    names = ["variant", "layer", "epoch"]
    return (
        pd.DataFrame(layers, columns=[*names, "metric", "mean", "lowest", "highest", "n"]),
        pd.DataFrame(histograms, columns=[*names, "bin", "share"]),
    )


def shown_epochs(epochs: Iterable[int]) -> list[int]:
    """Returns about a dozen of the epochs, dense at the start: all up to 3, then each 1.4 times."""
    there = sorted(set(epochs))
    shown: list[int] = []
    for epoch in there:
        if epoch <= 3 or epoch >= 1.4 * shown[-1] or epoch == there[-1]:
            shown.append(epoch)
    return shown
