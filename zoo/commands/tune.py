"""The command `tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import Interrupted

if TYPE_CHECKING:
    from zoo.search.points import ExperimentSearch

import os
from typing import Annotated, Any

import typer
from rich.console import Console

from zoo.commands.options import (
    RESULTS,
    ClusterOption,
    DataDirOption,
    DataOption,
    DebugOption,
    ResultsOption,
    WorkersOption,
    cluster_of,
    echo,
    takes_table,
)
from zoo.engine.device import import_keras


@takes_table
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
    data: DataOption = None,
    data_dir: DataDirOption = None,
    results: ResultsOption = RESULTS,
    engine: Annotated[str, typer.Option(help="population or fit.")] = "population",
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the space only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more.")] = False,
    debug: DebugOption = False,
    table: Any = None,
) -> None:
    """Search hyperparameters with keras-tuner; trials that are stored are not trained again."""
    from zoo.runner.registry import find

    entry = find(name)
    console = Console()
    processes = cluster_of(workers, cluster)
    import_keras(device, alone=True)
    from zoo.results.store import Store
    from zoo.runner.prepare import Settings
    from zoo.runner.trainer import Engine
    from zoo.search import tune as tuning
    from zoo.search.points import prepare

    wanted = prepare(
        entry,
        Settings(epochs=epochs, data=data, table=table),
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
    chosen = Engine(name=engine)
    try:
        with Store(results) as store:
            folder, trained = tuning.run(
                wanted, results, store, console, chosen, processes, verbose=verbose
            )
    except KeyboardInterrupt:
        raise Interrupted("The same command goes on from there.") from None
    finally:
        if processes is not None:
            processes.close()
    show_winner(folder, trained)


def show_search(search: ExperimentSearch) -> None:
    """Prints what a search varies, in the words that `--space` takes."""
    executions = f", {search.executions} seeds each" if search.executions > 1 else ""
    trials = f", {search.trials} trials" if search.strategy != "hyperband" else ""
    echo(
        f"{search.entry.name}: {search.strategy} search{trials}{executions}, {search.epochs} epochs"
    )
    for dimension in search.space.values():
        echo(f"  --space {dimension}")


def show_winner(folder: Path, trained: int) -> None:
    """Prints the best trials of a search and what became of the winner."""
    import json

    from zoo.results.files import read_frame
    from zoo.search.table import ranked as ranked_places

    trials = read_frame(folder / "trials.csv")
    winner = json.loads((folder / "winner.json").read_text(encoding="utf-8"))
    ranked = trials.iloc[ranked_places(trials)]
    of_r2 = "test_r2" in winner
    echo(f"\nvalidation {'R2 ' * of_r2}%  trial")
    varied = [name for name in winner["values"] if trials[name].nunique() > 1]
    for row in ranked.head(5).to_dict("records"):
        values = ", ".join(f"{name} {_short(row[name])}" for name in varied)
        spread = "" if row["runs"] == 1 else f" +- {100 * row['deviation']:.1f}"
        echo(f"{100 * row['score']:.1f}{spread}".ljust(12) + f"  {row['trial']}: {values}")
    told = winner["test_r2" if of_r2 else "test_accuracy"]
    diverged = int((trials["diverged"] > 0).sum())
    score = "R2 " * of_r2
    echo(
        f"\nThe best, trained with {told['n']} seeds: {score}{100 * told['mean']:.1f} % on the "
        f"test set [{100 * told['low']:.1f}, {100 * told['high']:.1f}]. {diverged} of "
        f"{len(trials)} trials diverged. Trained {trained} runs, the others were stored."
    )
    echo(f"Trials and pictures: {folder}{os.sep}")
    echo(f'Its network: keras.saving.load_model("{folder / "winner.keras"}")')


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
