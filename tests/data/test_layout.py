"""Encoding, separator, comments and header of text files, each by a few lines."""

import pytest

from zoo.data.layout import Layout, has_header, is_number, layout_of, line_of
from zoo.errors import ZooError


def layout(tmp_path, content, **said):
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return layout_of(path, **said)


@pytest.mark.parametrize(
    ("first", "others", "expected"),
    [
        (["a", "b"], [["1", "x"], ["2", "y"]], True),
        (["1", "x"], [["1", "x"], ["2", "y"]], False),
        (["?", "x"], [["1", "x"], ["2", "y"]], False),
        (["", "1.5"], [["1", "2"], ["2", "3"]], False),
        (["0", "1", "2"], [["5", "1", "x"], ["6", "2", "y"]], True),  # as pandas names columns
        (["1990", "1991", "1992"], [["5", "1", "2"], ["6", "2", "4"]], True),
        (["1990", "1992", "1991"], [["5", "1", "2"], ["6", "2", "4"]], False),
        (["land", "1990", "1991", "1992"], [["de", "5", "1", "2"], ["fr", "6", "2", "4"]], True),
        (["cap", "odor"], [["x", "p"], ["y", "n"], ["x", "n"]], True),
        (["x", "p"], [["x", "p"], ["y", "n"], ["x", "n"]], False),
        (["a", "b"], [], True),
        (["rate", "good"], [["1%", "x"], ["2%", "y"]], True),
        (["3%", "x"], [["1%", "x"], ["2%", "y"]], False),
    ],
)
def test_names_stand_above_numbers(first, others, expected):
    assert has_header(first, others) is expected


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1 x\t2\n3 y\t4\n", "\t"),
        ("a|b\n1|2\n3|4\n", "|"),
        ("1 2 x\n3  4 y\n", r"\s+"),
        ("1\t2\tx\n3\t\t4\ty\n5\t6\tz\n", r"\s+"),
        ('a,b\n"1;2",x\n"3;4",y\n', ","),
        ("name,town\nAda,New York\nBob,San Juan\n", ","),
        ("name,note\nAda,a b\nBob,c d e\nCy,f,g\n", ","),  # one row has a cell too many
    ],
)
def test_the_separator_is_what_rows_have_as_often(tmp_path, content, separator):
    assert layout(tmp_path, content).separator == separator


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,ä\n", "utf-8-sig"),
        ("\ufeffa,b\n1,ä\n", "utf-8-sig"),
        ("a,b\n1,ä\n".encode("latin-1"), "cp1252"),
        (b"a,b\n1,\x81\n", "latin-1"),
        ("a,b\n1,2\n".encode("utf-16"), "utf-16"),
    ],
)
def test_the_encoding_is_the_first_that_reads_the_bytes(tmp_path, content, expected):
    found = layout(tmp_path, content)
    assert (found.encoding, found.names) == (expected, ("a", "b"))


@pytest.mark.parametrize(
    ("content", "skipped", "names"),
    [
        ("# what it is\n#\na,b\n1,2\n", 2, ("a", "b")),
        ("# a b\n1 2\n3 5\n", 1, ("a", "b")),  # as NumPy writes names
        ("# made by us\n1.5,2,x\n3,5,y\n", 1, ("column 1", "column 2", "column 3")),
        ("#id,b\n1,2\n", 0, ("#id", "b")),
        ("\n\na,b\n1,2\n", 0, ("a", "b")),
        (",b\n1,2\n", 0, ("unnamed 1", "b")),
        ("a,b\n1,2,\n3,4,\n", 0, ("a", "b", "unnamed 3")),
        ('"a" "b"\n"1" 5 x\n"2" 6 y\n', 0, ("unnamed 1", "a", "b")),  # as R writes them
    ],
)
def test_comments_and_names(tmp_path, content, skipped, names):
    found = layout(tmp_path, content)
    assert (found.skipped, found.names) == (skipped, names)


def test_what_the_user_says_about_the_header_counts(tmp_path):
    assert layout(tmp_path, "a,b\n1,2\n", header="none").names == ("column 1", "column 2")
    assert layout(tmp_path, "5,x\n1,x\n", header="first").names == ("5", "x")


def test_a_header_with_too_few_names_is_refused(tmp_path):
    with pytest.raises(ZooError, match=r"names 2 columns, the first row has 4.*--header none"):
        layout(tmp_path, "a,b\n1,2,3,4\n5,6,7,8\n")


def test_words_tell_what_is_unusual():
    assert Layout("utf-8-sig", ",", 0, True, ("a", "b")).words == []
    told = Layout("cp1252", "\t", 2, False, ("a", "b")).words
    assert told == ["separated by tabs", "2 lines of comments", "no header", "cp1252"]


@pytest.mark.parametrize(
    ("content", "row", "line"),
    [
        ("a,b\n1,2\n3,4\n", 1, 3),
        ("a,b\n\n1,2\n\n3,4\n", 1, 5),
        ("# one\na,b\n1,2\n", 0, 3),
        ("1.5,x\n2.5,x\n3.5,y\n", 2, 3),
        ('a,b\n"one\ntwo",2\n3,4\n', 1, 4),
        ("a,b\r\n1,2\r\n \r\n3,4\r\n", 1, 4),
        ("1  x\n2  x\n\n3  y\n", 2, 4),
    ],
)
def test_the_line_of_an_example(tmp_path, content, row, line):
    found = layout(tmp_path, content)
    assert line_of(tmp_path / "mine.csv", found, row) == line


@pytest.mark.parametrize("text", ["1", "-1.5", "1e3", "1,5", "12%", "1,234"])
def test_what_is_a_number(text):
    assert is_number(text)
    assert not is_number(text + "x")
