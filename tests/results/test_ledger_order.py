import pandas as pd
import pytest

from zoo.results.ledger_order import lectures_of, sections


@pytest.mark.parametrize(
    ("claim", "source", "lectures"),
    [
        ("ACT07", "lecture 0, 1; Krizhevsky et al. 2012", ("0", "1")),
        ("X", "lecture 3; Saxe et al. 2014", ("3",)),
        ("X", "computed from the tables of lectures 0 and 1", ("0", "1")),
        ("X", "lectures 0 and 1, for gradient descent on batches of 32", ("0", "1")),
        ("X", "lecture 3, one half", ("3",)),
        ("X", "a talk", ()),
        ("ACT07 another", "", ("0", "1")),  # the catalogue's
    ],
)
def test_lectures_of_a_source(claim, source, lectures):
    assert lectures_of(claim, source) == lectures


def test_sections_are_in_the_catalogues_order():
    # In the catalogue splitting comes first, then activations; letters say otherwise.
    names = ["own", "ACT01", "SPL12", "ACT02 more", "ACT02"]
    frame = pd.DataFrame({"id": names, "experiment": "e", "source": "lecture 2", "verdict": "v"})
    [section] = [each for each in sections(frame) if len(each.rows)]
    assert section.rows["id"].tolist() == ["SPL12", "ACT01", "ACT02", "ACT02 more", "own"]
    [unnamed] = sections(frame, "id")
    assert unnamed.rows["id"].tolist() == sorted(names)


def test_one_lecture_has_one_section():
    frame = pd.DataFrame(
        {
            "id": ["A", "B"],
            "experiment": "e",
            "source": ["lecture 0, 2", "lecture 2"],
            "verdict": "",
        }
    )
    first, second = sections(frame)
    assert (first.rows["id"].tolist(), first.also) == (["A"], ())
    assert (second.rows["id"].tolist(), second.also) == (["B"], ("A",))
    [only] = sections(frame, lecture="2")
    assert (only.rows["id"].tolist(), only.also) == (["A", "B"], ())
    assert only.heading.startswith("Lecture 2: ")
