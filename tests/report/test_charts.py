import itertools
import math
from xml.etree import ElementTree

import pytest

from zoo.report.charts import HEIGHT, LEFT, WIDTH, Point, Row, Series, lines, look, rows, small

NAN = math.nan


def drawn(chart):
    return ElementTree.fromstring(chart.svg)


def places(group, kind):
    return [path.get("d") for path in group.iter("path") if path.get("class") == kind]


def test_a_line_goes_through_its_values_and_the_table_has_them():
    points = [Point(1, 10, 9, 11), Point(2, 20, 19, 21), Point(3, 30, 29, 31)]
    chart = lines("Title", [Series("a", points), Series("b", points[:1], 0)], "epoch", "accuracy")
    picture = drawn(chart)
    first, second = (g for g in picture.iter("g") if g.get("data-series") is not None)
    assert [group.get("class") for group in (first, second)] == ["base", "c0 d0"]
    (line,) = places(first, "line")
    spots = [tuple(map(float, pair.split(","))) for pair in line[1:].split("L")]
    xs = [float(x) for x in picture.get("data-x").split()]
    assert [x for x, _ in spots] == xs
    assert xs[1] == pytest.approx((WIDTH - LEFT - 10) / 2, abs=0.06)
    (a, b, c) = (y for _, y in spots)
    assert a > b > c  # up is more
    assert b == pytest.approx((a + c) / 2, abs=0.11)
    (band,) = places(first, "band")
    assert band.count(",") == 6
    assert places(second, "band") == []  # a band of one point is none
    assert chart.columns == ["epoch", "a", "b"]
    assert chart.rows == [
        ["1", "10 [9, 11]", "10 [9, 11]"],
        ["2", "20 [19, 21]", ""],
        ["3", "30 [29, 31]", ""],
    ]
    assert [label for _, label, _ in chart.legend] == ["a", "b"]


def test_what_is_not_finite_is_no_point_but_is_told():
    points = [Point(0.1, 1.0), Point(1, math.inf, note="(lost)"), Point(10, NAN)]
    chart = lines("Title", [Series("a", points)], "rate", "loss", log_x=True)
    (line,) = places(drawn(chart), "line")
    assert line.count(",") == 1
    assert [row[1] for row in chart.rows] == ["1", "infinite (lost)", ""]
    assert "nan" not in chart.svg


@pytest.mark.parametrize("values", [[], [NAN], [math.inf, -math.inf], [1e300, 1e-300], [0.0, 0.0]])
def test_any_values_are_drawn(values):
    points = [Point(place, value, value, value) for place, value in enumerate(values)]
    picture = lines("Title", [Series("a", points)], "x", "y").svg
    picture += rows(
        "Title", [Row("a", point, "told") for point in points] or [Row("a", Point(0, 1), "")], "x"
    ).svg
    ElementTree.fromstring(f"<p>{picture}</p>")
    assert "nan" not in picture
    assert "inf" not in picture.replace("infinite", "")


def test_long_lines_are_thinned_out_and_keep_their_ends():
    points = [Point(place, place) for place in range(1000)]
    chart = lines("Title", [Series("a", points)], "x", "y")
    assert len(chart.rows) <= 61
    assert [chart.rows[0][0], chart.rows[-1][0]] == ["0", "999"]


def test_a_row_lies_where_its_value_is():
    found = [Row("a", Point(0, -10, -12, -8), "-10 [-12, -8]"), Row("b", Point(0, 10), "ten")]
    chart = rows("Title", found, "points", floor=5.0)
    first, second = (g for g in drawn(chart).iter("g") if g.get("data-row") is not None)
    (zero,) = (line for line in drawn(chart).iter("line") if line.get("class") == "zero")
    at = float(zero.get("x1"))
    left, right = (float(places(g, "dot")[0][1:].split(",")[0]) for g in (first, second))
    assert right - at == pytest.approx(at - left, abs=0.11)
    (bar,) = (line for line in first.iter("line") if line.get("class") == "bar")
    assert (float(bar.get("x1")) + float(bar.get("x2"))) / 2 == pytest.approx(left, abs=0.11)
    assert not [line for line in second.iter("line") if line.get("class") == "bar"]
    assert chart.rows == [["a", "-10 [-12, -8]"], ["b", "ten"]]


def test_names_are_cut_in_the_picture_and_whole_beside_it():
    name = "<script>" + "long " * 100
    chart = rows("Title", [Row(name, Point(0, 1.0), "1 [0, 2]" * 50)], "points")
    titles = [one.text for one in drawn(chart).iter("title")]
    assert titles == ["Title", name]
    assert chart.rows[0][0] == name
    assert "<script" not in chart.svg


def test_neighbours_differ_in_colour_and_dashes():
    looks = [look(style).split() for style in range(35)]
    assert len({tuple(each) for each in looks}) == 35
    for one, other in itertools.pairwise(looks):
        assert one[0] != other[0]
        assert one[1] != other[1]
    assert look(-1) == "base"


def test_a_small_picture_says_what_it_shows():
    picture = small([Point(0, 1.0, 0.5, 1.5), Point(0, NAN)], 0.0, "a < b: 1 [0.5, 1.5]")
    tree = ElementTree.fromstring(picture)
    assert tree.get("aria-label") == tree.find("title").text == "a < b: 1 [0.5, 1.5]"
    assert len(places(tree, "dot")) == 1
    assert int(tree.get("height")) < HEIGHT
