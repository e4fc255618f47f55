import pandas as pd
import pytest

from zoo.results import panel

SPEC = {
    "datasets": ["one", "two"],
    "claims": [{"id": "X1", "proposition": "a is better than b."}],
    "setting": [],
}


@pytest.mark.parametrize("why", ["rate", "family"])
def test_the_table_says_why_a_clear_effect_is_undecided(why):
    rows = [
        ("X1", "a - b", "m", "difference", "one", "undecided", why, 1.0, 0.5, 1.5, 8),
        ("X1", "a - b", "m", "difference", "two", "undecided", None, 1.0, -0.5, 2.5, 8),
    ]
    table = pd.DataFrame(rows, columns=panel.COLUMNS)
    (_, verdicts), _ = panel.blocks(SPEC, table)
    assert verdicts[["verdict", "one", "two"]].to_numpy().tolist() == [
        ["undecided", f"undecided: {why}", "undecided"]
    ]
    told = [line for line in panel.notes(SPEC, table) if line.startswith("Undecided")]
    assert told == [f"Undecided, {why}: {panel.WHY_OPEN[why]}."]


def test_a_table_without_such_effects_says_nothing_of_them():
    row = ("X1", "a - b", "m", "difference", "one", "undecided", None, 1.0, -0.5, 2.5, 8)
    table = pd.DataFrame([row], columns=panel.COLUMNS)
    assert not any(line.startswith("Undecided") for line in panel.notes(SPEC, table))
