"""The command line. Commands that only read results import neither Keras nor TensorFlow."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from zoo.errors import MissingDataError, ZooError, closest
from zoo.quiet import import_keras
from zoo.show import (
    show_experiment,
    show_plan,
    show_results,
    show_search,
    show_verdicts,
    show_winner,
)

if TYPE_CHECKING:
    from zoo.preparing import Prepared, Settings
    from zoo.registry import Entry
    from zoo.runner import Engine
    from zoo.store import Store

RESULTS = Path("results")
INTERRUPTED = 130

app = typer.Typer(
    name="python -m zoo",
    help="Controlled Keras experiments that put deep-learning advice to the test.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME ...", help="Experiments, or paths of yours.")
]
ResultsOption = Annotated[Path, typer.Option("--results", metavar="DIR", help="Results folder.")]
DataDirOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder with NAME.npz files, looked in before ZOO_DATA."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
AllOption = Annotated[bool, typer.Option("--all", help="All experiments.")]


@app.command("list")
def list_command(
    factor: Annotated[str | None, typer.Option(help="Only experiments on this factor.")] = None,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """List the experiments with their questions, and how many claims have which verdict."""
    from zoo import catalogue
    from zoo.registry import entries

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
    from zoo.registry import find

    entry = find(name)
    import_keras()
    show_experiment(entry)


@app.command()
def run(
    names: Names = None,
    every: AllOption = False,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto", help="Number of seeds (8); auto: up to 32 where a claim is undecided."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs instead of the recipe's.")] = None,
    data: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Data set, .npz or .csv[:column].")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples a step.")] = None,
    learning_rates: Annotated[
        str | None, typer.Option(metavar="R,R,...", help="One grid for all variants.")
    ] = None,
    data_dir: DataDirOption = None,
    scale: Annotated[
        str | None, typer.Option(help="A larger size that the experiment has: lecture or paper.")
    ] = None,
    results: ResultsOption = RESULTS,
    engine: Annotated[str, typer.Option(help="population or fit.")] = "population",
    population: Annotated[int | None, typer.Option(help="Most runs to train at once.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="Compute in bfloat16 (on a GPU).")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again what is stored.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan, train nothing.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="One epoch: does it run?")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Record activations, gradients and updates by layer.")
    ] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the runs for TensorBoard, too.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more.")] = False,
    debug: DebugOption = False,
) -> None:
    """Run experiments; runs that are stored are not trained again."""
    from zoo.registry import entries, find

    console = Console()
    if every == bool(names):
        raise ZooError("Name the experiments to run, or give --all. `python -m zoo list` has them.")
    found = entries() if every else [find(name) for name in names or []]
    rates = _numbers("--learning-rates", learning_rates)
    # Keras takes seconds to import; whatever can be wrong without it has been said above.
    import_keras(device)
    from zoo import preparing, runner
    from zoo.store import Store

    settings = preparing.Settings(
        seeds=int(seeds) if seeds is not None and seeds.isdecimal() else seeds,
        epochs=epochs,
        batch_size=batch_size,
        data=data,
        learning_rates=rates,
        scale=scale,
        smoke=smoke,
    )
    chosen = runner.Engine(name=engine, largest=population, mixed_precision=mixed_precision)
    failed = []
    for entry in found:
        try:
            if every and scale is not None and scale not in entry.scales():
                typer.echo(f"{entry.name} has no {scale} scale and is left out.")
                continue
            if not entry.trained:
                if data_dir is not None:
                    os.environ["ZOO_DATA"] = str(data_dir)
                _measure(entry, settings, results, console, dry_run=dry_run, fresh=fresh)
                continue
            prepared = preparing.prepare(entry, settings, data_dir)
            if dry_run:
                show_plan(prepared)
                continue
            with Store(results) as store:
                prepared, trained = _train(
                    prepared,
                    settings,
                    store,
                    console,
                    chosen,
                    fresh=fresh,
                    record=record,
                    verbose=verbose,
                )
                folder = runner.write(prepared, store, results)
                if tensorboard is not None:
                    runner.write_tensorboard(prepared, store, tensorboard)
            show_results(folder, trained, len(prepared.jobs), tensorboard)
        except MissingDataError as error:
            if not every:
                raise
            _say(error)
            typer.echo(f"{entry.name} is not run.", err=True)
        except (ZooError, typer.Exit):
            raise
        except Exception as error:
            if len(found) == 1:
                raise
            _say(error)
            failed.append(entry.name)
    if failed:
        typer.echo(f"Failed: {', '.join(failed)}. The others are done.", err=True)
        raise typer.Exit(1)


def _measure(
    entry: Entry,
    settings: Settings,
    results: Path,
    console: Console,
    *,
    dry_run: bool,
    fresh: bool,
) -> None:
    """Runs an experiment without a recipe; of the settings it takes seeds and scale."""
    from zoo import measuring

    experiment = entry.load_measurement()
    seeds = settings.seeds if isinstance(settings.seeds, int) else None
    if dry_run:
        variants = len(experiment.variants)
        typer.echo(f"{entry.name}: {variants} variants, {seeds or experiment.seeds} seeds, no runs")
        return
    folder = measuring.run(
        entry, experiment, results, seeds, settings.scale, fresh=fresh, console=console
    )
    typer.echo((folder / "table.md").read_text(encoding="utf-8"))
    show_verdicts(folder)
    typer.echo(f"Tables: {folder}{os.sep}\nAgain: python -m zoo table {folder.name}")


def _train(
    prepared: Prepared,
    settings: Settings,
    store: Store,
    console: Console,
    engine: Engine,
    *,
    fresh: bool,
    record: bool,
    verbose: bool,
) -> tuple[Prepared, int]:
    """Trains; an interruption ends the command and says how to go on.

    Returns:
        What was run, with the learning rates and seeds that the results asked for, and how many
        runs were trained.
    """
    from zoo import preparing, runner

    trained = 0

    def train(wanted: Prepared, before: Prepared | None = None) -> Prepared:
        nonlocal trained
        new = runner.without(wanted, before)
        trained += runner.train(new, store, console, engine, fresh=fresh, verbose=verbose)
        return wanted

    try:
        prepared = train(prepared)
        if settings.may_widen:
            prepared = train(runner.widened(prepared, store), prepared)
        if settings.seeds == preparing.AUTO:
            for look in preparing.LOOKS[1:]:
                prepared = train(runner.extended(prepared, store, look), prepared)
        if record:
            runner.record(prepared, store, console, engine, fresh=fresh, verbose=verbose)
        return prepared, trained
    except KeyboardInterrupt:
        kept = runner.stored_so_far(prepared.jobs, store)
        typer.echo(f"\nInterrupted. {kept}; the same command goes on from there.", err=True)
        raise typer.Exit(INTERRUPTED) from None


@app.command()
def table(
    name: str,
    form: Annotated[str, typer.Option("--format", help="md, csv or latex.")] = "md",
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Print the table of an experiment that was run."""
    from zoo import tables

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
    from zoo import measured_plots, plots, tables

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
        from zoo.registry import find

        find(name)
    import_keras(device)
    from zoo import preflight as checking

    found: list[checking.Report] = []
    for report in checking.reports(
        name, variant=variant, data=data, learning_rate=learning_rate, data_dir=data_dir
    ):
        for line in checking.table_lines(report, head=not found):
            typer.echo(line)
        found.append(report)
    for line in ["", *checking.summary_lines(found)]:
        typer.echo(line)


