import pytest
from report_case import COMMITTED

from zoo.report.measured import charts
from zoo.results.files import read_spec, read_table
from zoo.results.measured import compared, series_of, stated_numbers

FOLDER = COMMITTED / "initializer_statistics"


@pytest.fixture(scope="module")
def drawn():
    spec = read_spec(FOLDER)
    return {chart.title: chart for own in charts(FOLDER, spec).values() for chart in own}


def test_every_series_and_every_compared_value_has_a_picture(drawn):
    spec, table = read_spec(FOLDER), read_table(FOLDER)
    assert len(drawn) == len(series_of(table)) + len(compared(spec, table))


def test_printed_numbers_stand_beside_what_was_measured(drawn):
    chart = drawn["Std"]
    stated = stated_numbers(read_spec(FOLDER), read_table(FOLDER))
    stated = stated[(stated["metric"] == "std") & (stated["variant"] == "tanh 0.01")]
    column = chart.columns.index("tanh 0.01, printed")
    assert column == chart.columns.index("tanh 0.01") + 1
    shown = [float(row[column]) for row in chart.rows]
    assert shown == pytest.approx(stated.sort_values("place")["stated"].tolist(), rel=5e-3)
    assert 'class="ring"' in chart.svg


def test_measured_means_are_those_of_the_table(drawn):
    table = read_table(FOLDER)
    own = table[(table["metric"] == "std") & (table["variant"] == "relu he")].sort_values("place")
    column = drawn["Std"].columns.index("relu he")
    shown = [float(row[column].split()[0]) for row in drawn["Std"].rows]
    assert shown == pytest.approx(own["mean"].tolist(), rel=5e-3)
