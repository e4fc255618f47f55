import pandas as pd
import pytest

from zoo.report.holds_when import charts
from zoo.results.holds_when import COLUMNS, Part, frame_of, settings_of


def write(folder, swept):
    """Writes differences of 1 point a unit of the first value, and the second's hundredth."""
    parts = []
    for values in settings_of(swept):
        gap = sum(float(value) for value in values.values() if value.isdecimal()) / 100
        row = dict.fromkeys(COLUMNS, 0.5) | {"n": 8, "diverged": 0, "at_edge": False}
        tanh = {"variant": "tanh", "difference": gap}
        tanh |= {"difference_low": gap - 0.01, "difference_high": gap + 0.01}
        rows = [row | {"variant": "relu"}, row | tanh]
        parts.append(Part(values, pd.DataFrame(rows, columns=COLUMNS)))
    (folder / "spec.json").unlink(missing_ok=True)
    frame_of(parts).to_csv(folder / "holds_when.csv", index=False)
    return {"baseline": "relu", "variants": ["relu", "tanh"], "swept": swept}


def test_a_picture_a_value_of_the_second_name(tmp_path):
    spec = write(tmp_path, {"units": ["30", "3"], "depth": ["1", "2"]})
    (drawn,) = charts(tmp_path, spec).values()
    first, second = drawn
    assert first.title == "Test accuracy: difference from relu at depth=1"
    assert first.rows == [["3", "+4.0 [+3.0, +5.0]"], ["30", "+31.0 [+30.0, +32.0]"]]
    assert second.rows == [["3", "+5.0 [+4.0, +6.0]"], ["30", "+32.0 [+31.0, +33.0]"]]


@pytest.mark.parametrize(("values", "drawn"), [(["adam", "sgd"], 0), (["1", "2"], 1)])
def test_values_of_no_number_have_the_table_only(tmp_path, values, drawn):
    spec = write(tmp_path, {"optimizer": values})
    assert len(charts(tmp_path, spec)) == drawn
