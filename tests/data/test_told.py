"""What was done with a table, in five lines."""

import numpy as np

from zoo.data.ready import Data
from zoo.data.told import OFFER, lines_of, notes_of

X = np.zeros((4, 3), np.float32)
Y = np.array([0, 0, 0, 1])


def data(table):
    return Data("mine", X, Y, X[:2], Y[:2], X[:1], Y[:1], 2, ("no", "yes"), "f" * 16, table)


TABLE = {
    "read": ["separated by tabs", "no header"],
    "target": "kind",
    "columns": {"a": "number", "b": "category", "c": "category"},
    "missing": {"a": 3, "b": 1},
    "left_out": {"id": "numbers the rows", "my key": "numbers the rows", "old": "was dropped"},
    "labels": ["1 row without a label left out"],
    "classes": {"no": 5, "yes": 2},
    "examples": 7,
    "options": {},
}


def test_five_lines_tell_all():
    assert lines_of(data(TABLE)) == [
        "columns   3 of 6 make 3 features: 1 number (a), 2 categories (b, c), separated by tabs, "
        "no header",
        "missing   a 3, b 1: numbers get the training part's median, and one more feature says so; "
        "a missing category counts as one more",
        'left out  id, my key number the rows; old was dropped (--keep id,"my key")',
        "classes   2 of 'kind': no 5, yes 2; 1 row without a label left out",
        "examples  4 to train on, 2 to validate, 1 to test",
    ]


def test_nothing_is_said_to_be_nothing():
    lines = lines_of(data(TABLE | {"missing": {}, "left_out": {}, "labels": []}))
    assert lines[1:3] == ["missing   nothing", "left out  nothing"]


def test_long_lists_are_cut():
    columns = {f"p{place}": "number" for place in range(784)}
    [first, *_] = lines_of(data(TABLE | {"columns": columns, "missing": {}}))
    assert "p7 and 776 more)" in first
    assert "p8" not in first


def test_names_cannot_steer_a_terminal():
    lines = lines_of(data(TABLE | {"columns": {"\x1b[2J": "number"}, "missing": {}}))
    assert "\x1b" not in "".join(lines)


def test_arrays_have_classes_and_examples():
    assert lines_of(data(None)) == [
        "inputs    vectors of 3 numbers",
        "classes   2: no, yes",
        "examples  4 to train on, 2 to validate, 1 to test",
    ]


def test_notes_are_what_was_done_and_no_question():
    assert notes_of(TABLE | {"missing": {}, "left_out": {}, "labels": []}) == []
    assert notes_of(TABLE | {"labels": ["1 row left out", f"{OFFER}, as with --target a?"]}) == [
        "missing: a 3, b 1: numbers get the training part's median, and one more feature says so; "
        "a missing category counts as one more",
        'left out: id, my key number the rows; old was dropped (--keep id,"my key")',
        "1 row left out",
    ]
