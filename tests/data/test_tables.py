"""Thirty files as people have them: how many examples, features and classes each has."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from zoo import data
from zoo.data.files import read_file
from zoo.data.options import TableOptions
from zoo.errors import ZooError

ROWS = 60
SIZES = np.random.default_rng(0).normal(5, 2, (ROWS, 2)).round(2)
KINDS = ["x", "y", "z"]
LABELS = [KINDS[row % 3] for row in range(ROWS)]
COLOURS = [["red", "green", "blue"][(row // 3) % 3] for row in range(ROWS)]
GONE = [row % 10 == 3 for row in range(ROWS)]  # where something is missing


def text(*columns, names=None, separator=",", end="\n"):
    """Returns a table as text."""
    rows = [separator.join(map(str, cells)) for cells in zip(*columns, strict=True)]
    return end.join([*([separator.join(names)] if names else []), *rows]) + end


A, B = SIZES[:, 0].tolist(), SIZES[:, 1].tolist()
ABL = ("a", "b", "kind")
NUMBERS = text(A, B, LABELS, names=ABL)
COMMAS = [[str(value).replace(".", ",") for value in column] for column in (A, B)]
DAYS = [f"2024-{1 + row % 12:02d}-{1 + row % 28:02d}" for row in range(ROWS)]
HOLES = [["" if gone else value for gone, value in zip(GONE, A, strict=True)], B]
MARKED = [["?" if gone else word for gone, word in zip(GONE, COLOURS, strict=True)], B]
IDS = [f"7000-{row * row:05d}" for row in range(ROWS)]
ROW_NUMBERS = [str(row) for row in range(1, ROWS + 1)]


def quoted(words):
    return [f'"{word}"' for word in words]


# What a file is, its content, what is said about it: examples, features, classes.
FILES = {
    "plain.csv": (NUMBERS, {}, (60, 2, 3)),
    "id.csv": (text(ROW_NUMBERS, A, B, LABELS, names=("Id", *ABL)), {}, (60, 2, 3)),
    "id_kept.csv": (
        text(ROW_NUMBERS, A, B, LABELS, names=("Id", *ABL)),
        {"keep": ("Id",)},
        (60, 3, 3),
    ),
    "no_header.data": (text(A, B, LABELS), {}, (60, 2, 3)),
    "no_header_first_missing.csv": (text([*"?", *A[1:]], B, LABELS), {}, (60, 3, 3)),
    "write_csv.csv": (
        text(quoted(ROW_NUMBERS), A, B, quoted(LABELS), names=quoted(("", *ABL))),
        {},
        (60, 2, 3),
    ),
    "write_table.txt": (
        text(quoted(ROW_NUMBERS), A, B, quoted(LABELS), separator=" ").replace(
            '"1"', '"a" "b" "kind"\n"1"', 1
        ),
        {},
        (60, 2, 3),
    ),
    "semicolons.csv": (text(A, B, LABELS, names=ABL, separator=";"), {}, (60, 2, 3)),
    "decimal_commas.csv": (text(*COMMAS, LABELS, names=ABL, separator=";"), {}, (60, 2, 3)),
    "quoted_decimal_commas.csv": (text(*map(quoted, COMMAS), LABELS, names=ABL), {}, (60, 2, 3)),
    "tabs.tsv": (text(A, B, LABELS, names=ABL, separator="\t"), {}, (60, 2, 3)),
    "two_tabs.txt": (text(A, B, LABELS, separator="\t").replace("\t", "\t\t", 2), {}, (60, 2, 3)),
    "spaces.dat": (text(A, B, LABELS, separator="   "), {}, (60, 2, 3)),
    "bars.txt": (text(A, B, LABELS, names=ABL, separator="|"), {}, (60, 2, 3)),
    "categories.csv": (text(COLOURS, A, LABELS, names=ABL), {}, (60, 4, 3)),
    "all_categories_target_first.csv": (
        text(LABELS, COLOURS, MARKED[0], names=("class", "cap", "odor")),
        {},
        (60, 7, 3),
    ),
    "missing_numbers.csv": (text(*HOLES, LABELS, names=ABL), {}, (60, 3, 3)),
    "missing_words.csv": (text(*MARKED, LABELS, names=ABL), {}, (60, 5, 3)),
    "comments.csv": ("# 1. a\n# 2. b\n#\n" + text(A, B, LABELS), {}, (60, 2, 3)),
    "savetxt.txt": ("# a b kind\n" + text(A, B, LABELS, separator=" "), {}, (60, 2, 3)),
    "trailing_comma.csv": (NUMBERS.replace("kind\n", "kind,\n"), {}, (60, 2, 3)),
    "trailing_commas.csv": (NUMBERS.replace("\n", ",\n"), {}, (60, 2, 3)),
    "label_first.csv": (text(LABELS, A, B, names=("label", "p0", "p1")), {}, (60, 2, 3)),
    "target_by_position.csv": (text(LABELS, A, B, names=ABL), {"target": "1"}, (60, 2, 3)),
    "keys.csv": (text(IDS, A, LABELS, names=("customerID", "a", "kind")), {}, (60, 1, 3)),
    "latin.csv": (text(A, LABELS, names=("Größe", "Gerät")).encode("latin-1"), {}, (60, 1, 3)),
    "utf16.csv": (
        text(A, LABELS, names=ABL[1:], separator=" \t ").encode("utf-16"),
        {},
        (60, 1, 3),
    ),
    "percent.csv": (
        text([f"{row % 7}%" for row in range(ROWS)], A, LABELS, names=ABL),
        {},
        (60, 2, 3),
    ),
    "thousands.csv": (
        text([f'"{1 + row % 9},{100 + row}"' for row in range(ROWS)], A, LABELS, names=ABL),
        {},
        (60, 2, 3),
    ),
    "dates.csv": (text(DAYS, LABELS, names=("day", "kind")), {}, (60, 4, 3)),
    "rare_class.csv": (NUMBERS + "1,1.5,rare\n", {}, (60, 2, 3)),
    "no_label.csv": (NUMBERS + "1,1.5,\n2,2.5,NA\n", {}, (60, 2, 3)),
    "namibia.csv": (NUMBERS.replace(",z", ",NA"), {"keep": ("kind",)}, (60, 2, 3)),
    "capitals.csv": (
        text(A, [["Yes", "yes", "No "][row % 3] for row in range(ROWS)], names=ABL[1:]),
        {},
        (60, 1, 2),
    ),
    "truth.csv": (text(A, [row % 2 == 0 for row in range(ROWS)], names=ABL[1:]), {}, (60, 1, 2)),
    "signs.csv": (text(A, [row % 2 * 2 - 1 for row in range(ROWS)], names=ABL[1:]), {}, (60, 1, 2)),
    "whole_floats.csv": (
        text(A, [row % 3 / 1 for row in range(ROWS)], names=ABL[1:]),
        {},
        (60, 1, 3),
    ),
    "one_value.csv": (text(A, [7] * ROWS, LABELS, names=ABL), {}, (60, 1, 3)),
    "repeats_target.csv": (
        text(A, [KINDS.index(k) for k in LABELS], LABELS, names=ABL),
        {},
        (60, 1, 3),
    ),
    "dropped.csv": (NUMBERS, {"drop": ("a",)}, (60, 1, 3)),
    "headed.csv": (text(A, B, LABELS), {"header": "none"}, (60, 2, 3)),
    "notes.csv": (
        text(
            [f"a long note, number {row // 1.2:.0f}" for row in range(ROWS)], A, LABELS, names=ABL
        ).replace("note,", "note"),
        {},
        (60, 1, 3),
    ),
}


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_people_have_it(tmp_path, name):
    content, said, (examples, features, classes) = FILES[name]
    found = data.load(written(tmp_path / name, content), table=TableOptions(**said))
    assert sum(map(len, (found.y_train, found.y_validation, found.y_test))) == examples
    assert (found.input_shape, found.num_classes) == ((features,), classes)
    assert found.table["examples"] == examples == sum(found.table["classes"].values())
    assert tuple(found.table["classes"]) == found.class_names
    for x in (found.x_train, found.x_validation, found.x_test):
        assert np.isfinite(x).all()


def frame():
    return pd.DataFrame(
        {
            "a": [None if gone else value for gone, value in zip(GONE, A, strict=True)],
            "colour": pd.Categorical(COLOURS),
            "day": pd.to_datetime(DAYS),
            "old": np.array(A) > 5,
            "kind": LABELS,
        }
    )


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("mine.parquet", lambda path: frame().to_parquet(path)),
        ("indexed.parquet", lambda path: frame().set_index("a").to_parquet(path)),
        ("mine.xlsx", lambda path: frame().to_excel(path)),
        ("plain.xlsx", lambda path: frame().to_excel(path, index=False)),
        ("mine.csv", lambda path: frame().to_csv(path)),
    ],
)
def test_other_formats_hold_the_same_features_as_the_frame(tmp_path, name, write):
    write(tmp_path / name)
    found = data.load(str(tmp_path / name))
    # a and that it is missing, three colours, of the day month, day, weekday and days, old or not.
    assert found.input_shape == (2 + 3 + 4 + 1,)
    given = data.load(frame())
    np.testing.assert_allclose(found.x_train.sum(axis=1), given.x_train.sum(axis=1), atol=1e-4)
    assert found.class_names == given.class_names == ("x", "y", "z")


def test_a_text_under_the_name_of_another_format_is_read_as_text(tmp_path):
    assert data.load(written(tmp_path / "mine.xlsx", NUMBERS)).input_shape == (2,)


# Files that loaded before tables were read give the same arrays.


def old_arrays(path, target):
    """Returns features and labels as pandas reads a plain file: the zoo's former way."""
    read = pd.read_csv(
        path,
        dtype={target: str},
        keep_default_na=False,
        skipinitialspace=True,
        low_memory=False,
        encoding="utf-8-sig",
    )
    return read.drop(columns=target).to_numpy(np.float64), read[target]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_plain_numbers_are_read_bit_for_bit_as_pandas_reads_them(tmp_path, seed, end):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(3, ROWS)) * 10.0 ** generator.integers(-9, 9, (3, 1))
    columns = [[f"{value:.{3 + seed}e}" for value in values[0]], *map(list, values[1:])]
    content = text(*columns, LABELS, names=["0", "1", "2", "3"] if seed % 2 else [*"abcd"], end=end)
    path = written(tmp_path / "mine.csv", content.encode("utf-8-sig" if seed % 3 else "utf-8"))
    parts = read_file(path)
    x, y = old_arrays(path, "3" if seed % 2 else "d")
    assert parts.features is None
    assert parts.x.tobytes() == x.tobytes()
    assert [parts.class_names[code] for code in parts.y] == y.tolist()


