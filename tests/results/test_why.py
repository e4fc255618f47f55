"""The runs behind verdicts and pictures."""

from pathlib import Path

import pytest
from claims_case import NOISE, SEEDS

from zoo.errors import ZooError
from zoo.results import ledger, why
from zoo.results.files import read_frame, read_spec

COMMITTED = Path(__file__).parents[2] / "results"


@pytest.fixture
def tiny(write):
    """Returns the results folder of an experiment whose variants count at the rate 1."""
    folder = write()
    ledger.write(folder)
    return folder


def test_a_claim_has_the_runs_of_its_variants_at_the_rates_that_count(tiny):
    [found] = why.behind(tiny.parent, "X1")
    rows = found.rows
    assert list(rows) == ["variant", "learning_rate", "seed", "status", "test_accuracy"]
    assert set(rows["learning_rate"]) == {1.0}
    assert list(rows.loc[rows["variant"] == "relu", "test_accuracy"]) == [0.5 + n for n in NOISE]
    assert len(rows) == 2 * SEEDS
    assert found.what == "X1, supported in tiny"
    [loss] = why.behind(tiny.parent, "X3")
    assert list(loss.rows)[-1] == "test_loss"


def test_a_claim_chooses_its_own_rate_and_holds_at_those_that_tie():
    each = {found.file.parent.name: found for found in why.of_claim(COMMITTED, "DRO09")}
    assert set(each) == set(read_spec(COMMITTED / "dropout@panel")["runs"])
    found = each["dropout"]
    saved = read_spec(COMMITTED / "dropout")
    metric = list(found.rows)[-1]
    own = saved.get("rates_by", {}).get(metric, saved)
    expected = {
        (label, rate)
        for label in ("none", "hidden 0.5")
        for rate in (own["rates"][label], *own["tied"].get(label, ()))
    }
    pairs = found.rows[["variant", "learning_rate"]].itertuples(index=False)
    assert set(map(tuple, pairs)) == expected


def test_a_sentence_has_the_runs_of_its_parts_and_a_panel_those_of_each_data_set():
    parts = {each.what for each in why.of_claim(COMMITTED, "DRO06")}
    assert len(parts) > 1
    assert all(what.startswith("DRO06 ") for what in parts)
    panel = why.of_picture(COMMITTED / "optimizer_default@panel" / "panel.svg")
    files = {each.file.parent.name for each in panel}
    assert files == set(read_spec(COMMITTED / "optimizer_default@panel")["runs"])


@pytest.mark.parametrize(
    ("picture", "rates", "metric"),
    [
        ("effect.png", {1.0}, "test_accuracy"),
        ("table.md", {1.0}, "test_accuracy"),
        ("curves.csv", {1.0}, "val_accuracy"),
        ("runs.csv", {0.1, 1.0}, "val_accuracy"),
    ],
)
def test_a_picture_has_the_runs_that_it_is_drawn_from(tiny, picture, rates, metric):
    (tiny / picture).touch()
    [found] = why.behind(Path("nowhere"), str(tiny / picture))
    assert set(found.rows["learning_rate"]) == rates
    assert list(found.rows)[-1] == metric
    assert len(found.rows) == 2 * len(rates) * SEEDS


def test_what_was_measured_has_its_numbers():
    folder = COMMITTED / "initializer_statistics"
    rows = read_frame(folder / "measurements.csv")
    [found] = why.of_picture(folder / "std.svg")
    assert len(found.rows) == (rows["metric"] == "std").sum()
    [whole] = why.of_picture(folder / "histograms.svg")
    assert len(whole.rows) == len(rows)
    own = COMMITTED / "covariance" / "measurements.csv"
    claim = read_spec(own.parent)["claims"][0]["id"]
    found = [each for each in why.of_claim(COMMITTED, claim) if each.file == own]
    assert found
    assert {"variant", "seed", "metric", "value"} <= set(found[0].rows)


def test_what_is_not_there_is_refused_with_the_closest(tiny):
    root = tiny.parent
    with pytest.raises(ZooError, match=r"has a claim 'ACT08'\. Did you mean ACT07"):
        why.behind(root, "ACT08")
    with pytest.raises(ZooError, match="`python -m zoo claims` lists them"):
        why.behind(root, "nothing like it")
    with pytest.raises(ZooError, match=r"Received: .*efect\.svg\. `python -m zoo claims` lists"):
        why.behind(root, str(tiny / "efect.svg"))
    (tiny / "effect.svg").touch()
    with pytest.raises(ZooError, match=r"There: effect\.svg"):
        why.behind(root, str(tiny / "efect.svg"))


def test_lines_are_aligned(tiny):
    [found] = why.behind(tiny.parent, "X1")
    head, told, names, *lines = why.lines_of(found)
    assert head == f"X1, supported in tiny: 16 rows of {tiny / 'runs.csv'}"
    assert told.startswith("At the chosen learning rates")
    assert len(lines) == len(found.rows)
    place = names.index("status")
    assert {line[place:].split()[0] for line in lines} == {"completed"}
