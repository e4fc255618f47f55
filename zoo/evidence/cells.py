"""The values that claims are settled from, by variant and metric."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from zoo.evidence.examples import Share, share_of_sum
from zoo.evidence.metrics import VALIDATION, chosen_by, held_out, of_rights
from zoo.evidence.rates import Rates

# Runs that are the same have the same losses to the last digit.
LOSSES = ("loss", "val_loss", "test_loss")
MOST = 1000  # combinations of learning rates at which a rule is settled
RIGHT = "right"  # column of rows whose test examples are the same for all seeds
UNCOVERED = "; over seeds, not the choice of held-out examples"


class NotRun(Exception):
    """Says which rows a rule needs and does not find."""


class NothingApplied(Exception):
    """Says which variants have the same runs."""


class Cells:
    """The values of metrics by variant, each variant at its chosen learning rate.

    A variant without any value of a metric was not measured; a missing value among others is one
    that is not finite, like the loss of a run that diverged.

    Args:
        rows: One row a run, with the columns `variant`, `seed` and one for each metric; perhaps
            `learning_rate`. Where all seeds have the same test examples the column `right` has a
            byte for each of them, 1 if it is right and else 0, or none if that is not known.
        rates: Chosen learning rate by variant; `None` if rows have none.
        overlap: Held-out over training examples of seeds that share them, else 0; see
            `zoo.evidence.statistics`.

    Attributes:
        overlap: As given.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        rates: Mapping[str, float] | None = None,
        overlap: float = 0.0,
    ) -> None:
        self.overlap = overlap
        if rates is not None:
            kept = rows["learning_rate"] == rows["variant"].map(rates)
            rows = rows[kept]
        self._rows = rows.sort_values(["seed", "variant"], kind="stable", ignore_index=True)
        self._places = self._rows.groupby("variant", sort=False).indices
        # What was looked up, as it is again.
        self._arrays: dict[str, Any] = {}
        self._seeds: dict[str, pd.Index] = {}
        self._columns: dict[tuple[str, str], pd.Series] = {}
        self._missing: dict[tuple[str, str], bool] = {}
        self._same: dict[tuple[str, str], bool] = {}

    def chosen(self, metric: str) -> Cells:
        """Returns the cells themselves, as `RatedCells` do those of the chosen rates."""
        return self

    def alternatives(
        self, metric: str, variants: Sequence[str]
    ) -> Iterator[tuple[dict[str, float], Cells]]:
        """Yields the cells themselves, as `RatedCells` do those of every rate."""
        yield {}, self

    def moved(self, metric: str, variants: Sequence[str]) -> dict[str, float]:
        """Returns nothing, as no metric chooses rates here."""
        return {}

    def values(self, variant: str, metric: str) -> pd.Series:
        """Returns one value a seed, in the order of seeds."""
        found = self._of(variant, metric)
        if self._is_missing(variant, metric):
            raise NotRun(f"no {metric} of {variant}")
        return found

    def all(self, metric: str, variants: Sequence[str]) -> pd.Series:
        """Returns the values of a metric over all rows of the variants, or of every variant.

        Of named variants each must have been measured.
        """
        there = self._column(metric).notna()
        known = set(self._rows["variant"][there])
        for label in variants:
            if label not in known:
                raise NotRun(f"no {metric} of {label}")
        wanted = set(variants) or known
        if not wanted:
            raise NotRun(f"{metric} was not measured")
        return self._column(metric)[self._rows["variant"].isin(wanted)]

    def paired(self, first: str, second: str, metric: str) -> tuple[pd.Series, pd.Series]:
        """Returns the values of two variants for the seeds that both have."""
        a, b = self.values(first, metric), self.values(second, metric)
        same = a.index.equals(b.index)
        both = a.index if same else a.index.intersection(b.index)
        if len(both) == 0:
            raise NotRun(f"{first} and {second} share no seed")

        def of_both(values: pd.Series) -> pd.Series:
            return values if same else values[both]  # which takes longer than all else here

        if (first, second) not in self._same:
            losses = [name for name in LOSSES if self._known_of_either(name, first, second)]
            self._same[first, second] = bool(losses) and all(
                of_both(self._of(first, name)).equals(of_both(self._of(second, name)))
                for name in losses
            )
        if self._same[first, second]:
            raise NothingApplied(
                f"{first} and {second} have the same losses in every run: was the treatment "
                "applied?"
            )
        return of_both(a), of_both(b)

    def share(self, metric: str, weights: Mapping[str, float], seeds: pd.Index) -> Share | None:
        """Returns what the choice of test examples adds to the variance of a weighted sum.

        Args:
            metric: Of which the means are summed.
            weights: Weight by variant.
            seeds: The seeds that the means are over.

        Returns:
            The share, or `None` where it is not known, or no other examples could have been chosen.
        """
        if RIGHT not in self._rows.columns or not of_rights(metric):
            return None
        return share_of_sum(
            [(weight, self._of(label, RIGHT)[seeds].tolist()) for label, weight in weights.items()]
        )

    def uncovered(self, metric: str, variants: Sequence[str]) -> str:
        """Returns what to say where a verdict does not cover the choice of examples, or nothing.

        Args:
            metric: Of the rule.
            variants: Labels that it is about; empty for all.
        """
        if RIGHT not in self._rows.columns or not held_out(metric):
            return ""
        labels = [label for label in variants or self._places if label in self._places]
        known = of_rights(metric) and all(all(self._of(label, RIGHT)) for label in labels)
        return "" if known else UNCOVERED

    def never_reached(self, variant: str, metric: str) -> bool:
        """Returns whether a value is a lower bound: the epochs until a target no run reached."""
        if not metric.startswith("epochs_to_") or "epochs" not in self._rows.columns:
            return False
        return bool((self._of(variant, metric) > self._of(variant, "epochs")).any())

    def _known_of_either(self, metric: str, first: str, second: str) -> bool:
        """Returns whether one of two variants has a value of a metric."""
        if metric not in self._rows.columns:
            return False
        return not all(self._is_missing(label, metric) for label in (first, second))

    def _is_missing(self, variant: str, metric: str) -> bool:
        """Returns whether a variant has no value of a metric."""
        if (variant, metric) not in self._missing:
            missing = bool(pd.isna(self._of(variant, metric).to_numpy()).all())
            self._missing[variant, metric] = missing
        return self._missing[variant, metric]

    def _of(self, variant: str, metric: str) -> pd.Series:
        if (variant, metric) not in self._columns:
            column = self._array(metric)
            if variant not in self._places:
                raise NotRun(f"no {metric} of {variant}")
            places = self._places[variant]
            if variant not in self._seeds:
                self._seeds[variant] = pd.Index(self._array("seed")[places], name="seed")
            own = pd.Series(column[places], self._seeds[variant], name=metric)
            self._columns[variant, metric] = own
        return self._columns[variant, metric]

    def _array(self, metric: str) -> Any:
        if metric not in self._arrays:
            self._arrays[metric] = self._column(metric).to_numpy()
        return self._arrays[metric]

    def _column(self, metric: str) -> pd.Series:
        if metric not in self._rows.columns:
            raise NotRun(f"{metric} was not measured")
        return self._rows[metric]


