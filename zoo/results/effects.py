"""The numbers that the claims of an experiment are about, on each data set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from zoo.results import kinds, panel
from zoo.results.files import read_spec, read_table
from zoo.results.verdicts import settled


def effects_of(folder: Path) -> pd.DataFrame:
    """Returns one row a claim, effect and data set, as in `panel.csv`.

    Args:
        folder: Results folder of an experiment or a panel. Of a panel they stand in its file, else
            its claims are settled again from its rows.

    Returns:
        The columns `panel.COLUMNS`. Without a data set `data` is an empty text.
    """
    spec = read_spec(folder)
    if kinds.kind_of(spec) == "panel":
        return read_table(folder)
    kind = kinds.of(spec)
    rows = kind.rows_of(folder)
    claims, found, _ = settled(spec, rows, kind.rates_of(folder, rows))
    name = spec["data"]["name"] if kinds.kind_of(spec) == "trained" else ""
    frame = panel.frame_of(claims, [{name: verdict} for verdict in found])
    return frame[frame["data"] != panel.TOGETHER]