def test_the_fingerprint_of_a_plain_file_is_that_of_its_arrays(tmp_path):
    path = written(tmp_path / "mine.csv", NUMBERS)
    np.savez(tmp_path / "mine.npz", x=SIZES, y=np.array(LABELS))
    for load in (data.load, data.load_draws):
        assert load(path).fingerprint == load(str(tmp_path / "mine.npz")).fingerprint


def test_every_option_that_changes_the_data_changes_the_fingerprint(tmp_path):
    content = text(ROW_NUMBERS, A, COLOURS, LABELS, names=("id", "a", "colour", "kind"))
    path = written(tmp_path / "mine.csv", content)
    said = [{}, {"drop": ("a",)}, {"keep": ("id",)}, {"target": "colour"}, {"header": "none"}]
    for load in (data.load, data.load_draws):
        found = [load(path, table=TableOptions(**each)).fingerprint for each in said[:-1]]
        assert len(set(found)) == len(found)


# Every draw has the same width, and learns from its own training part.


def test_every_draw_has_the_same_features_and_its_own_median(tmp_path):
    rare = ["violet" if row in (0, 31) else word for row, word in enumerate(COLOURS)]
    path = written(tmp_path / "mine.csv", text(HOLES[0], rare, LABELS, names=ABL))
    draws = data.load_draws(path, preprocessing=lambda x_train: lambda x: x)
    filled = set()
    for seed in range(6):
        x = draws.of(seed).x_train
        assert x.shape[1] == 2 + 4
        gone = x[:, 1] == 1
        np.testing.assert_allclose(x[gone, 0], np.median(x[~gone, 0]), rtol=1e-6)
        filled |= set(x[gone, 0].tolist())
        assert (x[:, 2:].sum(axis=1) == 1).all()
    assert len(filled) > 1


