"""The picture of when an effect holds: what is drawn where."""

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from zoo.errors import ZooError
from zoo.figures.holds_when import draw_effects, is_wide, places_of
from zoo.figures.kinds import plot_results
from zoo.results import files
from zoo.results.holds_when import COLUMNS, Part, frame_of, settings_of

VARIANTS = ["relu", "tanh", "elu"]


def gain(variant, values):
    """Returns the difference that a variant has at some values, as a share."""
    return VARIANTS.index(variant) * sum(map(len, values.values())) / 100


def make(swept, lost=()):
    """Returns spec and table; `lost` variants have no difference."""
    parts = []
    for values in settings_of(swept):
        rows = []
        for variant in VARIANTS:
            known = gain(variant, values)
            if variant == "relu" or variant in lost:
                known = math.nan
            scores = [0.1, 8, 0, 0.5, 0.4, 0.6]
            rows.append((variant, *scores, known, known - 0.02, known + 0.03, 0.1, False))
        parts.append(Part(values, pd.DataFrame(rows, columns=COLUMNS)))
    spec = {
        "experiment": "tiny@swept",
        "kind": "holds_when",
        "question": "Does it hold?",
        "factor": "activation",
        "baseline": "relu",
        "variants": VARIANTS,
        "seeds": [0, 1],
        "swept": swept,
        "setting": ["digits: 359 test samples"],
        "verdicts": [],
    }
    return spec, frame_of(parts)


def lines_of(axes):
    """Returns the lines of a panel besides the baseline's."""
    return [line for line in axes.lines if len(line.get_xdata()) and line.get_marker() != "None"]


def bars_of(axes):
    return [segment for bars in axes.collections for segment in bars.get_segments()]


UNITS = ["30", "100", "3000"]


def test_every_variant_but_the_baseline_has_a_panel_with_its_differences():
    figure = draw_effects(*make({"units": UNITS}))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["tanh", "elu"]
    for axes, variant in zip(figure.axes, VARIANTS[1:], strict=True):
        [line] = lines_of(axes)
        points = [100 * gain(variant, {"units": value}) for value in UNITS]
        np.testing.assert_allclose(line.get_ydata(), points)
        ends = [bar[:, 1] for bar in bars_of(axes)]
        np.testing.assert_allclose(ends, [[point - 2, point + 3] for point in points])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == UNITS
    low, high = figure.axes[0].get_ylim()
    assert low < 0  # the baseline
    assert high > 2 * 4 + 3  # the highest end of an interval


def test_a_second_name_is_a_line_for_each_of_its_values_in_every_panel():
    figure = draw_effects(*make({"units": UNITS, "depth": ["2", "10"]}))
    assert len(figure.axes) == 2
    for axes in figure.axes:
        shallow, deep = lines_of(axes)
        assert (shallow.get_ydata() < deep.get_ydata()).all()
        assert (shallow.get_xdata() < deep.get_xdata()).all()  # so that the intervals part
        assert shallow.get_color() != deep.get_color()
    [legend] = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["baseline (relu)", "depth 2", "depth 10", "95 % interval over seeds"]


def test_numbers_stand_where_they_lie_and_words_at_equal_distances():
    np.testing.assert_allclose(places_of(["1", "10", "1000"]), [0, 1, 3])
    np.testing.assert_allclose(places_of(["2", "3", "8"]), [2, 3, 8])
    np.testing.assert_allclose(places_of(["0", "0.5", "100"]), [0, 0.5, 100])
    np.testing.assert_allclose(places_of(["200", "1000", "all"]), [0, 1, 2])
    assert is_wide(["2", "10"])
    assert not is_wide(["-2", "10"])


def test_words_are_not_joined_by_a_line():
    for values, style in ((["max", "mean"], "None"), (["1", "2"], "-")):
        figure = draw_effects(*make({"pool": values}))
        assert {line.get_linestyle() for line in lines_of(figure.axes[0])} == {style}


def test_names_of_values_do_not_overlap():
    values = [str(value) for value in range(1000, 1040)]
    figure = draw_effects(*make({"units": values}))
    shown = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert shown[0] == "1000"
    assert 2 <= len(shown) < len(values)
    figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in figure.axes[0].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_a_variant_without_finite_differences_says_so():
    figure = draw_effects(*make({"units": UNITS}, lost=("elu",)))
    tanh, elu = figure.axes
    assert [text.get_text() for text in elu.texts] == ["no finite values"]
    assert not tanh.texts
    assert lines_of(elu) == []


def test_a_folder_is_drawn_again_to_the_same_bytes(tmp_path):
    spec, table = make({"units": UNITS})
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    files.write_frame(tmp_path / "holds_when.csv", table)
    paths = plot_results(tmp_path)
    assert [path.name for path in paths] == ["holds_when.svg", "holds_when.png"]
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in plot_results(tmp_path, "holds_when")] == before
    with pytest.raises(ZooError, match=r"`--kind` must be one of .* \(holds_when\)"):
        plot_results(tmp_path, "curves")
