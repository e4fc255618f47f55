"""The checks of one experiment, in the order in which they can be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zoo import data as datasets
from zoo.claims import labels_of
from zoo.data import Data
from zoo.data.weights import weighted
from zoo.errors import ZooError
from zoo.evidence.cells import Cells, NotRun
from zoo.experiment import Experiment, Measurement
from zoo.results.measured import wide
from zoo.runner import measured
from zoo.runner.contract import declaration, networks, training
from zoo.runner.mistakes import line_of, line_of_argument, mistakes_in, place
from zoo.runner.prepare import Settings
from zoo.runner.registry import Entry

TRAINING = "Training must raise nothing."


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        check: What it looked at.
        wrong: What is wrong, in words; nothing where all is well.
        notes: What is worth knowing, and not wrong.
    """

    check: str
    wrong: Sequence[str] = ()
    notes: Sequence[str] = ()


def findings(
    entry: Entry, *, data_dir: Path | None = None, quick: bool = False
) -> Iterator[Finding]:
    """Checks an experiment; yields what each check found, and ends where the next one cannot be.

    Args:
        entry: The experiment.
        data_dir: Folder with data files.
        quick: Whether to leave out what trains or measures.
    """
    try:
        experiment = declaration.load(entry)
    except ZooError as error:
        yield Finding("module", [str(error)])
        return
    yield Finding("module")
    yield Finding("question", declaration.question(entry), declaration.docstring(entry))
    yield Finding("labels", declaration.labels(entry, experiment))
    yield Finding("claims", declaration.claims(entry, experiment))
    if isinstance(experiment, Experiment):
        yield from _trained(entry, experiment, data_dir, quick)
    elif not quick:
        yield from _measured(entry, experiment, data_dir)


def _trained(
    entry: Entry, experiment: Experiment, data_dir: Path | None, quick: bool
) -> Iterator[Finding]:
    wrong = declaration.factories(entry, experiment)
    yield Finding("factories", wrong)
    if wrong:
        return
    try:
        data_of = _some_data(entry, experiment, data_dir)
    except ZooError as error:
        yield Finding("data", [str(error)])
        return
    yield Finding("data")
    problems, identities = [], {}
    for label in experiment.variants:
        recipe, data = experiment.recipe_for(label), data_of[label]
        try:
            model = networks.network(entry, recipe, data.input_shape, data.num_classes)
            identities[label] = networks.identity(recipe, model)
        except ZooError as error:
            problems.append((label, str(error)))
    yield Finding("networks", declaration.of_variants(problems))
    if problems:
        return
    yield Finding("factor", networks.identical(entry, identities))
    if quick:
        return
    try:
        with mistakes_in(entry.path, TRAINING, line_of_argument(entry.path, "recipe")):
            trained = training.Trained(experiment, data_of)
            yield _diverging(entry, trained)
            yield from _shown(entry, trained)
    except ZooError as error:
        yield Finding("training", [str(error)])


def _some_data(entry: Entry, experiment: Experiment, data_dir: Path | None) -> Mapping[str, Data]:
    """Loads some examples for each variant; variants that ask for the same share them."""
    loaded: dict[Any, Data] = {}
    found = {}
    for label in experiment.variants:
        recipe = experiment.recipe_for(label)
        wanted = (recipe.data, recipe.preprocessing)
        if wanted not in loaded:
            line = line_of(entry.path, recipe.preprocessing, "preprocessing")
            expected = "`preprocessing` must return a function of features that returns features."
            with mistakes_in(entry.path, expected, line):
                whole = datasets.load(
                    recipe.data, data_dir=data_dir, preprocessing=recipe.preprocessing
                )
            loaded[wanted] = training.few(whole)
        line = line_of_argument(entry.path, "class_weight")
        with mistakes_in(entry.path, "`class_weight` must be weights of the data's classes.", line):
            found[label] = weighted(loaded[wanted], recipe.class_weight)
    return found


def _diverging(entry: Entry, trained: training.Trained) -> Finding:
    """Says which variants diverge: wrong is what does so at its smallest rate, too."""
    where = place(entry.path, line_of_argument(entry.path, "learning_rates"))
    wrong, notes = [], []
    for label in trained.diverging():
        grid = trained.experiment.learning_rates(label)
        text = f"{where}: variant {label!r} diverges at learning rate {trained.rate_of(label):g}"
        if training.finite(trained.again(label, min(grid))):
            notes.append(text)
        else:
            wrong.append(f"{text} and at its smallest, {min(grid):g}. Give it smaller ones")
    return Finding("training", wrong, notes)


def _shown(entry: Entry, trained: training.Trained) -> Iterator[Finding]:
    """Says whether the baseline learns, training repeats itself and the factor acts."""
    path, baseline = entry.path, trained.experiment.baseline
    rates = place(path, line_of_argument(path, "learning_rates"))
    lost = f"{rates}: the training loss of the baseline {baseline!r} falls at none of its rates"
    yield Finding("learning", [] if trained.learns() else [lost])
    recipe = place(path, line_of_argument(path, "recipe"))
    yield Finding(
        "repetition",
        [
            f"{recipe}: variant {label!r} trains otherwise after the other variants than before, "
            "with the same seed: something carries state from one run into the next"
            for label in trained.unrepeated()
        ],
    )
    variants = place(path, line_of_argument(path, "variants"))
    yield Finding(
        "effect",
        [
            f"{variants}: the factor does nothing between {first!r} and {second!r}: both train "
            "alike, step by step"
            for first, second in trained.without_effect()
        ],
        [
            f"variant {label!r} waits for {epochs} epochs, longer than this check trains"
            for label, epochs in trained.late().items()
        ],
    )


def _measured(entry: Entry, experiment: Measurement, data_dir: Path | None) -> Iterator[Finding]:
    line = line_of(entry.path, experiment.measure, "measure")
    try:
        with mistakes_in(entry.path, measured.MEASURING, line):
            measured.prepare(entry, Settings(), data_dir)
            first, again = (measured.measure(experiment, 1)[0] for _ in range(2))
    except ZooError as error:
        yield Finding("measuring", [str(error)])
        return
    yield Finding("measuring")
    where = place(entry.path, line)
    unlike = not experiment.timed and not first.equals(again)
    told = f"{where}: seed 0 gives other numbers the second time. Draw from `seed` alone"
    yield Finding("repetition", [told] if unlike else [])
    numbers = pd.to_numeric(first["place"], errors="coerce")  # as they are read from a file
    cells, lost = Cells(wide(first.assign(place=numbers))), []
    for claim in experiment.claims:
        for rule in claim.rules:
            try:
                cells.all(rule.metric, labels_of(rule))
            except NotRun as missing:
                lost.append(f"claim {claim.id} cannot be settled: {missing}")
    where = place(entry.path, line_of_argument(entry.path, "claims"))
    yield Finding("evidence", [f"{where}: {each}" for each in lost])
