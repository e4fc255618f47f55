import math

import pytest
from markupsafe import Markup

from zoo.report.svg import MINUS, coordinate, element, fitted, joined, number, width_of


def test_what_others_wrote_stays_text():
    made = element("text", "<b>&\x1b", class_="\"'>", data_x=1.0, gone=None)
    assert made == '<text class="&#34;&#39;&gt;" data-x="1">&lt;b&gt;&amp;\\x1b</text>'
    assert element("g", joined([made, Markup("<i/>")])) == f"<g>{made}<i/></g>"
    assert element("path", d="M0,0") == '<path d="M0,0"/>'


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (1.25, "1.2"), (-0.04, "0"), (10.0, "10"), (100.0, "100")]
)
def test_coordinates_are_short(value, text):
    assert coordinate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0316, "0.0316"),
        (0.00001, "1e-5"),
        (1234.5, "1,234"),
        (3e30, "3e30"),
        (-2.5, MINUS + "2.5"),
        (math.nan, ""),
        (math.inf, "infinite"),
        (-math.inf, MINUS + "infinite"),
        (0.0, "0"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize("text", ["short", "long " * 30, "漢字" * 30, "", "a\u202eb"])
def test_texts_fit(text):
    shown = fitted(text, 100)
    assert width_of(shown) <= 100
    assert shown.isprintable()
    assert shown == text or shown.endswith("…") or "\\u" in shown
