"""The command `run`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from zoo.commands.beside import (
    MANY_MAPS,
    PATIENCE,
    Helper,
    begin_anew,
    beside,
    end_with_parent,
    failed_before,
    files_here,
    is_beside,
    is_helper,
    left,
    most_here,
    shared_out,
)
from zoo.commands.options import (
    RESULTS,
    AllOption,
    ClusterOption,
    DataDirOption,
    DataOption,
    DebugOption,
    ResultsOption,
    WorkersOption,
    cluster_of,
    echo,
    line_width,
    say,
    takes_table,
)
from zoo.engine.device import check_maps, import_keras
from zoo.errors import (
    FullError,
    Interrupted,
    MissingDataError,
    MistakeError,
    NeedsClassesError,
    VariedError,
    ZooError,
)
from zoo.runs.phases import phase

if TYPE_CHECKING:
    from zoo.runner.how import How
    from zoo.runner.prepare import Settings
    from zoo.runner.registry import Entry


@takes_table
def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME ...", help="Experiments, or files or folders of them."),
    ] = None,
    every: AllOption = False,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto", help="Number of seeds (8); auto: up to 32 where a claim is undecided."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs instead of the recipe's.")] = None,
    data: DataOption = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples a step.")] = None,
    learning_rates: Annotated[
        str | None, typer.Option(metavar="R,R,...", help="One grid for all variants.")
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL,...", help="Only these variants and the baseline; again."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE,...",
            help="A number of the recipe or a keyword of build_model; several values: when does "
            "it hold? Again.",
        ),
    ] = None,
    data_dir: DataDirOption = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="resampled: each seed draws its own examples; or fixed: all have the same."
        ),
    ] = None,
    panel: Annotated[
        bool,
        typer.Option(
            "--panel", help="On several data sets, claims over all of them; --data A,B,...: others."
        ),
    ] = False,
    scale: Annotated[
        str | None, typer.Option(help="A larger size that the experiment has: lecture or paper.")
    ] = None,
    results: ResultsOption = RESULTS,
    engine: Annotated[str, typer.Option(help="population or fit.")] = "population",
    population: Annotated[int | None, typer.Option(help="Most runs to train at once.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
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
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where the time went, phase by phase.")
    ] = False,
    debug: DebugOption = False,
    table: Any = None,
) -> None:
    """Run experiments; runs that are stored are not trained again."""
    from zoo.runner.overrides import check_single, labels_in, words_in
    from zoo.runner.registry import entries, find_all, is_folder

    end_with_parent()
    console = Console(quiet=is_beside())
    if every == bool(names):
        raise ZooError("Name the experiments to run, or give --all. `python -m zoo list` has them.")
    folders = [name for name in names or [] if is_folder(name)]
    if (every or folders) and (variants or changes):
        option = "--variants" if variants else "--set"
        raise ZooError(
            f"`{option}` must go with the names of experiments, which have variants and defaults "
            f"of their own. Received: {folders[0] if folders else '--all'}"
        )
    found = entries() if every else find_all(names or [])
    every = every or bool(folders)
    if is_beside():
        found = find_all(files_here())
    labels, words = labels_in(variants or []), words_in(changes or [])
    check_single(words, panel)
    rates = _numbers("--learning-rates", learning_rates)
    processes = cluster_of(workers, cluster)
    ours = "keras" not in sys.modules
    # Keras takes seconds to import; whatever can be wrong without it has been said above.
    with phase("import"):
        import_keras(device, alone=True)
    if every and scale is not None and not is_beside():
        check_scale(scale, found)
    from zoo.engine.device import use_mixed_precision
    from zoo.runner import request as requests
    from zoo.runner.how import How
    from zoo.runner.prepare import Settings
    from zoo.runner.trainer import Engine
    from zoo.runner.unchanged import Asked

    settings = Settings(
        seeds=int(seeds) if seeds is not None and seeds.isdecimal() else seeds,
        epochs=epochs,
        batch_size=batch_size,
        data=data,
        table=table,
        learning_rates=rates,
        scale=scale,
        smoke=smoke,
        variants=labels,
        split=split,
        words=words,
    )
    how = How(
        results=results,
        console=console,
        engine=Engine(name=engine, largest=population),
        fresh=fresh,
        record=record,
        tensorboard=tensorboard,
        verbose=verbose,
        cluster=processes,
    )
    if mixed_precision:
        use_mixed_precision()
    plain = not (fresh or record or tensorboard or dry_run or verbose or profile)
    only = len(found) == 1 and not is_beside()
    failed = failed_before()
    done: list[Path] = []

    def is_known(entry: Entry) -> bool:
        """Shows what a run would say, if it would change nothing; returns whether it is known."""
        known = Asked(entry, settings, panel, data_dir).recall(results) if plain else None
        if known is not None:
            show_all(known.told)
            show_results(results / known.folders[0], known.lines)
        return known is not None

    def carry_out(entry: Entry) -> None:
        try:
            if every and scale is not None and scale not in entry.scales():
                echo(f"{entry.name} has no {scale} scale and is left out.")
                return
            request = requests.prepare(entry, settings, data_dir, panel=panel, every=every)
            told = request.told()
            show_all([*told, *(request.plan() if dry_run else [])])
            if dry_run:
                show_all([] if every else request.estimate(how))
                return
            folders, lines = request.run(how)
            done.extend(folders)
            if plain:
                Asked(entry, settings, panel, data_dir).remember(told, lines, folders)
            show_results(folders[0], lines)
        except (MissingDataError, NeedsClassesError) as error:
            if only or not (every or data is None):  # who names data has named the same for all
                raise
            say(error)
            if every:
                echo(f"{entry.name} is not run.", err=True)
            else:
                failed.append(entry.name)
        except VariedError as error:
            if not every:
                raise
            say(error)
            echo(f"{entry.name} is not run.", err=True)
        except MistakeError as error:
            if only:
                raise
            say(error)
            failed.append(entry.name)
        except (ZooError, Interrupted):
            raise
        except Exception as error:
            if only:
                raise
            say(error)
            failed.append(entry.name)

    if files := left():
        found = find_all(files)
    elif not is_beside():
        found = [entry for entry in found if not is_known(entry)]
    most = most_here()
    if is_helper():
        help_another(found[::-1][:most], settings, data_dir, how)
        begin_anew(found[:-most])
        return
    found, later = found[:most], found[most:]
    in_turn = dry_run or profile or is_beside()
    here, aside, alone = (found, [], []) if in_turn else shared_out(found)
    train = [entry for entry in here if entry.kind != "measured"]
    helper = Helper([] if in_turn or fresh or (train and not aside) else aside or here)
    for entry in [] if every else aside:  # what is wrong is said before anything is trained
        requests.prepare(entry, settings, data_dir, panel=panel)
    rest = [*here, *aside, *alone, *later]
    try:
        with helper, beside(aside) as failed_aside:
            if not aside:
                helper.start_after(PATIENCE)
            for entry in here:
                if entry is not here[0] and ours and not (fresh or in_turn):
                    check_maps(MANY_MAPS)
                carry_out(entry)
                rest.remove(entry)
            if aside:
                helper.start_after(0)
        for entry in alone:
            carry_out(entry)
        failed += failed_aside
    except FullError as full:
        full.left, full.failed = [str(entry.path) for entry in rest], failed
        raise
    finally:
        if processes is not None:
            processes.close()
        with phase("tables and verdicts"):
            requests.write_what_follows(results, done)
        if profile:
            show_profile(results)
    begin_anew(later, failed)
    if failed:
        echo(f"Failed: {', '.join(failed)}. The others are done.", err=True)
        raise typer.Exit(1)


def check_scale(scale: str, found: Sequence[Entry]) -> None:
    """Raises ZooError unless some experiment has a scale of this name."""
    known = sorted({name for entry in found for name in entry.scales()})
    if scale not in known:
        raise ZooError(
            f"`--scale` must be one that an experiment has: {', '.join(known) or 'none has any'}. "
            f"Received: {scale!r}"
        )


def help_another(
    found: Sequence[Entry], settings: Settings, data_dir: Path | None, how: How
) -> None:
    """Measures from the last seed to the first what another process begins at the first.

    Args:
        found: The experiments, the last first.
        settings: Theirs.
        data_dir: Where data are looked for first.
        how: How.
    """
    from zoo.runner import measured
    from zoo.runner.request import prepare

    for entry in found:
        try:
            request = prepare(entry, settings, data_dir)
            if request.kind is measured:
                measured.help_with(request.prepared, how)
        except ZooError as error:
            say(error)


def show_all(lines: Sequence[str]) -> None:
    """Prints some lines."""
    for line in lines:
        echo(line)


def show_profile(results: Path) -> None:
    """Prints where the time went, and keeps it with the timings of this machine."""
    from zoo.engine.device import device_slug
    from zoo.results.files import write_text
    from zoo.runs.phases import PHASES, lines_of

    spent = PHASES.spent()
    path = results / "timings" / f"phases-{device_slug()}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"{name},{wall:.2f},{cpu:.2f}" for name, (wall, cpu) in spent.items())
    write_text(path, "\n".join(["phase,seconds,cpu_seconds", *rows]) + "\n")
    echo("\n".join(["", *lines_of(spent), f"Kept in {path}"]))


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ZooError(
            f"`{option}` must be numbers separated by commas, like 0.01,0.1. Received: {text!r}"
        ) from None


def show_results(folder: Path, lines: Sequence[str]) -> None:
    """Prints table and verdicts of a run, then what was done, and how to see it again."""
    from zoo.results import seconds
    from zoo.results.files import table_in

    echo(table_in(folder).with_suffix(".md").read_text(encoding="utf-8"))
    if line := seconds.line_of(folder):
        echo(f"{line}\n")
    show_verdicts(folder)
    echo("\n".join([*lines, f"Again: python -m zoo table {shlex.quote(folder.name)}"]))


def show_verdicts(folder: Path) -> None:
    """Prints the verdicts in a results folder, if it has any."""
    from zoo.results import ledger

    if (folder / "verdicts.csv").is_file():
        verdicts = ledger.read(folder.parent, [folder.name], over_panels=False)
        echo("\n".join(ledger.lines_of(verdicts, line_width())))
        echo(f"{ledger.counts(verdicts)}.\n")
