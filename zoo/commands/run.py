"""The command `run`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from zoo.claims import ALPHA, Claim, Identity
from zoo.commands.options import (
    RESULTS,
    AllOption,
    DataDirOption,
    DataOption,
    DebugOption,
    Names,
    ResultsOption,
    echo,
    line_width,
    say,
    takes_table,
)
from zoo.engine.device import import_keras
from zoo.errors import Interrupted, MissingDataError, MistakeError, ZooError
from zoo.runs.phases import phase

if TYPE_CHECKING:
    from zoo.runner.prepare import Settings
    from zoo.runner.registry import Entry


@takes_table
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
    from zoo.runner.overrides import labels_in, words_in
    from zoo.runner.registry import entries, find

    console = Console()
    if every == bool(names):
        raise ZooError("Name the experiments to run, or give --all. `python -m zoo list` has them.")
    if every and (variants or changes):
        option = "--variants" if variants else "--set"
        raise ZooError(
            f"`{option}` must go with the names of experiments, which have variants and defaults "
            "of their own. Received: --all"
        )
    found = entries() if every else [find(name) for name in names or []]
    if panel and any("," in text for _, text in words_in(changes or [])):
        raise ZooError("`--set` must have one value with `--panel`. Run it once for each.")
    labels, words = labels_in(variants or []), words_in(changes or [])
    rates = _numbers("--learning-rates", learning_rates)
    # Keras takes seconds to import; whatever can be wrong without it has been said above.
    with phase("import"):
        import_keras(device)
    from zoo.engine.device import use_mixed_precision
    from zoo.runner.how import How
    from zoo.runner.prepare import Settings
    from zoo.runner.trainer import Engine

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
    )
    if mixed_precision:
        use_mixed_precision()
    failed: list[str] = []
    done: list[Path] = []
    try:
        for entry in found:
            try:
                if every and scale is not None and scale not in entry.scales():
                    echo(f"{entry.name} has no {scale} scale and is left out.")
                    continue
                kind = _kind_of(entry, settings, panel, every)
                with phase("plan and keys"):
                    prepared = kind.prepare(entry, settings, data_dir)
                baseline = prepared.experiment.baseline
                if labels and baseline and baseline not in labels:
                    echo(f"The baseline {baseline} is run, too.")
                claims = prepared.experiment.claims
                for line in _undecidable(prepared.folder_name, claims, settings.seeds):
                    echo(line)
                for line in _tables_of(prepared):
                    echo(line)
                if dry_run:
                    echo(kind.plan_of(prepared))
                    for line in _memory_of(prepared):
                        echo(line)
                    continue
                folder, lines = kind.run(prepared, how)
                parts = getattr(prepared, "parts", ())
                done += [folder, *(results / part.folder_name for part in parts)]
                show_results(folder, lines)
            except MissingDataError as error:
                if not every:
                    raise
                say(error)
                echo(f"{entry.name} is not run.", err=True)
            except MistakeError as error:
                if len(found) == 1:
                    raise
                say(error)
                failed.append(entry.name)
            except (ZooError, Interrupted):
                raise
            except Exception as error:
                if len(found) == 1:
                    raise
                say(error)
                failed.append(entry.name)
    finally:
        with phase("tables and verdicts"):
            _write_ledger(results, done)
        if profile:
            show_profile(results)
    if failed:
        echo(f"Failed: {', '.join(failed)}. The others are done.", err=True)
        raise typer.Exit(1)


def _memory_of(prepared: Any) -> list[str]:
    """Returns how much memory the largest data set of a run takes, if that is much."""
    from zoo.data.draws import bytes_of
    from zoo.data.memory import free_memory
    from zoo.runner.sizes import memory_lines

    parts = getattr(prepared, "parts", None) or [prepared]
    found = [data for part in parts for data in getattr(part, "data_of", {}).values()]
    largest = max(found, key=bytes_of, default=None)
    if largest is None:
        return []
    return memory_lines(largest, len(parts[0].seeds), free_memory())


def _tables_of(prepared: Any) -> list[str]:
    """Returns what was done with the tables that are trained on, each once."""
    from zoo.data.told import lines_of

    found: dict[str, Any] = {}
    for part in getattr(prepared, "parts", None) or [prepared]:
        for data in getattr(part, "data_of", {}).values():
            if data.table is not None:
                found.setdefault(data.fingerprint, data)
    return [line for data in found.values() for line in [f"{data.name}:", *lines_of(data)]]


def _kind_of(entry: Entry, settings: Settings, panel: bool, every: bool) -> Any:
    """Returns the module that carries out what was asked for.

    Of all experiments those that train nothing, or vary their data, are run without the panel.
    """
    from zoo.runner import holds_when, kinds
    from zoo.runner import panel as panels

    if panel and not (every and not panels.fits(entry)):
        return panels
    return holds_when if holds_when.has_several(settings) else kinds.of(entry)


def _undecidable(name: str, claims: Sequence[Claim], seeds: int | str | None) -> list[str]:
    """Returns a line that says so if that many seeds cannot decide the claims of an experiment."""
    from zoo.evidence.statistics import fewest_seeds

    tested = [claim for claim in claims if not all(isinstance(r, Identity) for r in claim.rules)]
    least = fewest_seeds(ALPHA)
    if not isinstance(seeds, int) or seeds >= least or not tested:
        return []
    return [
        f"{name}: below {least} seeds nothing can be decided; with {seeds} the smallest p is "
        f"{2 / 2**seeds:g}, so every claim that needs a test stays undecided."
    ]


def _write_ledger(results: Path, done: Sequence[Path]) -> None:
    """Writes what follows from results that were run: panels that they are part of, the ledger."""
    from zoo.results.folders import PANEL

    if done and any(results.glob(f"*{PANEL}/spec.json")):
        from zoo.figures.kinds import plot_results
        from zoo.results import again

        for panel in again.write_panels_of(done):
            plot_results(panel)
    names = [folder.name for folder in done if (folder / "verdicts.csv").is_file()]
    if any("@" not in name or name.endswith(PANEL) for name in names):
        from zoo.results import ledger

        ledger.write_ledger(results)


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
    from zoo.results.files import table_in

    echo(table_in(folder).with_suffix(".md").read_text(encoding="utf-8"))
    show_verdicts(folder)
    echo("\n".join([*lines, f"Again: python -m zoo table {shlex.quote(folder.name)}"]))


def show_verdicts(folder: Path) -> None:
    """Prints the verdicts in a results folder, if it has any."""
    from zoo.results import ledger

    if (folder / "verdicts.csv").is_file():
        verdicts = ledger.read(folder.parent, [folder.name], over_panels=False)
        echo("\n".join(ledger.lines_of(verdicts, line_width())))
        echo(f"{ledger.counts(verdicts)}.\n")
