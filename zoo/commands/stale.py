"""The command `stale`."""

from __future__ import annotations

import sys
from pathlib import Path

from zoo.commands.options import RESULTS, DebugOption, Names, ResultsOption, echo
from zoo.errors import ZooError


def stale(
    names: Names = None, results: ResultsOption = RESULTS, debug: DebugOption = False
) -> None:
    """List results that no longer match the code, the data or the versions; trains nothing.

    Without a NAME all results of declared sizes are looked at. The declaration, the data and the
    versions are compared with what the results say; the code, where the store has their runs. The
    exit code is 1 if one is stale.
    """
    from zoo.engine.device import import_keras
    from zoo.results import files

    import_keras("cpu")  # before what imports it loudly
    from zoo.runner import stale as found
    from zoo.runner.registry import find

    files_of = {Path(name).stem: name for name in names or [] if name.endswith(".py")}
    folders = [Path(name).stem if name.endswith(".py") else name for name in names or []]
    for name in folders:
        files.results_folder(results, name)
    plain, own = found.folders_of(folders, results)
    if own and names and not plain:
        raise ZooError(
            f"{own[0]} has settings of its own, and its name does not say them all. Run it again "
            "with the same words: what has not changed is not trained again."
        )
    if not plain and not own:
        raise ZooError(f"There are no results in {results}. `python -m zoo run` makes some.")
    old = unknown = 0
    for name in plain:
        experiment, _, words = name.partition("@")
        try:
            entry = find(files_of.get(experiment, experiment))
        except ZooError:
            if experiment in files_of:
                raise
            unknown += 1
            echo(f"{name}: no experiment is called so; if it is yours, name its file")
            continue
        each = found.look(entry, results, words.removeprefix("data=") or None)
        old += bool(each.reasons)
        unknown += bool(each.unknown)
        if told := "; ".join(each.reasons) or each.unknown or ("up to date" if names else ""):
            echo(f"{name}: {told}")
    summary = [f"{len(plain) - old - unknown} of {len(plain)} results are up to date, {old} stale"]
    summary += [f"{unknown} unknown"] * bool(unknown)
    summary += [f"{len(own)} with settings of their own were not looked at"] * bool(own)
    echo(", ".join(summary) + ".")
    sys.exit(1 if old else 0)
