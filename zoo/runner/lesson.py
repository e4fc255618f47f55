"""An experiment as a short lesson: predict, look at the network, run it small, compare, change it.

Cells are pairs of a kind, `markdown` or `code`, and a text; `notebook_of` makes a notebook of them.
"""

from __future__ import annotations

import inspect
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo import catalogue
from zoo.claims import Claim, labels_of
from zoo.errors import ZooError, printable
from zoo.experiment import Experiment, Measurement
from zoo.results import ledger
from zoo.results.files import read_spec
from zoo.results.folders import settled_folder
from zoo.runner.overrides import RECIPE, settable

if TYPE_CHECKING:
    from zoo.runner.registry import Entry

Cell = tuple[str, str]

SEEDS = 6  # the fewest that can decide anything
SEEDS_MEASURED = 3  # the fewest that have an interval
EPOCHS = 10
OTHERS = 2  # variants besides the baseline
ASKED = 3  # claims to predict
RATES = 2
ENDINGS = {".ipynb": "ipynb", ".py": "py:percent"}  # with what jupytext calls the format
INSTALL = "`pip install jupytext ipykernel` adds what notebooks need."


def cells(entry: Entry, experiment: Experiment | Measurement, results: Path) -> list[Cell]:
    """Returns the cells of the lesson on an experiment.

    Args:
        entry: The experiment, as the registry knows it.
        experiment: The same, imported.
        results: The folder with what was found at full size, if anything was.
    """
    labels = _few(experiment)
    call = _call(entry, experiment, labels, results)
    found = [
        ("markdown", f"# {entry.question}\n\n{_explained(entry.docstring)}".rstrip()),
        ("markdown", _predict(experiment)),
        ("markdown", _source(experiment)),
        ("markdown", _small(experiment, labels)),
        ("code", f"import zoo\n\nfound = {call}"),
        ("code", "found"),
    ]
    if experiment.claims:
        found.append(("markdown", _answer(entry, results)))
    return [*found, ("markdown", _exercises(entry, experiment))]


def notebook_of(lesson: Sequence[Cell]) -> Any:
    """Returns a notebook of the format 4.5; equal cells give an equal notebook.

    Raises:
        ZooError: If nbformat is not installed.
    """
    try:
        from nbformat import v4
    except ImportError as error:
        raise ZooError(f"Notebooks need jupytext, which is not installed. {INSTALL}") from error

    make = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    own = [make[kind](text, id=f"cell-{number}") for number, (kind, text) in enumerate(lesson)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return v4.new_notebook(cells=own, metadata=metadata)


def write(entry: Entry, lesson: Sequence[Cell], folder: Path) -> list[Path]:
    """Writes a lesson as a notebook and as a Python file with the same cells; returns the files.

    Raises:
        ZooError: If jupytext is not installed, or it would write over the experiment.
    """
    if folder.resolve() == entry.path.resolve().parent:
        raise ZooError(
            f"{entry.path} is the experiment itself, and the notebook in Python has the same name. "
            "Name another folder with --to."
        )
    notebook = notebook_of(lesson)
    try:
        import jupytext
    except ImportError as error:
        raise ZooError(f"Notebooks need jupytext, which is not installed. {INSTALL}") from error
    from zoo.results.files import write_text

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZooError(
            f"`--to` must be a folder that can be written. Received: {folder} ({error.strerror}). "
            "Name another."
        ) from error
    paths = []
    for ending, form in ENDINGS.items():
        path = folder / f"{entry.name}{ending}"
        write_text(path, jupytext.writes(notebook, fmt=form).rstrip("\n") + "\n")
        paths.append(path)
    return paths


def _explained(docstring: str) -> str:
    """Returns what a module says after its question, with its references as a list."""
    text, _, sources = printable(docstring).partition("References:")
    lines = [line.strip() for line in sources.splitlines() if line.strip()]
    listed = "\n".join(f"- {line}" for line in lines)
    told = text.strip().partition("\n")[2].strip()
    return "\n\n".join(filter(None, [told, f"References:\n\n{listed}" if listed else ""]))


def _predict(experiment: Experiment | Measurement) -> str:
    labels = ", ".join(f"`{label}`" for label in experiment.variants)
    lines = [
        "## Predict first",
        "",
        f"What varies is **{experiment.factor.replace('_', ' ')}**: {labels}. The baseline is "
        f"`{experiment.baseline}`. Everything else stays the same. Write down what you expect of "
        "these sentences, supported or refuted, before you go on:",
        "",
    ]
    by_sentence = {_says(claim): claim for claim in reversed(experiment.claims)}
    for claim in list(reversed(by_sentence.values()))[:ASKED]:
        tested = f" Tested is: {claim.proposition}" if claim.proposition else ""
        lines.append(f"- {_says(claim)} ({claim.id}){tested}")
    if not experiment.claims:
        lines[-2] = lines[-2].replace("of these sentences, supported or refuted, ", "")
        lines[-2] = lines[-2].replace(":", ".")
    return "\n".join(lines).rstrip()


def _says(claim: Claim) -> str:
    return printable(claim.says or catalogue.find(claim.id).says)


def _source(experiment: Experiment | Measurement) -> str:
    if isinstance(experiment, Measurement):
        heading, function = "## What is measured", experiment.measure
    else:
        heading, function = "## The network", experiment.recipe.build_model
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(_plain(function)))).rstrip()
    return f"{heading}\n\n```python\n{source}\n```"