# What cannot be read


@pytest.mark.parametrize(
    ("content", "said", "message"),
    [
        (NUMBERS, {"target": "kint"}, "no column 'kint'. Did you mean kind"),
        (NUMBERS, {"target": "4"}, "there is no column 4 among 3"),
        (NUMBERS, {"drop": ("c",)}, "no column 'c' to drop"),
        (NUMBERS, {"keep": ("a,c",)}, "no column 'c' to keep"),
        (NUMBERS, {"drop": ("kind",)}, "'kind' is the target"),
        (NUMBERS, {"drop": ("a", "b")}, "no column is left to learn from: a was dropped; b"),
        (NUMBERS, {"target": "kind", "task": "regression"}, "takes numbers in column 'kind'.*line"),
        (
            "a,note\n" + "".join(f"{n % 7}.5,note {n}\n" for n in range(20)),
            {"target": "note"},
            "'note' holds 20 different values in 20 rows, so they are no classes.*--target",
        ),
        (NUMBERS, {"target": "a", "task": "classification"}, "3 examples.*--target kind"),
        (
            text(ROW_NUMBERS, LABELS, LABELS, names=ABL).encode("utf-16"),
            {},
            "a numbers the rows; b repeats the target.\n--keep a,b puts",
        ),
        (text(ROW_NUMBERS, LABELS, names=ABL[1:]), {}, "b numbers the rows.\n--keep b puts"),
        (NUMBERS.replace(",x", ",").replace(",y", ",NA"), {}, "line 2 .*in 40 of 60 rows"),
        (NUMBERS.replace("\n4", "\ninf,4", 1).replace(",4", ",x", 1), {}, "not a readable table"),
        (b"\x00\xff\x00\xfe" * 40, {}, "no text, and neither"),
        (b"PK\x03\x04 no workbook", {}, "neither a text table nor .xlsx"),
        (b"PAR1 no columns PAR1", {}, "not a readable table"),
    ],
)
def test_what_cannot_be_read_is_said_in_two_lines(tmp_path, content, said, message):
    path = written(tmp_path / "mine.csv", content)
    with pytest.raises(ZooError, match=message) as caught:
        data.load(path, table=TableOptions(**said))
    assert "mine.csv" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_an_infinite_value_names_line_and_column(tmp_path):
    lines = NUMBERS.splitlines()
    lines[7] = "inf,2,x"
    path = written(tmp_path / "mine.csv", "\n".join(lines))
    with pytest.raises(ZooError, match=r"column 'a' has 1 values.*first is inf in line 8"):
        data.load(path)


