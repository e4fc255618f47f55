from pathlib import Path

import pandas as pd
import pytest

from zoo.results.effects import effects_of
from zoo.results.files import read_frame
from zoo.results.panel import COLUMNS, TOGETHER

RESULTS = Path(__file__).parents[2] / "results"


def test_effects_of_a_panel_are_those_of_its_file():
    folder = RESULTS / "optimizer_default@panel"
    pd.testing.assert_frame_equal(effects_of(folder), read_frame(folder / "panel.csv"))


def test_effects_of_an_experiment_are_those_that_its_panel_has():
    found = effects_of(RESULTS / "optimizer_default")
    panel = read_frame(RESULTS / "optimizer_default@panel" / "panel.csv")
    panel = panel[panel["data"] == "mnist1d"].reset_index(drop=True)
    assert list(found.columns) == COLUMNS
    assert found["what"].tolist() == panel["what"].tolist()
    for end in ("value", "low", "high"):
        assert found[end].tolist() == pytest.approx(panel[end].tolist(), rel=1e-5)


def test_what_is_measured_has_no_data_set():
    found = effects_of(RESULTS / "momentum")
    assert set(found["data"]) == {""}
    assert TOGETHER not in set(found["data"])