def _plain(function: Any) -> Any:
    """Returns the function inside of partial ones."""
    while hasattr(function, "func"):
        function = function.func
    return function


def _few(experiment: Experiment | Measurement) -> list[str]:
    """Returns some variants besides the baseline: those that claims name first."""
    rules = [rule for claim in experiment.claims for rule in claim.rules]
    named = [label for rule in rules for label in labels_of(rule)]
    others = dict.fromkeys([*named, *experiment.variants])
    return [each for each in others if each != experiment.baseline][:OTHERS]


def _call(
    entry: Entry, experiment: Experiment | Measurement, labels: Sequence[str], results: Path
) -> str:
    """Returns the call that runs an experiment small."""
    words: dict[str, Any] = {"variants": labels, "seeds": SEEDS_MEASURED}
    if isinstance(experiment, Experiment):
        words["seeds"] = SEEDS
        words["learning_rates"] = _rates(entry, experiment, labels, results)
        words["epochs"] = min(experiment.recipe.epochs, EPOCHS)
    name = entry.name if entry.topic else str(entry.path)
    write = partial(json.dumps, ensure_ascii=False)  # Python, with the quotes of its formatters
    told = "".join(f"\n    {key}={write(value)}," for key, value in words.items())
    return f"zoo.run(\n    {write(name)},{told}\n)"


def _rates(
    entry: Entry, experiment: Experiment, labels: Sequence[str], results: Path
) -> list[float]:
    """Returns the best learning rate of the baseline and the highest of these variants.

    Without results it is the middle of a grid.
    """
    chosen: Mapping[str, float] = {}
    if (results / entry.name / "spec.json").is_file():
        chosen = read_spec(results / entry.name).get("rates", {})
    own = [chosen[label] for label in (experiment.baseline, *labels) if label in chosen]
    grid = experiment.learning_rates(experiment.baseline)
    known = [float(f"{rate:.3g}") for rate in own if math.isfinite(rate)]
    baseline, *others = dict.fromkeys(known or [grid[len(grid) // 2]])
    return sorted([baseline, *sorted(others, reverse=True)[: RATES - 1]])


def _small(experiment: Experiment | Measurement, labels: Sequence[str]) -> str:
    """Returns what the small run is, and what can be expected of it."""
    others = f"{len(labels)} other variant{'s' * (len(labels) != 1)}"
    told = f"## A small run\n\nThe baseline and {others}, "
    if isinstance(experiment, Measurement):
        return f"{told}{SEEDS_MEASURED} seeds each: what is exact needs one, the rest an interval."
    return (
        f"{told}{SEEDS} seeds each: as few networks as can decide anything. A verdict needs an "
        "interval that leaves out the margin and an exact test, so a small run often ends "
        "undecided. That is an answer, too: it says how many seeds would decide."
    )


def _answer(entry: Entry, results: Path) -> str:
    """Returns the verdicts at full size, folded away, and the command that repeats them."""
    folder = results / entry.name
    command = f"python -m zoo run {entry.name if entry.topic else entry.path}"
    if not (settled_folder(folder) / "verdicts.csv").is_file():
        return f"At full size it has not been run here: `{command}` does, and settles the claims."
    rows = ledger.blank(ledger.read(results, [entry.name]))
    torn = rows["says"].duplicated(keep=False)
    body = "\n".join(
        f"- {row.id}: **{row.verdict}**. {printable(row.says)}" + f" Tested: {row.tested}" * several
        for row, several in zip(rows.itertuples(index=False), torn, strict=True)
    )
    return (
        f"<details><summary>What came out at full size</summary>\n\n{body}\n\n"
        f"Repeat it: `{command}`\n\n</details>"
    )


def _exercises(entry: Entry, experiment: Experiment | Measurement) -> str:
    """Returns three things to change, one at a time."""
    name = entry.name if entry.topic else str(entry.path)
    own = [(key, value) for key, value in settable(experiment).items() if key not in RECIPE]
    numbers = [(key, value) for key, value in own if type(value) in (int, float) and value]
    changes = [
        (f"Double `{key}`. Does the order of the variants stay?", f'set={{"{key}": {2 * value!r}}}')
        for key, value in numbers[:1]
    ]
    if isinstance(experiment, Experiment):
        other = "digits" if experiment.recipe.data != "digits" else "mnist1d"
        changes += [
            (f"Other data: does the same hold on `{other}`?", f'data="{other}"'),
            ("A tenth of the epochs: who is ahead early?", f"epochs={_tenth(experiment)}"),
            ("All learning rates: how much of the difference is the rate?", f"seeds={SEEDS}"),
        ]
    else:
        changes += [
            ("More seeds: which intervals get shorter, and by how much?", "seeds=32"),
            ("All variants: which surprised you?", f"seeds={SEEDS_MEASURED}"),
            ("One seed: which numbers need no interval at all?", "seeds=1"),
        ]
    lines = [
        f'{number}. {words} `zoo.run("{name}", {change}).table`'
        for number, (words, change) in enumerate(changes[:3], 1)
    ]
    head = "## Exercises\n\nPredict before you run; change one thing at a time."
    if isinstance(experiment, Experiment):
        head += " These run at full size, for minutes: `variants=[...]` makes them shorter."
    return head + "\n\n" + "\n".join(lines)


def _tenth(experiment: Experiment) -> int:
    return max(1, experiment.recipe.epochs // 10)
