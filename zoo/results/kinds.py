"""Where is asked what a results folder holds: an experiment that trained, or one that measured.

Each kind is a module with the same functions: `rows_of(folder)`, what claims are settled on,
and `rates_of(folder, rows)`, the learning rates at which; `write_again(folder)`, which makes the
tables again from the rows;
`blocks(spec, table)` and `notes(spec, table)`, the table and how to read it. What was run with
several values (`holds_when`) or on several data sets (`panel`) is put together from other folders:
the first has the last two only, the second also `write_again`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.results import holds_when, measured, panel, trained

KINDS: Mapping[str, Any] = {
    "trained": trained,
    "measured": measured,
    "holds_when": holds_when,
    "panel": panel,
}
WITH_ROWS = ("trained", "measured")


def kind_of(spec: Mapping[str, Any]) -> str:
    """Returns the kind of what was run: one of `KINDS`, or `search`."""
    return str(spec.get("kind", "trained"))


def of(spec: Mapping[str, Any]) -> Any:
    """Returns the module for an experiment's kind."""
    return KINDS[kind_of(spec)]
