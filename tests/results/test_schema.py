"""Damaged results are named; none is believed, and none ends in a traceback."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.errors import ZooError
from zoo.figures.kinds import plot_results
from zoo.results import contents, files, kinds, ledger, schema, tables
from zoo.results.verdicts import verdicts_frame

RESULTS = Path(__file__).parents[2] / "results"
DAMAGES = 400
WRONG = ("", "x", "nan", "-1", "1e999", "None", "\x1b[31m", '"', ",", "inf", "0x1", "é")


@pytest.fixture
def folders(tmp_path):
    """Returns copies of a trained and a measured experiment's results."""
    return [
        Path(shutil.copytree(RESULTS / name, tmp_path / name)) for name in ("dropout", "chain_rule")
    ]


def read_all(folder):
    """Does with a folder what `table`, `claims` and `run` do."""
    spec = files.read_spec(folder)
    for form in tables.FORMATS:
        tables.render(spec, files.read_table(folder), form)
    kind = kinds.of(spec)
    rows = kind.rows_of(folder)
    verdicts_frame(spec, rows, kind.rates_of(folder, rows))
    verdicts = ledger.read(folder.parent, [folder.name])
    ledger.render(verdicts, "md")
    ledger.lines_of(verdicts)
    for name in ("curves", "layers", "histograms"):
        if (folder / f"{name}.csv").is_file():
            files.read_frame(folder / f"{name}.csv")


def refusal(folder):
    """Returns the message with which a folder is refused, empty if it is read."""
    try:
        read_all(folder)
    except ZooError as error:
        return str(error)
    return ""


def damage(content, generator):
    """Damages the content of a file in one of eight ways."""
    size = len(content)
    at, end = sorted(generator.integers(0, size, 2))
    way = generator.integers(8)
    if way == 0:
        return content[:at]
    if way == 1:
        return content[:at] + content[end:]
    if way == 2:
        return content[:at] + bytes(generator.integers(0, 256, 3, np.uint8)) + content[at + 3 :]
    if way == 3:
        return content[:at] + b"\0" * 8 + content[at:]
    if way == 4:
        return content.decode().encode("utf-16")
    lines = content.split(b"\n")
    line = generator.integers(len(lines))
    mark = b"," if b"," in lines[line] else b" "
    cells = lines[line].split(mark)
    cell = generator.integers(len(cells))
    if way == 5:
        cells[cell] = WRONG[generator.integers(len(WRONG))].encode()
    elif way == 6:
        del cells[cell]
    else:
        cells.insert(cell, cells[cell])
    lines[line] = mark.join(cells)
    return b"\n".join(lines)


@pytest.mark.slow
def test_hundreds_of_damages_are_read_or_refused_in_words(folders):
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(DAMAGES):
        folder = folders[generator.integers(len(folders))]
        path = generator.choice([*sorted(folder.glob("*.csv")), folder / "spec.json"])
        whole = path.read_bytes()
        path.write_bytes(damage(whole, generator))
        if message := refusal(folder):
            refused += 1
            assert folder.name in message
            assert 1 <= len(message.splitlines()) <= 2
        path.write_bytes(whole)
    assert refused > DAMAGES / 2
    for folder in folders:
        read_all(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("table.csv", "val_accuracy", "val_acuracy", "it lacks the column val_accuracy"),
        ("runs.csv", "completed", "finished", "column status must be completed or diverged"),
        ("curves.csv", ",loss,", ",,", "line 2, column metric must be a text"),
        ("spec.json", '"variants": [', '"variants": 3, "x": [', "`variants` must be a list"),
        ("spec.json", '"claims": [', '"claims": null, "x": [', "`claims` must be a list"),
        ("spec.json", "}", "", "it is no JSON"),
        ("verdicts.csv", "supported", "suported", "column verdict must be supported, refuted"),
    ],
)
def test_what_is_wrong_is_named(folders, name, old, new, said):
    path = folders[0] / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ZooError) as caught:
        read_all(folders[0])
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "`python -m zoo run dropout` writes it again." in str(caught.value)


def test_a_line_that_is_cut_off_is_seen(folders):
    path = folders[0] / "runs.csv"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ZooError, match=r"runs.csv is damaged: line \d+ is cut off"):
        files.read_frame(path)


def test_pictures_are_not_drawn_of_another_experiments_labels(folders):
    path = folders[0] / "table.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("\nnone,", "\nnobody,", 1))
    with pytest.raises(ZooError, match=r"has a variant that spec.json has not"):
        plot_results(folders[0], "effect")


def test_a_spec_of_an_unknown_kind_is_refused(folders):
    path = folders[1] / "spec.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**spec, "kind": "painted"}), encoding="utf-8")
    with pytest.raises(
        ZooError, match="`kind` must be one of trained, measured, holds_when, panel, search"
    ):
        files.read_spec(folders[1])


@pytest.mark.parametrize(
    ("text", "is_number"),
    [("0.5", 1), ("-1e-05", 1), ("inf", 1), ("nan", 0), ("-NaN", 0), ("\u0663", 0), ("1_0", 0)],
)
def test_a_number_is_what_pandas_reads_as_one(text, is_number):
    assert contents.NUMBER[1](text) == contents.MAYBE[1](text) == bool(is_number)
    read = pd.read_csv(io.StringIO(f"a\n{text}\n1.5\n"), keep_default_na=False, na_values=[""])
    if text != "1_0":  # which Python takes for 10
        assert (read["a"].dtype == float) == bool(is_number)
