import math

from zoo.report.svg import MINUS, number
from zoo.report.words import listed, percent, points, teller, with_interval


def test_shares_are_told_in_percent():
    assert teller("test_accuracy") is percent
    assert teller("test_loss") is number
    assert [percent(share) for share in (0.5, -0.125, math.nan)] == ["50.0", f"{MINUS}12.5", ""]


def test_differences_have_their_sign():
    found = [points(each) for each in (0.025, -0.2, 0.0001, -0.0001, math.nan)]
    assert found == ["+2.5", f"{MINUS}20.0", "0.0", "0.0", ""]


def test_an_interval_stands_in_brackets_if_there_is_one():
    assert with_interval(points, 0.1, 0.05, 0.15) == "+10.0 [+5.0, +15.0]"
    assert with_interval(points, 0.1, math.nan, math.nan) == "+10.0"
    assert with_interval(points, math.nan, math.nan, math.nan) == ""


def test_of_many_words_the_first_are_listed():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"
