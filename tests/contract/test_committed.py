"""What is committed follows from the committed rows: writing it again changes no byte."""

import shutil
from pathlib import Path

import pytest

from zoo.results import again, files, kinds, ledger
from zoo.results.folders import settled_folder
from zoo.results.rates import rates_in, with_rates

RESULTS = Path(__file__).parents[2] / "results"
PANELS = {
    path.parent.name: files.read_spec(path.parent)["runs"]
    for path in sorted(RESULTS.glob("*@panel/spec.json"))
}
DECLARED = {
    path.parent.name
    for path in RESULTS.glob("*/spec.json")
    if kinds.kind_of(files.read_spec(path.parent)) in kinds.WITH_ROWS and "@" not in str(path)
}
WITH_ROWS = sorted(DECLARED.union(*PANELS.values()))
TRAINED = [name for name in WITH_ROWS if (RESULTS / name / "runs.csv").is_file()]
MADE = ("spec.json", "table.csv", "table.md", "verdicts.csv")
PICTURES = (".svg", ".png")


def content(folder):
    return {name: (folder / name).read_bytes() for name in MADE if (folder / name).is_file()}


@pytest.mark.parametrize("name", WITH_ROWS)
def test_tables_and_verdicts_are_written_again_to_the_same_bytes(name, tmp_path):
    ignore = shutil.ignore_patterns(*(f"*{ending}" for ending in PICTURES))
    folder = Path(shutil.copytree(RESULTS / name, tmp_path / name, ignore=ignore))
    for made in ("table.md", "verdicts.csv"):
        (folder / made).unlink(missing_ok=True)
    assert again.write_again([folder]) == [folder]
    assert content(folder) == content(RESULTS / name)


@pytest.mark.parametrize("name", PANELS)
def test_panels_are_written_again_to_the_same_bytes(name, tmp_path):
    """From the rows of their data sets, and with the claims that the experiment has there."""
    ignore = shutil.ignore_patterns(*(f"*{ending}" for ending in PICTURES))
    for each in (name, *PANELS[name]):
        shutil.copytree(RESULTS / each, tmp_path / each, ignore=ignore)
    made = [path.name for path in (tmp_path / name).iterdir()]
    assert {"panel.csv", "panel.md", "spec.json"} <= set(made)
    for each in made:
        if each not in ("spec.json", "panel.csv"):
            (tmp_path / name / each).unlink()
    assert again.write_again([tmp_path / name]) == [tmp_path / name]
    for each in made:
        assert (tmp_path / name / each).read_bytes() == (RESULTS / name / each).read_bytes()
    own = RESULTS / name.partition("@")[0]
    assert settled_folder(own) == RESULTS / name


@pytest.mark.parametrize("name", TRAINED)
def test_the_committed_rates_are_those_that_the_committed_runs_choose(name):
    spec, runs = files.read_spec(RESULTS / name), files.read_frame(RESULTS / name / "runs.csv")
    assert with_rates({k: v for k, v in spec.items() if k != "rates"}, runs) == spec
    table = files.read_table(RESULTS / name)
    for variant, rate in zip(table["variant"], table["learning_rate"], strict=True):
        assert rate == pytest.approx(spec["rates"][variant], rel=1e-5)
    assert rates_in(spec, runs) == rates_in(
        {k: v for k, v in spec.items() if k not in ("rates", "tied", "rates_by")}, runs
    )


def test_the_pages_of_the_ledger_are_written_again_to_the_same_bytes():
    pages = ledger.pages_of(ledger.read(RESULTS))
    assert {name: (RESULTS / name).read_text(encoding="utf-8") for name in pages} == pages
    there = {f"lectures/{path.name}" for path in (RESULTS / "lectures").iterdir()}
    assert there | {"ledger.md"} == set(pages)
