import shutil
from pathlib import Path

import pytest

from zoo.results.folders import drawn_before

COMMITTED = Path(__file__).parents[2] / "results"
OWN = "optimizer_default"
SINGLE = f"{OWN}@data=digits"


@pytest.fixture
def root(tmp_path):
    """A results folder: an experiment, two data sets more, and its panel; no pictures."""
    for name in (OWN, SINGLE, f"{OWN}@data=mnist5k", f"{OWN}@panel"):
        (tmp_path / name).mkdir()
        shutil.copy(COMMITTED / name / "spec.json", tmp_path / name)
    (tmp_path / f"{OWN}@panel" / "verdicts.csv").touch()
    return tmp_path


def names(root):
    return [folder.name for folder in drawn_before(root)]


def test_a_data_set_of_a_panel_is_drawn_again_where_it_was_drawn_before(root):
    assert names(root) == [OWN, f"{OWN}@panel"]
    (root / SINGLE / "curves.svg").touch()
    assert names(root) == [OWN, SINGLE, f"{OWN}@panel"]


def test_without_a_panel_every_data_set_is_drawn(root):
    shutil.rmtree(root / f"{OWN}@panel")
    assert names(root) == [OWN, SINGLE, f"{OWN}@data=mnist5k"]
