import math

import pytest

from zoo.report.scales import Scale, fitting, linear, log


def test_values_lie_between_the_ends():
    scale = Scale(10, 30, 100)
    assert [scale.at(value) for value in (10, 20, 30, 40)] == [0, 50, 100, 150]
    assert [scale.within(value) for value in (-math.inf, 0, 20, 40, math.inf)] == [
        0,
        0,
        50,
        100,
        100,
    ]
    assert math.isnan(scale.at(math.nan))
    assert math.isnan(scale.within(math.nan))


def test_a_logarithm_spreads_factors_evenly():
    scale = Scale(0.001, 1, 90, log=True)
    assert [scale.at(10.0**power) for power in (-3, -2, -1, 0)] == pytest.approx([0, 30, 60, 90])
    assert math.isnan(scale.at(0.0))
    assert scale.within(0.0) == 0


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 100, 1), [0, 20, 40, 60, 80, 100]),
        (Scale(-0.013, 0.021, 1), [-0.01, 0, 0.01, 0.02]),
        (Scale(0.9, 3.1, 1), [1, 1.5, 2, 2.5, 3]),
        (Scale(0.9, 3.1, 1, whole=True), [1, 2, 3]),
        (Scale(0.001, 1, 1, log=True), [0.001, 0.01, 0.1, 1]),
        (Scale(0.02, 0.6, 1, log=True), [0.03, 0.1, 0.3]),
        (Scale(1e-12, 1e12, 1, log=True), [1e-12, 1e-7, 1e-2, 1e3, 1e8]),
    ],
)
def test_ticks_are_round(scale, ticks):
    assert scale.ticks() == pytest.approx(ticks, abs=1e-12)


def test_an_axis_has_two_ticks_at_least():
    assert Scale(-9.3, -1.1, 1).ticks(3) == [-8, -6, -4, -2]
    assert all(len(Scale(low / 7, 1.3, 1).ticks(2)) > 1 for low in range(-99, 9))


@pytest.mark.parametrize(
    "values", [[], [5.0], [5.0, 5.0], [0.0], [math.nan, math.inf], [1e-30, 1e190], [-1e190, 1e190]]
)
@pytest.mark.parametrize("make", [linear, log, fitting])
def test_any_values_make_an_axis(make, values):
    scale = make(values, 100)
    assert scale.low < scale.high
    assert all(math.isfinite(tick) for tick in scale.ticks())
    finite = [value for value in values if math.isfinite(value) and (value > 0 or not scale.log)]
    assert all(0 <= scale.at(value) <= 100 for value in finite)


def test_what_is_beyond_all_measure_makes_an_axis_too():
    for make in (linear, log, fitting):
        scale = make([-1e308, 5e-324, 1e308], 100)
        assert scale.low < scale.high
        assert all(math.isfinite(tick) for tick in scale.ticks())


def test_values_over_decades_are_spread():
    assert fitting([0.001, 0.002, 0.01, 1], 100).log
    assert not fitting([1, 2, 3], 100).log
    assert not fitting([-1, 0.001, 1], 100).log
