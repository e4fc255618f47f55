import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest

from zoo.errors import ZooError
from zoo.figures import measured as measured_plots
from zoo.figures.kinds import plot_results
from zoo.results.measured import blocks, series_of, stated_numbers, summarise
from zoo.results.tables import render


def row(variant, metric, place, *values):
    return [(variant, seed, metric, place, value) for seed, value in enumerate(values)]


ROWS = [
    *row("a", "size", math.nan, 2.0, 2.0),
    *row("a", "std", 1.0, 1.0, 3.0),
    *row("a", "std", 2.0, 2.0, 2.0),
    *row("a", "std", 3.0, 3.0, 1.0),
    *row("b", "size", math.nan, 1.0, 4.0),
    *row("b", "std", 1.0, 1.0, 1.0),
    *row("b", "std", 2.0, 1e-3, 1e-3),
    *row("b", "std", 3.0, 1e-6, 1e-6),
]


def number(metric, stated):
    return {"rule": "number", "variant": "a", "metric": metric, "stated": stated, "tolerance": 9.0}


SPEC = {
    "experiment": "tiny",
    "kind": "measured",
    "question": "Is it?",
    "factor": "formula",
    "baseline": "",
    "places": "layer",
    "variants": ["a", "b"],
    "seeds": [0, 1],
    "claims": [
        {"id": "ONE", "rules": [number("std@1", 6.0), number("std@2", 2.0), number("std@3", 2.0)]},
        {"id": "TWO", "rules": [number("std@1", 0.0)]},
        {
            "id": "MORE",
            "rules": [{"rule": "difference", "metric": "size", "high": "a", "low": "b"}],
        },
    ],
}


@pytest.fixture
def table():
    columns = ["variant", "seed", "metric", "place", "value"]
    return summarise(pd.DataFrame(ROWS, columns=columns))


def test_the_deviation_is_that_of_a_single_seed(table):
    cell = table[(table["variant"] == "b") & (table["metric"] == "size")].iloc[0]
    assert (cell["mean"], cell["n"]) == (2.5, 2)
    assert cell["deviation"] == pytest.approx(math.sqrt(2 * 1.5**2))


def test_a_printed_number_is_one_draw_more(table):
    stated = stated_numbers(SPEC, table)
    # A single number is no series: the second claim's is not among them.
    assert list(stated["claim"]) == ["ONE"] * 3
    first, second, _ = stated["apart"]
    assert first == pytest.approx((6 - 2) / (math.sqrt(2) * math.sqrt(1 + 1 / 2)), rel=1e-6)
    assert second == 0  # equal to a number without any spread


def test_a_rounded_number_is_as_near_as_its_digits(table):
    spec = {**SPEC, "claims": [{"id": "ONE", "rules": []}]}
    spec["claims"][0]["rules"] = [
        number("std@1", 2.0),
        number("std@2", 2.0000005),  # half a unit of the sixth decimal
        number("std@3", 2.0),
    ]
    assert stated_numbers(spec, table)["apart"][1] == pytest.approx(math.sqrt(3))


def test_metrics_with_places_are_tables_of_their_own(table):
    assert series_of(table) == ["std"]
    (_, single), (heading, wide), (beside, printed) = blocks(SPEC, table)
    assert single.to_numpy().tolist() == [
        ["a", "size", "2"],
        ["b", "size", "2.5"],  # two seeds have no interval
    ]
    assert heading == "std, mean over seeds"
    assert list(wide.columns) == ["", "1", "2", "3"]
    assert wide.to_numpy().tolist() == [["a", "2", "2", "2"], ["b", "1", "0.001", "1e-06"]]
    assert beside == "a: std as printed and as measured"
    assert list(printed.iloc[:, 0]) == ["printed", "measured", "apart"]
    assert list(printed["1"])[:2] == ["6", "2"]


def test_three_seeds_have_an_interval_which_ends_where_shares_do():
    rows = [*row("a", "size", math.nan, 1.0, 4.0, 1.0), *row("a", "val_accuracy", 3.0, 0.5, 1, 1)]
    table = summarise(pd.DataFrame(rows, columns=["variant", "seed", "metric", "place", "value"]))
    size, accuracy = table.itertuples()
    # With two degrees of freedom the quantile at p is (2p - 1) / sqrt(2 p (1 - p)).
    quantile = 0.95 / math.sqrt(2 * 0.975 * 0.025)
    assert (size.low, size.high) == pytest.approx((2 - quantile, 2 + quantile), rel=1e-9)
    assert accuracy.low == pytest.approx((5 - quantile) / 6, rel=1e-9)
    assert accuracy.high == 1
    drawn = measured_plots.draw_values(SPEC, table)
    assert drawn.legends[0].get_texts()[0].get_text() == "mean over seeds, with its 95 % interval"


