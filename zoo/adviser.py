"""`zoo.advise`: the command `advise` as a function, for arrays, DataFrames and files."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from zoo.errors import ZooError, file_errors_in_words
from zoo.results.folders import root_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from zoo.data import TableOptions
    from zoo.data.parts import Parts
    from zoo.runner.cluster.connection import Cluster

HERE = Path("results")
BUDGET = "5m"
LARGEST_MARGIN = 50.0  # points


class Advice:
    """An answer, read from its folder; it needs neither Keras nor TensorFlow.

    Attributes:
        folder: Where its files lie.
        record: All of it, as in `advice.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.record: dict[str, Any] = json.loads(
            (folder / "advice.json").read_text(encoding="utf-8")
        )

    @property
    def sentence(self) -> str:
        """What to do, in words."""
        return str(self.record["sentence"])

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a question, what helps first; differences as shares of 1."""
        import pandas as pd

        return pd.read_csv(self.folder / "advice.csv", keep_default_na=False, na_values=[""])

    def plot(self) -> Figure:
        """Draws the differences with their intervals; returns a matplotlib figure."""
        from zoo.figures.advice import draw_advice

        return draw_advice(self.record, self.table.to_dict("records"))

    def __repr__(self) -> str:
        return f"<zoo.Advice {self.folder.name}: {self.sentence}>"

    def _repr_html_(self) -> str:
        from html import escape

        shown = self.table.drop(columns=["p", "seconds"])
        for name in ("difference", "low", "high"):
            shown[name] = (100 * shown[name].astype(float)).map("{:+.1f}".format)
        return f"<p>{escape(self.sentence)}</p>{shown.to_html(index=False)}"


def advise(
    x: Any,
    y: Any = None,
    *,
    target: str | int | None = None,
    task: str | None = None,
    budget: str | float = BUDGET,
    margin: float = 1.0,
    knobs: str | Iterable[str] = (),
    model: str | os.PathLike[str] | None = None,
    results: str | os.PathLike[str] = HERE,
    workers: int | None = None,
    verbose: int = 1,
) -> Advice:
    """Says which knobs of a network matter on given data, by how much, and what to change.

    Args:
        x: Features of shape `(examples, ...)`; or, without `y`, a DataFrame with the target among
            its columns, the path of a table or of arrays, or the name of a data set.
        y: Labels or numbers of shape `(examples,)`.
        target: A table's target, by name or position.
        task: `"classification"` or `"regression"`, where it is not to be found out.
        budget: Time, as `"5m"`, or seconds.
        margin: Largest difference that does not matter, in points of accuracy or of R2.
        knobs: Names of what to ask; without any, all.
        model: Path of an experiment of your own, whose recipe takes the place of the baseline.
        results: Results folder, of all experiments.
        workers: How many processes of this machine train (with Ray), a GPU each if there are any;
            `None` for this process alone.
        verbose: 0 prints nothing.

    Returns:
        The answer, with `sentence`, `table` and `plot()`. Its files lie in its `folder`.

    Raises:
        ZooError: If the data cannot be told about, or a word is wrong.
        Interrupted: If you interrupt; the answer so far is written, and the same call goes on.

    Example:
        >>> advice = zoo.advise("patients.csv", target="outcome", budget="5m")
        >>> print(advice.sentence)
    """
    from zoo.data import TableOptions
    from zoo.runner.progress import tell

    began = time.perf_counter()
    table = TableOptions(None if target is None else str(target), task=task)
    console = Console(quiet=not verbose)
    with file_errors_in_words():
        folder = answered(
            _examples(x, y, task),
            table=None if table == TableOptions() else table,
            budget=budget if isinstance(budget, str) else f"{float(budget):g}",
            margin=margin,
            knobs=[knobs] if isinstance(knobs, str) else list(knobs),
            model=None if model is None else os.fspath(model),
            results=root_of(Path(os.fspath(results))),
            tell=lambda text: tell(console, text),
            command=f"zoo.advise(..., budget={budget!r})",
            began=began,
            workers=workers,
        )
    return Advice(folder)


def answered(
    source: Any,
    *,
    table: TableOptions | None,
    budget: str,
    margin: float,
    knobs: Iterable[str],
    model: str | None,
    results: Path,
    tell: Callable[[str], None],
    command: str,
    data_dir: Path | None = None,
    device: str = "auto",
    began: float | None = None,
    name: str | None = None,
    workers: int | None = None,
) -> Path:
    """Answers a request as the command line or `advise` has it.

    Args:
        source: Name, path or DataFrame, or the parts of arrays; `None` for the experiment's own.
        table: What is said about a table.
        budget: Time, as `5m`.
        margin: Largest difference that does not matter, in points.
        knobs: Names of what to ask.
        model: Path of an experiment; `None` for the standard network.
        results: The results folder.
        tell: Is told how far it has come.
        command: What asks the same again.
        data_dir: Folder with `NAME.npz` files.
        device: What trains.
        began: When the budget began, by `time.perf_counter`.
        name: What the folder is called; by itself after the data.
        workers: How many processes of this machine train; `None` for this one.

    Returns:
        The folder with the answer.

    Raises:
        ZooError: If a word or the data are wrong.
    """
    from zoo.engine.device import import_keras
    from zoo.runner.registry import find

    if not 0 < margin <= LARGEST_MARGIN:
        raise ZooError(
            f"`--margin` must be above 0 and at most {LARGEST_MARGIN:g} points. Received: {margin}"
        )
    entry = None if model is None else find(model)
    with contextlib.nullcontext() if workers is None else _cluster(workers) as cluster:
        import_keras(device)
        from zoo.advice import carry_out, clock, program
        from zoo.advice.knobs import wanted
        from zoo.data.told import notes_of

        seconds, names = clock.seconds_in(budget), wanted(knobs)
        experiment = None if entry is None else entry.load()
        if source is None and experiment is not None:
            source = experiment.recipe.data
        usual, parts = _read(source, data_dir, table)
        title = _title(source, parts) or usual
        unsaved = program.FRAME if hasattr(source, "columns") else program.ARRAYS
        path = source if isinstance(source, str) else unsaved
        request = carry_out.Request(
            name=name or (usual if entry is None else f"{entry.name}@{usual}"),
            parts=parts,
            path=_absolute(path) if name is None else Path(path).name,
            table=table,
            budget=seconds,
            margin=margin / 100,
            knobs=names,
            command=command,
            results=results,
            title=title if entry is None else f"{title} ({entry.name})",
            notes=() if parts.table is None else tuple(notes_of(parts.table)),
            experiment=experiment,
            file="" if entry is None else str(entry.path),
            cluster=cluster,
        )
        return carry_out.carry_out(request, clock.Clock(seconds, began=began), tell)


def _cluster(workers: int) -> Cluster:
    from zoo.runner.cluster.connection import Cluster

    return Cluster(workers)


def _read(source: Any, data_dir: Path | None, table: TableOptions | None) -> tuple[str, Parts]:
    """Returns the data and what their folder is called."""
    from zoo.data import fingerprint_of, short_name
    from zoo.data.parts import Parts
    from zoo.data.sets import read

    if isinstance(source, Parts):
        return f"arrays-{fingerprint_of(source.x, source.y)[:6]}", source
    name, parts = read(source, data_dir, table)
    if isinstance(source, str):
        return short_name(source, None if table is None else table.target), parts
    return f"{name}-{fingerprint_of(parts.x, parts.y)[:6]}", parts


def _absolute(path: str) -> str:
    """Returns a path with its folders, so that a program finds it from anywhere; else a name."""
    from zoo.data.files import target_of

    file, column = target_of(path)
    found = str(Path(file).absolute()) if Path(file).exists() else file
    return found if column is None else f"{found}:{column}"


def _title(source: Any, parts: Parts) -> str:
    """Returns what a table is called in titles: the target in its file; of all else nothing."""
    if not isinstance(source, str) or parts.table is None:
        return ""
    from zoo.data.files import target_of

    return f"{parts.table['target']} in {Path(target_of(source)[0]).name}"


def _examples(x: Any, y: Any, task: str | None) -> Any:
    """Returns what `read` takes, or the parts of arrays."""
    import numpy as np

    from zoo.data.parts import checked

    if y is None:
        if isinstance(x, str | os.PathLike):
            return os.fspath(x)
        if hasattr(x, "columns"):
            return x
        raise ZooError(
            "`advise` takes x and y, or a DataFrame, a path or a name. Received: "
            f"{type(x).__name__} without y"
        )
    if hasattr(x, "columns"):
        return x.assign(**{getattr(y, "name", None) or "target": np.asarray(y)})
    return checked(np.asarray(x), np.asarray(y), source="advise", names=("x", "y"), task=task)
