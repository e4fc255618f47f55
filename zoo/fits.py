"""What `fit_many` returns: its runs as a list, with table, best run and picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError, closest
from zoo.runs.run import METRICS, Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# What runs are compared by unless another is named: of classes, and of numbers.
FIRST = ("val_accuracy", "val_r2", "val_loss")
OF_NUMBERS = ("val_r2", "val_loss")


class Fits(list[Result]):
    """The runs of `fit_many`, in the order of learning rates and then seeds.

    Args:
        runs: The runs.
        of_numbers: Whether they predict numbers, so that accuracy means nothing.
    """

    def __init__(self, runs: Iterable[Result] = (), of_numbers: bool = False) -> None:
        super().__init__(runs)
        self._first = OF_NUMBERS if of_numbers else FIRST

    @property
    def frame(self) -> pd.DataFrame:
        """One row a run: learning rate, seed, status, epochs, final metrics, seconds, engine."""
        import pandas as pd

        return pd.DataFrame(
            {
                "learning_rate": each.run.learning_rate,
                "seed": each.run.seed,
                "status": each.status,
                "epochs": each.epochs,
                **each.final,
                "seconds": each.seconds,
                "engine": each.engine,
            }
            for each in self
        )

    @property
    def curves(self) -> pd.DataFrame:
        """One row a run and epoch, counted from 1: learning rate, seed, epoch, and the metrics."""
        import pandas as pd

        frames = [
            pd.DataFrame(
                {
                    "rate": each.run.learning_rate,  # that it began with
                    "seed": each.run.seed,
                    "epoch": range(1, each.epochs + 1),
                    **each.history,
                }
            )
            for each in self
        ]
        return pd.concat(frames, ignore_index=True)

    def best(self, metric: str | None = None) -> Result:
        """Returns the run with the highest metric, of a loss with the lowest.

        The best of many is partly luck: for a learning rate compare means over its seeds,
        `frame.groupby("learning_rate").mean(numeric_only=True)`.

        Args:
            metric: A final metric, such as `"val_loss"`. If it is not given, the validation
                accuracy, or R2 where numbers are predicted, or the validation loss where there is
                neither.

        Raises:
            ZooError: If there is no such metric, or no run has a finite one.
        """
        names = list(self[0].final) if self else []
        if metric is not None and metric not in names:
            raise ZooError(f"No run has the metric {metric!r}. {closest(str(metric), names)}")
        for name in self._first if metric is None else (metric,):
            finite = [each for each in self if math.isfinite(each.final.get(name, math.nan))]
            if finite:
                pick = min if name.endswith(("loss", "rmse")) else max
                return pick(finite, key=lambda each: each.final[name])
        told = metric or " or ".join(name for name in self._first if not names or name in names)
        raise ZooError(f"No run has a finite {told}: all have diverged.")

    def plot(self, metric: str | None = None) -> Figure:
        """Draws a metric over the epochs: the mean of each learning rate, and every run faintly.

        Args:
            metric: `loss`, `accuracy`, `val_loss`, `val_accuracy` or `learning_rate`; `r2` and
                `val_r2` of numbers. If it is not given, as for `best`.

        Returns:
            A matplotlib figure, which a notebook shows; `savefig` writes it.

        Raises:
            ZooError: If there is no such metric.
        """
        from zoo.figures.fits import draw_fits

        names = list(self[0].history) if self else [*METRICS]
        if metric is not None and metric not in names:
            raise ZooError(f"No run has a curve of {metric!r}. {closest(str(metric), names)}")
        curves = self.curves
        known = [name for name in self._first if name in curves and curves[name].notna().any()]
        return draw_fits(curves, metric or (known or [self._first[0]])[0])

    def __repr__(self) -> str:
        rates = len({each.run.learning_rate for each in self})
        lost = sum(each.status == "diverged" for each in self)
        return f"<zoo.Fits: {len(self)} runs, {rates} learning rates, {lost} diverged>"

    def _repr_html_(self) -> Any:
        return self.frame.to_html(index=False, float_format="%.4g")