def test_means_without_an_interval_are_drawn_as_points(table):
    figure = measured_plots.draw_values(SPEC, table)
    assert figure.legends[0].get_texts()[0].get_text() == "mean over seeds"
    bars, points = figure.axes[0].lines[::2], figure.axes[0].lines[1::2]
    assert [line.get_xdata()[0] for line in points] == [2.0, 2.5]
    assert np.isnan([line.get_xdata() for line in bars]).all()


def test_intervals_that_reach_0_are_not_drawn_on_a_logarithmic_axis():
    names = {"a": (1e-3, 1.1e-3, 1.2e-3), "b": (1e-2, 1.1e-2, 1.2e-2), "c": (1.0, 1.1, 1.2)}
    spec = SPEC | {"variants": list(names), "seeds": [0, 1, 2]}
    for last, scale in ((1.2e-3, "log"), (-1e-3, "linear")):
        values = names | {"a": (1e-3, 1.1e-3, last)}
        rows = [one for label, own in values.items() for one in row(label, "size", math.nan, *own)]
        columns = ["variant", "seed", "metric", "place", "value"]
        [axes] = measured_plots.draw_values(
            spec, summarise(pd.DataFrame(rows, columns=columns))
        ).axes
        assert axes.get_xscale() == scale


@pytest.mark.parametrize(("form", "words"), [("md", "| printed"), ("latex", r"\midrule")])
def test_every_form_has_all_tables(table, form, words):
    text = render(SPEC, table, form)
    assert words in text
    assert text.count("std, mean over seeds") == 1


def test_distances_of_one_draw_are_not_called_z(table):
    text = render(SPEC, table, "md")
    assert "| apart " in text
    assert text.count("in standard deviations of one draw") == 1
    assert not re.search(r"\bz\b", text)
    nothing_printed = render(SPEC | {"claims": SPEC["claims"][1:]}, table, "md")
    assert "apart" not in nothing_printed
    assert nothing_printed.endswith("\nBrackets: 95 % interval over seeds.\n")


def test_pictures_are_drawn_where_they_show_something(table):
    assert measured_plots.compared(SPEC, table) == ["size"]
    figure = measured_plots.draw_series(SPEC, table, "std")
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log"]
    rings = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "none"]
    assert list(rings[0].get_ydata()) == [6.0, 2.0, 2.0]
    [values] = measured_plots.draw_values(SPEC, table).axes
    assert [label.get_text() for label in values.get_yticklabels()] == ["a", "b"]


def test_functions_of_an_input_are_drawn_over_the_baseline(table):
    spec = SPEC | {"places": "input", "baseline": "a"}
    [axes] = measured_plots.draw_series(spec, table, "std").axes
    assert axes.get_title(loc="left") == "b"
    behind, own = axes.lines[:2]
    assert list(behind.get_ydata()) == [2.0, 2.0, 2.0]
    assert list(own.get_ydata()) == [1.0, 1e-3, 1e-6]
    assert axes.get_ylim()[1] > 2
    of_layers = measured_plots.draw_series(SPEC | {"baseline": "a"}, table, "std")
    assert len(of_layers.axes) == 2


def test_a_histogram_is_drawn_for_every_variant_and_place():
    edges = np.linspace(-1, 1, 5)
    bins = [
        (label, place, low, high, 0.25)
        for label in "ab"
        for place in (1, 2, 3)
        for low, high in itertools.pairwise(edges)
    ]
    frame = pd.DataFrame(bins, columns=["variant", "place", "left", "right", "share"])
    figure = measured_plots.draw_histograms(SPEC, frame[frame["place"] < 3])
    assert len(figure.axes) == 4


def test_the_same_table_gives_the_same_pictures(table, tmp_path):
    import json

    (tmp_path / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    table.to_csv(tmp_path / "table.csv", index=False)
    first = {path: path.read_bytes() for path in plot_results(tmp_path)}
    assert {path.name for path in first} == {"std.svg", "std.png", "values.svg", "values.png"}
    assert {path: path.read_bytes() for path in plot_results(tmp_path)} == first
    assert len(plot_results(tmp_path, "values")) == 2
    with pytest.raises(ZooError, match=r"std, values.*Received: 'sweep'"):
        plot_results(tmp_path, "sweep")
