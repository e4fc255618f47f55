"""`zoo.advise` and what it returns; training is tested in `tests/advice`."""

from pathlib import Path

import numpy as np
import pytest

import zoo as package
from zoo.errors import ZooError
from zoo.figures.advice import limit_of

COMMITTED = Path(__file__).parents[1] / "results" / "advise" / "breast_cancer"


def test_an_answer_is_read_from_its_folder():
    found = package.Advice(COMMITTED)
    assert found.sentence == found.record["sentence"]
    assert set(found.table["verdict"]) <= {"helps", "hurts", "does not matter", "undecided"}
    assert len(found.table) == len(found.record["items"])
    assert "breast_cancer" in repr(found)
    html = found._repr_html_()
    assert html.startswith("<p>")
    assert html.count("<tr") == len(found.table) + 1


def test_an_answer_is_drawn():
    figure = package.Advice(COMMITTED).plot()
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert "dropout: none \N{RIGHTWARDS ARROW} 0.3" in labels
    width, _ = figure.get_size_inches()
    figure.canvas.draw()
    ends = [text.get_window_extent().x1 for text in figure.texts]
    assert max(ends) <= width * figure.dpi


def test_one_huge_effect_does_not_hide_the_others():
    rows = [{"difference": d, "low": d, "high": d} for d in (0.01, 0.02, 0.03)]
    assert limit_of(rows, 1.0) == pytest.approx(3)
    # Three times the reach of the row in the middle, 2 points.
    assert limit_of([*rows, {"difference": -2.0, "low": None, "high": None}], 1.0) == 7.5
    assert limit_of(rows[:1], 1.0) == 2
    assert limit_of([], 1.0) == 2


@pytest.mark.parametrize(
    ("given", "changes", "words"),
    [
        ((3,), {}, "x and y"),
        ((np.zeros((300, 2)),), {}, "without y"),
        (("mine.csv",), {"margin": 0.0}, "--margin"),
        (("none.csv",), {}, "none.csv"),
        ((np.zeros((300, 2)), np.zeros(300)), {}, "two classes"),
        ((np.eye(100), np.arange(100) % 2), {}, "at least 200 rows"),
        (("digits",), {"budget": 1.0}, "--budget"),
    ],
)
def test_wrong_words_are_refused(given, changes, words, tmp_path):
    with pytest.raises(ZooError, match=words) as refused:
        package.advise(*given, results=tmp_path, verbose=0, **changes)
    assert len(str(refused.value).splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []
