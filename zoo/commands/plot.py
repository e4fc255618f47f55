"""The command `plot`: draws what was run, for the results, for slides or for a paper."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.commands.cores import on_all
from zoo.commands.options import RESULTS, AllOption, DebugOption, Names, ResultsOption, echo
from zoo.errors import Interrupted, ZooError

if TYPE_CHECKING:
    from zoo.figures.kinds import Look

Drawn = tuple[list[Path], list[str]]  # the files, and the pictures that are too much for the page


def plot(
    names: Names = None,
    every: AllOption = False,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Only this one: curves, sweep, effect, learning_rate, activations, gradients, "
            "updates (the last three need `run --record`); of measured experiments values, "
            "histograms, or a metric by layer."
        ),
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL,...", help="Only these variants and the baseline; again."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="slide, paper or square; else as large as the picture needs."),
    ] = None,
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    forms: Annotated[
        str | None, typer.Option("--format", metavar="FORM,...", help="svg, png or pdf.")
    ] = None,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Draw the plots of experiments that were run, from their tables.

    With --size, --theme, --format or --variants they are written to `pictures` in the results of
    the experiment, and the pictures beside its tables stay as they are.
    """
    from zoo.figures.formats import BOTH
    from zoo.figures.kinds import Look
    from zoo.results import files
    from zoo.results.folders import drawn_before
    from zoo.runner.overrides import labels_in

    if every == bool(names):
        raise ZooError("Name the experiments to plot, or give --all.")
    if every and variants:
        raise ZooError("`--variants` must go with the names of experiments, which have variants.")
    if every:
        names = [folder.name for folder in drawn_before(results)]
        if not names:
            raise ZooError(f"There are no results in {results}. `python -m zoo run` makes some.")
    wanted = BOTH if forms is None else tuple(form.strip() for form in forms.split(","))
    if set(wanted) == set(BOTH):
        wanted = BOTH
    look = Look(size or "", theme, tuple(dict.fromkeys(wanted)), tuple(labels_in(variants or [])))
    folders = [files.results_folder(results, name) for name in dict.fromkeys(names or [])]
    draw = partial(_plot, kind=kind, look=look, lenient=every)
    drawn = 0
    try:
        for folder, (paths, left_out) in zip(folders, on_all(draw, folders), strict=True):
            drawn += len(paths)
            for path in paths:
                echo(str(path))
            if left_out:
                echo(f"{folder.name}: left out, too much for a {size}: {', '.join(left_out)}")
    except KeyboardInterrupt:
        raise Interrupted("Each picture is the old one or the new one, none is half.") from None
    if not drawn and size and not every:
        raise ZooError(
            f"Nothing fits a {size}. Name the variants to show (--variants A,B), if it has any; "
            "a panel has a picture of each claim, with the claim's sentence on it."
        )
    if not drawn and kind is not None:
        raise ZooError(f"No experiment in {results} has a picture {kind!r}. Leave --kind out.")


def _plot(folder: Path, kind: str | None, look: Look, lenient: bool) -> Drawn:
    """Draws a folder; where all folders are drawn, a picture that one does not have is left out."""
    from zoo.figures.kinds import plot_results, shown
    from zoo.figures.page import DoesNotFitError

    if kind is not None and not lenient:
        return plot_results(folder, kind, look), []
    paths, left_out = [], []
    for name in shown(folder, look):
        if kind in (None, name):
            try:
                paths += plot_results(folder, name, look)
            except DoesNotFitError:
                left_out.append(name)
    return paths, left_out