def test_options_are_for_tables():
    with pytest.raises(ZooError, match="digits is no table"):
        data.load("digits", table=TableOptions(drop=("a",)))
    with pytest.raises(ZooError, match="mnist1d is no table"):
        data.load_draws("mnist1d", table=TableOptions(target="a"))
    with pytest.raises(ZooError, match="`--header` must be none or first"):
        TableOptions(header="no")


def test_an_archive_takes_no_options(tmp_path):
    np.savez(tmp_path / "mine.npz", x=SIZES, y=np.array(LABELS))
    with pytest.raises(ZooError, match="is no table"):
        data.load(str(tmp_path / "mine.npz"), table=TableOptions(drop=("a",)))


def test_one_target_is_named(tmp_path):
    path = written(tmp_path / "mine.csv", NUMBERS)
    assert data.load(f"{path}:kind", table=TableOptions(target="kind")).num_classes == 3
    with pytest.raises(ZooError, match="One target must be named"):
        data.load(f"{path}:kind", table=TableOptions(target="a"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, {}),
        ({"target": "y"}, {}),
        ({"drop": ("b", "a x")}, {"drop": "a_x+b"}),
        ({"keep": ("id",), "header": "none"}, {"keep": "id", "header": "none"}),
        ({"examples": 50}, {"examples": "50"}),
    ],
)
def test_options_have_words_for_a_folder_name(said, words):
    assert TableOptions(**said).words() == words


def test_some_examples_keep_the_shares_of_classes(tmp_path):
    labels = ["x" if row % 4 else "y" for row in range(ROWS)]
    path = written(tmp_path / "mine.csv", text(A, labels, names=("a", "kind")))
    few = data.load_draws(path, table=TableOptions(examples=20))
    assert few.table["classes"] == {"x": 15, "y": 5}
    assert (few.table["examples"], few.table["drawn_from"]) == (20, 60)
    assert sum(map(len, (few.y_train, few.y_validation, few.y_test))) == 20
    assert data.load("digits", table=TableOptions(examples=300)).y_train.size == 192
    for wanted in (5, 61):
        with pytest.raises(ZooError, match=f"must be 6 .3 of each class. to 60.*{wanted}"):
            data.load(path, table=TableOptions(examples=wanted))
    with pytest.raises(ZooError, match="`--examples` must be at least 1"):
        TableOptions(examples=0)


def test_a_long_list_of_columns_has_a_short_word():
    long = TableOptions(drop=tuple(f"column {place}" for place in range(50)))
    other = TableOptions(drop=tuple(f"column {place}" for place in range(51)))
    assert len(long.words()["drop"]) < 50
    assert long.words() != other.words()


def test_compressed_texts_are_read(tmp_path):
    plain = data.load(written(tmp_path / "mine.csv", NUMBERS))
    packed = gzip.compress(NUMBERS.encode())
    path = written(tmp_path / "mine.csv.gz", packed)
    assert data.load(path).fingerprint == data.load(f"{path}:kind").fingerprint == plain.fingerprint
    for content in (packed[:40], packed[:10], packed[:2]):
        with pytest.raises(ZooError, match=r"not a readable table|one column"):
            data.load(written(tmp_path / "mine.csv.gz", content))


def test_a_bad_sheet_is_no_workbook(tmp_path):
    content = io.BytesIO()
    np.savez(content, x=SIZES)
    path = written(tmp_path / "mine.xlsx", content.getvalue())
    with pytest.raises(ZooError, match="neither a text table nor"):
        data.load(path)