class RatedCells:
    """The values of metrics by variant, at the chosen learning rates and at others that do as well.

    Args:
        rows: As of `Cells`, at all learning rates.
        rates: The rates by what chose them: validation accuracy, and perhaps metrics of their own.
        overlap: As of `Cells`.
    """

    def __init__(
        self, rows: pd.DataFrame, rates: Mapping[str, Rates], overlap: float = 0.0
    ) -> None:
        self._rows = dict(list(rows.groupby(["variant", "learning_rate"])))
        self._nothing = rows.iloc[:0]
        self._rates = rates
        self._overlap = overlap
        self._known: dict[tuple[tuple[str, float], ...], Cells] = {}

    def chosen(self, metric: str) -> Cells:
        """Returns the cells of all variants at the rates that are chosen for a metric."""
        return self._at(self._of(metric).chosen)

    def alternatives(
        self, metric: str, variants: Sequence[str]
    ) -> Iterator[tuple[dict[str, float], Cells]]:
        """Yields the rates of variants and their cells: the chosen rates, then all that do as well.

        More than `MOST` combinations are not all gone through: one variant at a time leaves its
        chosen rate.

        Args:
            metric: Of the rule that is to be settled.
            variants: Labels that it is about; empty for all.
        """
        rates = self._of(metric)
        grids = {label: rates.of(label) for label in variants or rates.chosen}
        grids = {label: grid for label, grid in grids.items() if grid}
        first = {label: grid[0] for label, grid in grids.items()}
        if math.prod(map(len, grids.values())) <= MOST:
            wanted = [
                dict(zip(grids, each, strict=True)) for each in itertools.product(*grids.values())
            ]
        else:
            moved = [(label, rate) for label, grid in grids.items() for rate in grid[1:]]
            wanted = [first, *(first | {label: rate} for label, rate in moved)]
        for each in wanted:
            yield (
                {label: rate for label, rate in each.items() if label in rates.tied},
                self._at(each),
            )

    def uncovered(self, metric: str, variants: Sequence[str]) -> str:
        """Returns what `Cells` do, of the cells at every rate."""
        if RIGHT not in self._nothing.columns:
            return ""
        alternatives = self.alternatives(metric, variants)
        return max(own.uncovered(metric, variants) for _, own in alternatives)

    def moved(self, metric: str, variants: Sequence[str]) -> dict[str, float]:
        """Returns the rates that a metric chose where validation accuracy chose others."""
        own, others = self._of(metric).chosen, self._rates[VALIDATION].chosen
        named = {label: own[label] for label in variants or own if label in own}
        return {label: rate for label, rate in named.items() if rate != others.get(label)}

    def _of(self, metric: str) -> Rates:
        return self._rates.get(chosen_by(metric), self._rates[VALIDATION])

    def _at(self, rates: Mapping[str, float]) -> Cells:
        key = tuple(sorted(rates.items()))
        if key not in self._known:
            parts = [self._rows[each] for each in key if each in self._rows]
            rows = pd.concat(parts) if parts else self._nothing
            self._known[key] = Cells(rows, overlap=self._overlap)
        return self._known[key]


AnyCells = Cells | RatedCells
