"""What the commands print about experiments, plans and results."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from zoo.claims import Claim
    from zoo.runner.prepare import Prepared
    from zoo.runner.registry import Entry
    from zoo.search.points import Search


def show_experiment(entry: Entry) -> None:
    """Prints what an experiment varies, what it keeps and what it claims."""
    typer.echo(entry.docstring.strip())
    if not entry.trained:
        measured = entry.load_measurement()
        how = "measured" if measured.trains else "measured without training"
        typer.echo(f"\nfactor         {measured.factor}, {how}")
        typer.echo("\n".join(f"  {label}" for label in measured.variants))
        _show_scales(measured.scales)
        _show_claims(measured.claims)
        return
    experiment = entry.load()
    recipe = experiment.recipe
    typer.echo(f"\nfactor         {experiment.factor}")
    for label in experiment.variants:
        rates = ", ".join(f"{rate:g}" for rate in experiment.learning_rates(label))
        mark = "  (baseline)" if label == experiment.baseline else ""
        typer.echo(f"  {label.ljust(30)} learning rates {rates}{mark}")
    some = f", {recipe.train_examples} training examples" if recipe.train_examples else ""
    typer.echo(f"data           {recipe.data}{some}")
    typer.echo(f"epochs         {recipe.epochs}, batch size {recipe.batch_size}")
    _show_scales(experiment.scales)
    typer.echo(f"file           {os.path.relpath(entry.path)}")
    _show_claims(experiment.claims)


def _show_scales(scales: Iterable[str]) -> None:
    """Prints the larger sizes that an experiment has."""
    if names := ", ".join(scales):
        typer.echo(f"scales         {names} (run --scale)")


def _show_claims(claims: Sequence[Claim]) -> None:
    """Prints what the lectures say, with its source and the rule that settles it."""
    from zoo import catalogue
    from zoo.results import ledger

    if claims:
        typer.echo("claims")
    for claim in claims:
        known = catalogue.find(claim.id)
        source = claim.source or known.source
        typer.echo(f"  {claim.id}  {claim.says or known.says} ({source})")
        typer.echo(f"      {ledger.describe(claim)}")


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
    from zoo.results import tables

    typer.echo((folder / "table.md").read_text(encoding="utf-8"))
    spec = tables.read_spec(folder)
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


def show_search(search: Search) -> None:
    """Prints what a search varies, in the words that `--space` takes."""
    executions = f", {search.executions} seeds each" if search.executions > 1 else ""
    trials = f", {search.trials} trials" if search.strategy != "hyperband" else ""
    typer.echo(
        f"{search.entry.name}: {search.strategy} search{trials}{executions}, {search.epochs} epochs"
    )
    for dimension in search.space.values():
        typer.echo(f"  --space {dimension}")


def show_winner(folder: Path, trained: int) -> None:
    """Prints the best trials of a search and what became of the winner."""
    import json

    from zoo.results.tables import read_frame

    trials = read_frame(folder / "trials.csv")
    winner = json.loads((folder / "winner.json").read_text(encoding="utf-8"))
    longest = trials[trials["epochs"] == trials["epochs"].max()]
    ranked = longest.sort_values("score", ascending=False, kind="stable")
    typer.echo("\nvalidation %  trial")
    varied = [name for name in winner["values"] if trials[name].nunique() > 1]
    for row in ranked.head(5).to_dict("records"):
        values = ", ".join(f"{name} {_short(row[name])}" for name in varied)
        spread = "" if row["runs"] == 1 else f" +- {100 * row['deviation']:.1f}"
        typer.echo(f"{100 * row['score']:.1f}{spread}".ljust(12) + f"  {row['trial']}: {values}")
    told = winner["test_accuracy"]
    diverged = int((trials["diverged"] > 0).sum())
    typer.echo(
        f"\nThe best, trained with {told['n']} seeds: {100 * told['mean']:.1f} % on the test set "
        f"[{100 * told['low']:.1f}, {100 * told['high']:.1f}]. {diverged} of {len(trials)} trials "
        f"diverged. Trained {trained} runs, the others were stored."
    )
    typer.echo(f"Trials and pictures: {folder}{os.sep}")
    typer.echo(f'Its network: keras.saving.load_model("{folder / "winner.keras"}")')


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
