"""The command `run`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

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
from zoo.engine.device import import_keras
from zoo.errors import MissingDataError, ZooError

if TYPE_CHECKING:
    from zoo.results.store import Store
    from zoo.runner.prepare import Prepared, Settings
    from zoo.runner.registry import Entry
    from zoo.runner.trained import Engine


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
    from zoo.runner.registry import entries, find

    console = Console()
    if every == bool(names):
        raise ZooError("Name the experiments to run, or give --all. `python -m zoo list` has them.")
    found = entries() if every else [find(name) for name in names or []]
    rates = _numbers("--learning-rates", learning_rates)
    # Keras takes seconds to import; whatever can be wrong without it has been said above.
    import_keras(device)
    from zoo import data as datasets
    from zoo.results.store import Store
    from zoo.runner import prepare as preparing
    from zoo.runner import trained as runner

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
                    datasets.available(data_dir)  # whose error names the option, not the variable
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
            say(error)
            typer.echo(f"{entry.name} is not run.", err=True)
        except (ZooError, typer.Exit):
            raise
        except Exception as error:
            if len(found) == 1:
                raise
            say(error)
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
    from zoo.runner import measured as measuring

    experiment = entry.load_measurement()
    seeds = settings.seeds if isinstance(settings.seeds, int) else None
    if dry_run:
        variants = len(experiment.variants)
        typer.echo(f"{entry.name}: {variants} variants, {seeds or experiment.seeds} seeds, no runs")
        return
    try:
        folder = measuring.run(
            entry, experiment, results, seeds, settings.scale, fresh=fresh, console=console
        )
    except KeyboardInterrupt:
        typer.echo(f"\nInterrupted. {entry.name} keeps nothing until all is measured.", err=True)
        raise typer.Exit(INTERRUPTED) from None
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
    from zoo.runner import prepare as preparing
    from zoo.runner import trained as runner

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


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ZooError(
            f"`{option}` must be numbers separated by commas, like 0.01,0.1. Received: {text!r}"
        ) from None


def show_plan(prepared: Prepared) -> None:
    """Prints how much there is to train."""
    jobs, data = prepared.jobs, prepared.data
    epochs = sum(job.recipe.epochs for job in jobs)
    typer.echo(
        f"{prepared.folder_name}: {len(jobs)} runs, {epochs} epochs together; "
        f"{len(prepared.experiment.variants)} variants, {len(prepared.seeds)} seeds; "
        f"data {data.name}, {len(data.x_train)} training examples"
    )


def show_results(folder: Path, trained: int, planned: int, tensorboard: Path | None) -> None:
    """Prints table and verdicts of a run, and where the rest is."""
    from zoo.engine.device import device_name
    from zoo.results import files

    typer.echo((folder / "table.md").read_text(encoding="utf-8"))
    spec = files.read_spec(folder)
    show_verdicts(folder)
    typer.echo(f"Trained {trained} runs, {planned - trained} were stored. Device: {device_name()}.")
    typer.echo(f"Plots and tables: {folder}{os.sep}   effect: {folder / 'effect.svg'}")
    if tensorboard is not None:
        typer.echo(f"TensorBoard: tensorboard --logdir {tensorboard}")
    typer.echo(f"Again: python -m zoo table {spec['experiment']}")


def show_verdicts(folder: Path) -> None:
    """Prints the verdicts in a results folder, if it has any."""
    from zoo.results import ledger

    if (folder / "verdicts.csv").is_file():
        verdicts = ledger.read(folder.parent, [folder.name])
        typer.echo("\n".join(ledger.lines_of(verdicts)))
        typer.echo(f"{ledger.counts(verdicts)}.\n")