@app.command()
def tune(
    name: Annotated[str, typer.Argument(help="Experiment, or path of yours.")],
    strategy: Annotated[str, typer.Option(help="random, grid, bayesian or hyperband.")] = "random",
    trials: Annotated[int, typer.Option(help="Most trials.")] = 50,
    executions: Annotated[int, typer.Option(help="Seeds of each trial.")] = 1,
    epochs: Annotated[int | None, typer.Option(help="Epochs instead of the recipe's.")] = None,
    space: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=RANGE", help="Like lr=1e-5:1e-1:log or units=32,64; again."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    coarse_to_fine: Annotated[
        bool, typer.Option("--coarse-to-fine", help="Look widely first, then around the best.")
    ] = False,
    data: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Data set, .npz or .csv[:column].")
    ] = None,
    data_dir: DataDirOption = None,
    results: ResultsOption = RESULTS,
    engine: Annotated[str, typer.Option(help="population or fit.")] = "population",
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that train, with a GPU each.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the space only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more.")] = False,
    debug: DebugOption = False,
) -> None:
    """Search hyperparameters with keras-tuner; trials that are stored are not trained again."""
    from zoo.registry import find
    from zoo.workers import ENVIRONMENT, part_of

    entry = find(name)
    console = Console()
    part = part_of(workers, os.environ)
    if not part.is_alone:
        os.environ.update(ENVIRONMENT)
    import_keras(device)
    from zoo import preparing, runner, search, searching
    from zoo.store import Store

    wanted = search.prepare(
        entry,
        preparing.Settings(epochs=epochs, data=data),
        data_dir,
        words=space or [],
        strategy=strategy,
        trials=trials,
        executions=executions,
        seed=seed,
        coarse_to_fine=coarse_to_fine,
    )
    show_search(wanted)
    if dry_run:
        return
    chosen = runner.Engine(name=engine)
    try:
        if part.is_worker:
            from zoo import distributed

            trained = distributed.work(wanted, part, console, chosen, verbose=verbose)
            typer.echo(f"{part.name} trained {trained} runs; the chief has them.")
            return
        with Store(results) as store:
            folder, trained = searching.run(
                wanted, results, store, console, chosen, part, verbose=verbose
            )
    except KeyboardInterrupt:
        typer.echo("\nInterrupted. The same command goes on from there.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    show_winner(folder, trained)


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
    from zoo import catalogue, registry

    if missing:
        claimed = {claim for entry in registry.entries() for claim in entry.claims}
        open_ = [e for e in catalogue.entries().values() if e.checks != "rec"]
        left = [entry for entry in open_ if entry.id not in claimed]
        for entry in left:
            typer.echo(f"{entry.id}  {entry.says}")
        typer.echo(f"{len(open_) - len(left)} of {len(open_)} claims have a rule.")
        return
    from zoo import ledger

    typer.echo(ledger.render(ledger.read(results, names or []), form), nl=False)


@app.command()
def doctor(
    data_dir: DataDirOption = None, results: ResultsOption = RESULTS, debug: DebugOption = False
) -> None:
    """Say which versions, device, data and store are there."""
    import_keras()
    from zoo.doctor import report

    for line in report(data_dir, results):
        typer.echo(line)


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ZooError(
            f"`{option}` must be numbers separated by commas, like 0.01,0.1. Received: {text!r}"
        ) from None


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
    _say(error)
    sys.exit(code)


def _say(error: Exception) -> None:
    """Prints an error in one line, with its traceback only for --debug."""
    if "--debug" in sys.argv:
        traceback.print_exc()
    label = "Error" if isinstance(error, ZooError) else f"Failed: {type(error).__name__}"
    hint = "" if isinstance(error, ZooError) else " (--debug shows where)"
    message = str(error).strip().splitlines()
    typer.echo(f"{label}: {' '.join(message[:2])}{hint}", err=True)
