"""What the tests of verdicts share: rows whose truth is known, and the verdict on one rule."""

import math

import pandas as pd

from zoo.claims import (
    Claim,
    Difference,
)
from zoo.evidence.verdicts import Cells, settle

NAN, INF = math.nan, math.inf
# Symmetric and of mean 0; steps of 1/64 are exact in binary.
NOISE = [place / 64 for place in (-5, 3, 1, -1, 5, -3, 2, -2)]
SEEDS = [place / 8 for place in (3, 1, 4, 1, 5, 9, 2, 6)]  # what a seed does to all variants


A_OVER_B, B_OVER_A, C_OVER_D = (Difference(high, low, "m") for high, low in ("ab", "ba", "cd"))


def shifted(*amounts, noise=NOISE):
    """Returns the values of variants a, b, ... whose means differ by what is given."""
    turned = [noise[place:] + noise[:place] for place in range(len(amounts))]
    return {
        label: [
            1 + seed + amount + part / 2
            for seed, part in zip(SEEDS[: len(noise)], own, strict=True)
        ]
        for label, amount, own in zip("abcdefgh", amounts, turned, strict=False)
    }


def rows_of(values, metric="m", **columns):
    """Returns one row a variant and seed; a seed whose value is None is left out."""
    rows = [
        {"variant": label, "seed": seed, metric: value}
        for label, own in values.items()
        for seed, value in enumerate(own)
        if value is not None
    ]
    return pd.DataFrame(rows).assign(**columns)


def settled(rule, values, metric="m", alpha=0.05):
    (found,) = settle([Claim("X1", rule)], Cells(rows_of(values, metric)), alpha)
    return found
