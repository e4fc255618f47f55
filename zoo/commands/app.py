"""The command line. Commands that only read results import neither Keras nor TensorFlow."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from zoo.commands.options import (
    INTERRUPTED,
    RESULTS,
    AllOption,
    DataDirOption,
    DebugOption,
    Names,
    ResultsOption,
    say,
)
from zoo.commands.run import run
from zoo.commands.show import show_experiment
from zoo.commands.tune import tune
from zoo.engine.quiet import import_keras
from zoo.errors import ZooError, closest

app = typer.Typer(
    name="python -m zoo",
    help="Controlled Keras experiments that put deep-learning advice to the test.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command("list")
def list_command(
    factor: Annotated[str | None, typer.Option(help="Only experiments on this factor.")] = None,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """List the experiments with their questions, and how many claims have which verdict."""
    from zoo import catalogue
    from zoo.runner.registry import entries

    found = entries()
    if factor is not None:
        factors = sorted({entry.factor for entry in found})
        if factor not in factors:
            raise ZooError(f"No experiment varies {factor!r}. {closest(factor, factors)}")
        found = [entry for entry in found if entry.factor == factor]
    width = max(len(entry.name) for entry in found)
    for entry in found:
        counted = catalogue.verdict_counts(results / entry.name)
        typer.echo(f"{entry.name.ljust(width)}  {entry.question}{counted}")


@app.command()
def show(name: str, debug: DebugOption = False) -> None:
    """Show what an experiment varies and what it keeps."""
    from zoo.runner.registry import find

    entry = find(name)
    import_keras()
    show_experiment(entry)


app.command()(run)


@app.command()
def table(
    name: str,
    form: Annotated[str, typer.Option("--format", help="md, csv or latex.")] = "md",
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Print the table of an experiment that was run."""
    from zoo.results import tables

    folder = tables.results_folder(results, name)
    typer.echo(tables.render(tables.read_spec(folder), tables.read_table(folder), form), nl=False)


@app.command()
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
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Draw the plots of experiments that were run, from their tables."""
    from zoo.figures import measured as measured_plots
    from zoo.figures import trained as plots
    from zoo.results import tables

    if every == bool(names):
        raise ZooError("Name the experiments to plot, or give --all.")
    if every:
        names = sorted(path.parent.name for path in results.glob("*/spec.json"))
        if not names:
            raise ZooError(f"There are no results in {results}. `python -m zoo run` makes some.")
    for folder in [tables.results_folder(results, name) for name in names or []]:
        measured = tables.read_spec(folder).get("kind") == "measured"
        if every and measured and kind in plots.KINDS:
            continue  # a picture of training
        draw = measured_plots.plot_results if measured else plots.plot_results
        for path in draw(folder, kind):
            typer.echo(str(path))


@app.command()
def preflight(
    name: Annotated[str, typer.Argument(help="Experiment, path of yours, or a .keras model.")],
    variant: Annotated[str | None, typer.Option(metavar="LABEL", help="Only this variant.")] = None,
    data: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Data set, .npz or .csv[:column].")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Instead of the middle of each variant's grid.")
    ] = None,
    data_dir: DataDirOption = None,
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    debug: DebugOption = False,
) -> None:
    """Check networks before training them: initial loss, activations, updates, a tiny batch."""
    if not name.lower().endswith(".keras"):
        from zoo.runner.registry import find

        find(name)
    import_keras(device)
    from zoo.runner import preflight as checking

    found: list[checking.Report] = []
    for report in checking.reports(
        name, variant=variant, data=data, learning_rate=learning_rate, data_dir=data_dir
    ):
        for line in checking.table_lines(report, head=not found):
            typer.echo(line)
        found.append(report)
    for line in ["", *checking.summary_lines(found)]:
        typer.echo(line)


app.command()(tune)


@app.command()
def claims(
    names: Names = None,
    form: Annotated[str, typer.Option("--format", help="md or csv.")] = "md",
    missing: Annotated[
        bool, typer.Option("--missing", help="Ids of the catalogue that nobody claims yet.")
    ] = False,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Print the ledger: the claims of the lectures with their verdicts."""
    from zoo import catalogue
    from zoo.runner import registry

    if missing:
        claimed = {claim for entry in registry.entries() for claim in entry.claims}
        open_ = [e for e in catalogue.entries().values() if e.checks != "rec"]
        left = [entry for entry in open_ if entry.id not in claimed]
        for entry in left:
            typer.echo(f"{entry.id}  {entry.says}")
        typer.echo(f"{len(open_) - len(left)} of {len(open_)} claims have a rule.")
        return
    from zoo.results import ledger

    typer.echo(ledger.render(ledger.read(results, names or []), form), nl=False)


@app.command()
def doctor(
    data_dir: DataDirOption = None, results: ResultsOption = RESULTS, debug: DebugOption = False
) -> None:
    """Say which versions, device, data and store are there."""
    import_keras()
    from zoo.commands.doctor import report

    for line in report(data_dir, results):
        typer.echo(line)


def main() -> None:
    """Runs the command line; turns the user's mistakes into two lines and exit code 2."""
    try:
        app()
    except ZooError as error:
        _fail(error, 2)
    except KeyboardInterrupt:
        typer.echo("\nInterrupted.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last door: one line for people, all with --debug
        _fail(error, 1)


def _fail(error: Exception, code: int) -> None:
    say(error)
    sys.exit(code)
