"""Where is asked what an experiment is: one that trains networks, or one that measures.

Each kind is a module with the same functions: `prepare(entry, settings, data_dir)` returns what is
to be run and does nothing else; `plan_of(prepared)` says how much that is; `spec_of(prepared)` is
the declaration that results are kept with; `run(prepared, how)` does it and writes the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.runner import measured, trained
from zoo.runner.registry import Entry

KINDS: Mapping[str, Any] = {"trained": trained, "measured": measured}


def of(entry: Entry) -> Any:
    """Returns the module for an experiment's kind."""
    return KINDS[entry.kind]
