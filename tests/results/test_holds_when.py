"""Differences and verdicts against values that were set, from tables of the single values."""

import json
import math

import pandas as pd
import pytest

from zoo.errors import ZooError
from zoo.results import files, tables
from zoo.results.compare import compare
from zoo.results.holds_when import (
    COLUMNS,
    Part,
    agreement,
    blocks,
    frame_of,
    rows_at,
    settings_of,
    verdicts_of,
)
from zoo.results.sides import read_both

SWEPT = {"units": ["30", "100"], "depth": ["1", "2"]}
LONG = "ReLU trains faster than tanh, " * 4


def table(gain, at_edge=False):
    """Returns a table in which tanh is `gain` above relu, give or take 0.01."""
    rows = [
        ("relu", 0.1, 4, 0, 0.5, 0.49, 0.51, *[math.nan] * 4, False),
        ("tanh", 0.1, 4, 0, 0.5 + gain, 0.4, 0.6, gain, gain - 0.01, gain + 0.01, 0.125, at_edge),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def verdicts(*words):
    rows = [(f"C{place}", LONG, f"rule {place}", word) for place, word in enumerate(words)]
    return pd.DataFrame(rows, columns=["id", "says", "rule", "verdict"])


@pytest.fixture
def parts():
    """Returns results in which the gain is units / 1000 for depth 1, and none for depth 2."""
    return [
        Part(
            values,
            table(int(values["units"]) / 1000 if values["depth"] == "1" else 0.0),
            verdicts("supported", "supported" if values["depth"] == "1" else "undecided"),
        )
        for values in settings_of(SWEPT)
    ]


@pytest.fixture
def spec(parts):
    return {
        "experiment": "tiny@units=30,100,depth=1,2",
        "kind": "holds_when",
        "question": "Is tanh better?",
        "factor": "activation",
        "baseline": "relu",
        "variants": ["relu", "tanh"],
        "seeds": [0, 1, 2, 3],
        "swept": SWEPT,
        "setting": ["digits: 359 test samples"],
        "verdicts": verdicts_of(parts),
    }


def test_the_last_name_changes_fastest():
    found = [tuple(values.values()) for values in settings_of(SWEPT)]
    assert found == [("30", "1"), ("30", "2"), ("100", "1"), ("100", "2")]
    assert settings_of({}) == [{}]


def test_every_row_says_its_values(parts):
    frame = frame_of(parts)
    assert list(frame.columns) == ["set_units", "set_depth", *COLUMNS]
    assert len(frame) == 4 * 2
    own = rows_at(frame, {"units": "100", "depth": "1"})
    assert list(own.index) == ["relu", "tanh"]
    assert own.loc["tanh", "difference"] == 0.1
    with pytest.raises(ZooError, match="lacks the column set_width"):
        rows_at(frame, {"width": "1"})


def test_differences_are_points_by_variant_and_value(parts, spec):
    (_, shown), _ = blocks(spec, frame_of(parts))
    assert list(shown.columns) == ["variant", "depth", "units=30", "units=100"]
    assert shown.to_numpy().tolist() == [
        ["relu", "1", "50.0 %", "50.0 %"],
        ["relu", "2", "50.0 %", "50.0 %"],
        ["tanh", "1", "+3.0 [+2.0, +4.0]", "+10.0 [+9.0, +11.0]"],
        ["tanh", "2", "+0.0 [-1.0, +1.0]", "+0.0 [-1.0, +1.0]"],
    ]


def test_a_rate_at_the_end_of_its_grid_has_a_star_and_a_note(parts, spec):
    parts[0] = Part(parts[0].values, table(0.03, at_edge=True))
    frame = frame_of(parts)
    text = tables.render(spec, frame, "md")
    assert "+3.0 [+2.0, +4.0]*" in text
    assert "With a *: the variant's rate" in text


def test_verdicts_are_by_claim_and_value(parts, spec):
    _, (_, shown) = blocks(spec, frame_of(parts))
    assert list(shown["claim"]) == ["C0", "C1"]
    assert list(shown.columns)[2:] == [
        "units=30, depth=1",
        "units=30, depth=2",
        "units=100, depth=1",
        "units=100, depth=2",
    ]
    assert shown.iloc[1, 2:].tolist() == ["supported", "undecided"] * 2
    assert all(len(text) <= 60 and text.endswith("...") for text in shown["says"])
    assert agreement(spec) == [
        "Supported at every value: C0.",
        "Not the same verdict at every value: C1.",
    ]


def test_without_claims_there_is_no_table_of_verdicts(parts, spec):
    parts = [Part(part.values, part.table) for part in parts]
    spec["verdicts"] = verdicts_of(parts)
    assert spec["verdicts"] == []
    assert len(blocks(spec, frame_of(parts))) == 1


def test_a_variant_that_is_missing_at_a_value_leaves_its_cell_empty(parts, spec):
    frame = frame_of(parts)
    (_, shown), *_ = blocks(spec, frame.drop(index=1))
    assert shown.loc[2, "units=30"] == ""


@pytest.fixture
def folder(parts, spec, tmp_path):
    folder = tmp_path / spec["experiment"]
    folder.mkdir()
    files.write_text(folder / "spec.json", json.dumps(spec))
    files.write_frame(folder / "holds_when.csv", frame_of(parts))
    return folder


def test_what_is_read_again_is_what_was_written(folder, parts, spec):
    assert files.results_folder(folder.parent, folder.name) == folder
    for form in tables.FORMATS:
        again = tables.render(files.read_spec(folder), files.read_table(folder), form)
        assert again == tables.render(spec, frame_of(parts), form)


def test_two_such_results_can_be_compared(folder):
    assert compare(*read_both(folder, folder)).none


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"swept": {}}, "`swept` must be one or two lists of texts by name"),
        ({"swept": {"units": [30, 100]}}, "`swept` must be one or two lists of texts by name"),
        ({"swept": {"units": ["30"]}}, "a claim must have 1 verdicts, one a value"),
        ({"verdicts": [{"id": "C0"}]}, "`verdicts` must be a list of claims with their verdicts"),
        ({"baseline": "elu"}, "`baseline` must be a variant"),
    ],
)
def test_a_damaged_declaration_is_named(folder, spec, change, said):
    files.write_text(folder / "spec.json", json.dumps(spec | change))
    with pytest.raises(ZooError, match=said):
        files.read_spec(folder)


def test_a_damaged_table_is_named(folder):
    path = folder / "holds_when.csv"
    path.write_text(path.read_text().replace("tanh", "elu"))
    with pytest.raises(ZooError, match=r"holds_when.csv is damaged: line 3 has a variant that"):
        files.read_table(folder)


def test_a_claim_that_no_value_could_settle_has_no_row_but_is_named(spec, parts):
    lost = [Part(part.values, part.table, verdicts("not run", "supported")) for part in parts]
    own = spec | {"verdicts": verdicts_of(lost)}
    table = dict(blocks(own, frame_of(lost)))["Verdicts"]
    assert table["claim"].tolist() == ["C1"]
    assert "Not run at every value: C0." in agreement(own)
    lost = [Part(part.values, part.table, verdicts("not run")) for part in parts]
    assert len(blocks(spec | {"verdicts": verdicts_of(lost)}, frame_of(lost))) == 1
