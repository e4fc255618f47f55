"""The commands about experiments: `list` and `show`."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.claims import VERDICTS

if TYPE_CHECKING:
    from zoo.claims import Claim
    from zoo.runner.registry import Entry

from typing import Annotated

import typer

from zoo.commands.options import (
    RESULTS,
    DebugOption,
    ResultsOption,
    echo,
)
from zoo.engine.device import import_keras
from zoo.errors import ZooError, closest


def list_command(
    factor: Annotated[str | None, typer.Option(help="Only experiments on this factor.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only experiments on this topic.")] = None,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """List the experiments by topic, with their questions and verdicts."""
    from zoo.runner.registry import entries, topics

    found = entries()
    questions = topics()
    for what, wanted, names in (
        ("varies", factor, sorted({entry.factor for entry in found})),
        ("is on the topic", topic, list(questions)),
    ):
        if wanted is not None and wanted not in names:
            raise ZooError(f"No experiment {what} {wanted!r}. {closest(wanted, names)}")
    found = [entry for entry in found if factor in (None, entry.factor)]
    found = [entry for entry in found if topic in (None, entry.topic)]
    width = max((len(entry.name) for entry in found), default=0)
    damaged: list[ZooError] = []
    for name, question in questions.items():
        own = [entry for entry in found if entry.topic == name]
        if own:
            echo(f"{name}: {question}")
        for entry in own:
            try:
                counted = verdict_counts(results / entry.name)
            except ZooError as error:  # which is told when all are listed
                damaged.append(error)
                counted = " (verdicts.csv is damaged)"
            echo(f"  {entry.name.ljust(width)}  {entry.question}{counted}")
    if damaged:
        raise damaged[0]


def show(name: str, debug: DebugOption = False) -> None:
    """Show what an experiment varies and what it keeps."""
    from zoo.runner.registry import find

    entry = find(name)
    import_keras()
    show_experiment(entry)


def show_experiment(entry: Entry) -> None:
    """Prints what an experiment varies, what it keeps and what it claims."""
    echo(entry.docstring.strip())
    if entry.kind == "measured":
        measured = entry.load_measurement()
        how = "measured" if measured.trains else "measured without training"
        echo(f"\nfactor         {measured.factor}, {how}")
        echo("\n".join(f"  {label}" for label in measured.variants))
        _show_scales(measured.scales)
        _show_claims(measured.claims)
        return
    experiment = entry.load()
    recipe = experiment.recipe
    echo(f"\nfactor         {experiment.factor}")
    for label in experiment.variants:
        rates = ", ".join(f"{rate:g}" for rate in experiment.learning_rates(label))
        mark = "  (baseline)" if label == experiment.baseline else ""
        echo(f"  {label.ljust(30)} learning rates {rates}{mark}")
    some = f", {recipe.train_examples} training examples" if recipe.train_examples else ""
    echo(f"data           {recipe.data}{some}")
    echo(f"epochs         {recipe.epochs}, batch size {recipe.batch_size}")
    _show_scales(experiment.scales)
    echo(f"file           {os.path.relpath(entry.path)}")
    _show_claims(experiment.claims)


def _show_scales(scales: Iterable[str]) -> None:
    """Prints the larger sizes that an experiment has."""
    if names := ", ".join(scales):
        echo(f"scales         {names} (run --scale)")


def _show_claims(claims: Sequence[Claim]) -> None:
    """Prints what the lectures say, with its source and the rule that settles it, in words."""
    from zoo import catalogue
    from zoo.results.ledger_words import in_words

    if claims:
        echo("claims")
    for claim in claims:
        known = catalogue.find(claim.id)
        source = claim.source or known.source
        echo(f"  {claim.id}  {claim.says or known.says} ({source})")
        echo(f"      {in_words(claim)}")


def verdict_counts(folder: Path) -> str:
    """Returns how many claims of a results folder have which verdict, empty if it has none.

    It reads the file without pandas, which would take longer than all else of a listing.

    Raises:
        ZooError: If the file is damaged.
    """
    from zoo.results import schema
    from zoo.results.folders import settled_folder

    if not (folder / "verdicts.csv").is_file():
        return ""
    path = settled_folder(folder) / "verdicts.csv"
    if not path.is_file():
        return ""
    text = schema.read_text(path)
    schema.check_table(path, text, None)
    found = [row["verdict"] for row in csv.DictReader(io.StringIO(text))]
    counts = [f"{found.count(word)} {word}" for word in VERDICTS if word in found]
    return f" ({', '.join(counts)})"
