"""A request to run an experiment, from the command line or from Python: what is said and done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.claims import ALPHA, Claim, Identity
from zoo.runner import holds_when, kinds, measured
from zoo.runner import panel as panels
from zoo.runner.how import How
from zoo.runner.prepare import Settings
from zoo.runner.registry import Entry
from zoo.runs.phases import phase


@dataclass(frozen=True)
class Request:
    """What was asked for, ready to be run.

    Attributes:
        kind: The module that carries it out.
        prepared: What that has prepared.
        settings: What the user changes.
    """

    kind: Any
    prepared: Any
    settings: Settings

    def told(self) -> list[str]:
        """Returns what is to be said before anything is trained."""
        experiment, labels = self.prepared.experiment, self.settings.variants
        lines = []
        if labels and experiment.baseline and experiment.baseline not in labels:
            lines.append(f"The baseline {experiment.baseline} is run, too.")
        lines += undecidable(self.prepared.folder_name, experiment.claims, self.settings.seeds)
        return [*lines, *_tables_of(self.prepared)]

    def plan(self) -> list[str]:
        """Returns how much there is to do, and how much memory it takes if that is much."""
        return [self.kind.plan_of(self.prepared), *_memory_of(self.prepared)]

    def estimate(self, how: How) -> list[str]:
        """Returns how long it will take; nothing for what is only measured."""
        from zoo.runner import estimate

        parts = getattr(self.prepared, "parts", None) or [self.prepared]
        trained = [part for part in parts if hasattr(part, "jobs")]
        return estimate.lines_of(trained, how.engine, how.results, how.fresh) if trained else []

    def run(self, how: How) -> tuple[list[Path], list[str]]:
        """Does what was asked for.

        Returns:
            The results folders: its own, then those that it is put together from. And lines that
            say what was done and what to do next.

        Raises:
            Interrupted: If the user interrupts; says what is kept.
        """
        folder, lines = self.kind.run(self.prepared, how)
        parts = getattr(self.prepared, "parts", ())
        return [folder, *(how.results / part.folder_name for part in parts)], lines


def prepare(
    entry: Entry,
    settings: Settings,
    data_dir: Path | None,
    *,
    panel: bool = False,
    every: bool = False,
) -> Request:
    """Loads experiment and data and plans the runs; trains nothing.

    Args:
        entry: The experiment.
        settings: What the user changes about it.
        data_dir: Folder with data sets.
        panel: Whether it is to be run on several data sets.
        every: Whether all experiments are run: of these such that train nothing, or vary their
            data, are run without the panel.

    Raises:
        ZooError: If a setting, the data or the experiment's file is wrong.
    """
    kind: Any = holds_when if holds_when.has_several(settings) else kinds.of(entry)
    if panel and not (every and not panels.fits(entry)):
        kind = panels
    elif entry.kind == "measured" and not every:
        measured.check_taken(entry, settings)
    with phase("plan and keys"):
        return Request(kind, kind.prepare(entry, settings, data_dir), settings)


def write_what_follows(results: Path, done: Sequence[Path]) -> None:
    """Writes what follows from results that were run: panels that they are part of, the ledger.

    Args:
        results: The results folder of all experiments.
        done: The folders that were written.
    """
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


def undecidable(name: str, claims: Sequence[Claim], seeds: int | str | None) -> list[str]:
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
    recipes = [part.experiment.recipe for part in parts if hasattr(part, "data_of")]
    probes = any(recipe.probes for recipe in recipes)
    return memory_lines(largest, len(parts[0].seeds), free_memory(), probes)


def _tables_of(prepared: Any) -> list[str]:
    """Returns what was done with the tables that are trained on, each once."""
    from zoo.data.told import lines_of

    found: dict[str, Any] = {}
    for part in getattr(prepared, "parts", None) or [prepared]:
        for data in getattr(part, "data_of", {}).values():
            if data.table is not None or data.of_numbers or data.note:
                found.setdefault(data.fingerprint, data)
    return [line for data in found.values() for line in [f"{data.name}:", *lines_of(data)]]
