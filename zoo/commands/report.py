"""The command `report`."""

from __future__ import annotations

from zoo.commands.options import RESULTS, DebugOption, ResultsOption, echo


def report(results: ResultsOption = RESULTS, debug: DebugOption = False) -> None:
    """Write everything that was found to one page, index.html in the results folder."""
    from zoo.report import page
    from zoo.runner import registry

    topic_of = {entry.name: entry.topic for entry in registry.entries()}
    path, experiments = page.write(results, registry.topics(), topic_of)
    size = path.stat().st_size / 1e6
    noun = "experiment" if experiments == 1 else "experiments"
    echo(f"{path}  ({experiments} {noun}, {size:.1f} MB)")
