import json
import math
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from zoo.errors import ZooError
from zoo.figures.effect import draw_effect
from zoo.figures.formats import save_figure
from zoo.figures.kinds import plot_results
from zoo.figures.palette import p_text, points_text, rate_text, style_of, text_width, wrap
from zoo.figures.trained import draw_curves, draw_sensitivity

RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
LONG = [f"random weights + zero bias {i:2d}" for i in range(20)]
NAN = math.nan


def make_results(variants, seeds=8, epochs=5, dead=(), shaky=(), rates=RATES):
    """Returns spec, runs, curves and table; `dead` diverge always, `shaky` for seeds 0 to 2."""
    spec = {
        "experiment": "activation",
        "question": "Which activation trains a small network best?",
        "factor": "activation",
        "baseline": variants[0],
        "variants": list(variants),
        "seeds": list(range(seeds)),
        "data": {"name": "mnist1d", "train": 3200, "validation": 800, "test": 1000},
        "recipe": {"epochs": epochs, "batch_size": 100},
    }
    chosen = rates[len(rates) // 2]
    runs, curves, table = [], [], []
    for index, label in enumerate(variants):
        lost = seeds if label in dead else 3 if label in shaky else 0
        known = NAN if label in dead else 1.0
        width = 0.02 if seeds > 1 else NAN
        for rate in rates:
            for seed in range(seeds):
                accuracy = 0.6 - 0.1 * math.log10(rate / chosen) ** 2 + 0.01 * seed
                runs.append(
                    {
                        "variant": label,
                        "learning_rate": rate,
                        "seed": seed,
                        "status": "diverged" if seed < lost else "completed",
                        "val_loss": math.inf if seed < lost else 1.0,
                        "val_accuracy": NAN if seed < lost else accuracy,
                    }
                )
        for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
            for epoch in range(1, epochs + 1):
                mean = known * (0.6 - 0.5 / epoch)
                curves.append(
                    {
                        "variant": label,
                        "learning_rate": chosen,
                        "epoch": epoch,
                        "metric": metric,
                        "mean": mean,
                        "low": mean - width,
                        "high": mean + width,
                        "n": seeds - lost,
                    }
                )
        difference = NAN if index == 0 else known * 0.01 * index
        table.append(
            {
                "variant": label,
                "learning_rate": known * chosen,
                "n": seeds - lost,
                "diverged": lost,
                "val_accuracy": known * 0.62,
                "test_accuracy": known * 0.64,
                "difference": difference,
                "difference_low": difference - width,
                "difference_high": difference + width,
                "p": NAN if index == 0 else width * 0.4,
                "at_edge": "false",
            }
        )
    return spec, pd.DataFrame(runs), pd.DataFrame(curves), pd.DataFrame(table)


def draw_all(spec, runs, curves, table):
    return [
        draw_curves(spec, curves, table),
        draw_sensitivity(spec, runs, table),
        draw_effect(spec, table),
    ]


def write_results(folder, spec, runs, curves, table):
    folder.mkdir(exist_ok=True)
    score = table["test_accuracy"]
    runs = runs.assign(epochs=2, loss=1.0, accuracy=0.5, test_loss=1.0, test_accuracy=0.5)
    table = table.assign(
        test_low=score,
        test_high=score,
        same_rate_accuracy=score,
        at_edge=table["at_edge"] == "true",
    )
    (folder / "spec.json").write_text(json.dumps(spec))
    for name, frame in (("runs", runs), ("curves", curves), ("table", table)):
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def text_boxes(figure):
    """Returns the drawn texts with their boxes in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    size = canvas.get_width_height()
    boxes = []
    for axes in figure.axes:
        # Tick labels beyond the limits exist but are not drawn.
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                tick.label1.set_visible(tick.label1.get_visible() and low <= tick.get_loc() <= high)
    for text in figure.findobj(lambda a: isinstance(a, Text) and a.get_visible()):
        box = text.get_window_extent(canvas.get_renderer())
        if text.get_text().strip() and box.width:
            boxes.append((text.get_text(), box))
    return boxes, size


def assert_texts_have_room(figure):
    boxes, (width, height) = text_boxes(figure)
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (one, first), (two, second) in combinations(boxes, 2):
        # A pixel of shared white space is no overlap of letters.
        apart = (
            min(first.x1, second.x1) - max(first.x0, second.x0) <= 1
            or min(first.y1, second.y1) - max(first.y0, second.y0) <= 1
        )
        assert apart, (one, two)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 6, 20])
def test_texts_neither_overlap_nor_leave_the_figure(count):
    results = make_results(LONG[:count], shaky=LONG[1:3], dead=LONG[4:5])
    for figure in draw_all(*results):
        assert_texts_have_room(figure)


@pytest.mark.slow
def test_edge_of_the_grid_and_diverged_runs_fit_into_the_titles():
    spec, runs, _, table = make_results(LONG, shaky=LONG)
    table["at_edge"] = True
    figure = draw_sensitivity(spec, runs, table)
    assert words(figure).count("edge of the") == len(LONG)
    assert_texts_have_room(figure)


def test_every_label_stands_in_every_figure():
    variants = ["relu", "leaky relu, slope 0.01", "$x", "None"]
    for figure in draw_all(*make_results(variants)):
        assert all(label in words(figure) for label in variants)
        assert "Which activation trains a small network best?" in words(figure)
        assert "mnist1d" in words(figure)


def test_titles_name_the_chosen_rate():
    spec, runs, curves, table = make_results(["relu", "tanh"], rates=(0.01, 0.1, 1.0))
    for figure in (draw_curves(spec, curves, table), draw_sensitivity(spec, runs, table)):
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert titles == ["relu (baseline), learning rate 0.1", "tanh, learning rate 0.1"]


def test_noise_floor_is_the_standard_error_of_the_baselines_accuracy():
    spec, _, _, table = make_results(["relu", "tanh"])
    axes = draw_effect(spec, table).axes[0]
    (band,) = (patch for patch in axes.patches if isinstance(patch, Rectangle))
    half = 100 * math.sqrt(0.64 * (1 - 0.64) / 1000)
    assert band.get_x() == pytest.approx(-half)
    assert band.get_width() == pytest.approx(2 * half)


def test_effect_shows_differences_in_percentage_points_from_the_top():
    spec, _, _, table = make_results(["relu", "tanh", "elu"], shaky=["tanh"])
    figure = draw_effect(spec, table)
    axes = figure.axes[0]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["relu", "tanh", "elu"]
    segments = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert any(np.allclose(segment, (-1, 3)) for segment in segments)
    assert any(np.allclose(segment, (0, 4)) for segment in segments)
    text = words(figure)
    assert "[\N{MINUS SIGN}1.0, +3.0]" in text
    assert "+2.0" in text
    assert "0.008" in text
    assert "3 of 8 diverged" in text
    assert "from relu" in axes.get_xlabel()


def test_curves_are_in_percent_and_the_baseline_is_in_the_other_panels():
    spec, _, curves, table = make_results(["relu", "tanh", "elu"])
    first, *others = draw_curves(spec, curves, table).axes
    expected = [100 * (0.6 - 0.5 / epoch) for epoch in range(1, 6)]
    assert len(first.lines) == 2
    assert all(np.allclose(line.get_ydata(), expected) for line in first.lines)
    assert all(len(axes.lines) == 3 and len(axes.collections) == 1 for axes in others)


def test_sensitivity_averages_over_the_runs_that_did_not_diverge():
    spec, runs, _, table = make_results(["relu", "tanh"], shaky=["tanh"], rates=(0.1,))
    axes = draw_sensitivity(spec, runs, table).axes[1]
    means = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 1]
    # The baseline has seeds 0 to 7, tanh lost seeds 0 to 2; the last one is the ring.
    assert np.allclose(np.ravel(means), [60 + 3.5, 60 + 5, 60 + 5])
    (crosses,) = (line for line in axes.lines if line.get_marker() == "x")
    assert len(crosses.get_xdata()) == 3
    assert len(set(crosses.get_xdata())) == 3


def test_rates_that_validate_as_well_have_a_pale_ring():
    spec, runs, _, table = make_results(["relu", "tanh"], rates=(0.01, 0.1, 1.0))
    spec |= {"rates": {"relu": 0.1, "tanh": 0.1}, "tied": {"tanh": [0.01]}}
    figure = draw_sensitivity(spec, runs, table)
    rings = [[line for line in axes.lines if line.get_markersize() == 11] for axes in figure.axes]
    found = [[(*line.get_xdata(), line.get_alpha()) for line in own] for own in rings]
    assert found == [[(0.1, None)], [(0.1, None), (0.01, 0.4)]]
    assert "validates as well" in words(figure)
    assert_texts_have_room(figure)


def test_effect_says_what_its_intervals_are_over():
    spec, _, _, table = make_results(["relu", "tanh"])
    for errors, over in (
        ([0.01, 0.02], "8 seeds and test examples"),
        ([0.01, math.nan], "8 seeds"),
    ):
        drawn = draw_effect(spec, table.assign(examples_error=errors))
        assert f"95 % interval, {over}" in words(drawn).splitlines()
        assert_texts_have_room(drawn)


def test_one_seed_has_no_band():
    spec, runs, curves, table = make_results(["relu", "tanh"], seeds=1, epochs=1, rates=(0.1,))
    figure = draw_curves(spec, curves, table)
    assert "interval" not in words(figure)
    effect = draw_effect(spec, table)
    assert "95 % interval" not in words(effect)
    assert "+1.0" in words(effect)
    for drawn in draw_all(spec, runs, curves, table):
        assert "1 seed" in words(drawn)
        assert_texts_have_room(drawn)


@pytest.mark.parametrize("dead", [["tanh"], ["relu"], ["relu", "tanh"]])
def test_a_variant_of_which_every_run_diverged_is_shown_as_such(tmp_path, dead):
    results = make_results(["relu", "tanh"], dead=dead)
    for figure in draw_all(*results):
        assert "8 of 8 diverged" in words(figure)
        assert_texts_have_room(figure)
    assert len(plot_results(write_results(tmp_path / "activation", *results))) == 6


def test_a_variant_without_rows_keeps_its_panel():
    spec, runs, curves, table = make_results(["relu", "tanh"])
    spec["variants"].append("elu")
    for figure in draw_all(spec, runs, curves, table):
        assert "elu" in words(figure)


@pytest.mark.slow
def test_plotting_twice_gives_the_same_bytes(tmp_path):
    results = make_results(["relu", "tanh", "elu"], shaky=["elu"])
    folder = write_results(tmp_path / "activation", *results)
    paths = plot_results(folder)
    first = [path.read_bytes() for path in paths]
    stems = ("curves", "sweep", "effect")
    assert [path.name for path in paths] == [
        f"{stem}.{end}" for stem in stems for end in ("svg", "png")
    ]
    elsewhere = write_results(tmp_path / "other", *results)
    assert [path.read_bytes() for path in plot_results(folder)] == first
    assert [path.read_bytes() for path in plot_results(elsewhere)] == first
    for content in first:
        assert str(tmp_path).encode() not in content
        assert b"dc:date" not in content
        assert b"Software" not in content


def test_users_matplotlib_settings_do_not_reach_the_figures(tmp_path):
    import matplotlib

    folder = write_results(tmp_path / "activation", *make_results(["relu", "tanh"]))
    first = [path.read_bytes() for path in plot_results(folder)]
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        assert [path.read_bytes() for path in plot_results(folder)] == first
        assert matplotlib.rcParams["font.size"] == 30


def test_labels_that_pandas_takes_for_missing_values_survive_the_file(tmp_path):
    results = make_results(["None", "NA", "0.10"])
    folder = write_results(tmp_path / "clipping", *results)
    plot_results(folder)
    for figure, name in zip(draw_all(*results), ("curves", "sweep", "effect"), strict=True):
        assert "0.10" in words(figure)
        # Matplotlib repeats each text in a comment beside its outlines.
        assert "no finite values" not in (folder / f"{name}.svg").read_text()
        assert "no result" not in (folder / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", ["runs.csv", "curves.csv", "table.csv"])
def test_missing_file_is_named_with_the_command_that_makes_it(tmp_path, name):
    folder = write_results(tmp_path / "activation", *make_results(["relu", "tanh"]))
    (folder / name).unlink()
    with pytest.raises(ZooError, match=rf"{name}.*python -m zoo run activation"):
        plot_results(folder)
    assert not list(Path(folder).glob("*.svg"))


def test_styles_are_distinct_and_keep_when_a_variant_is_added():
    variants = [f"variant {i}" for i in range(21)]
    styles = style_of(variants)
    assert len(set(styles.values())) == 21
    assert style_of(variants[:7]).items() <= styles.items()
    assert len({colour for colour, _, _ in style_of(variants[:7]).values()}) == 7


def test_a_variant_has_one_colour_in_all_figures():
    results = make_results(["relu", "tanh"])
    colour = style_of(["relu", "tanh"])["tanh"][0]
    curves, sensitivity, effect = draw_all(*results)
    for axes in (curves.axes[1], sensitivity.axes[1], effect.axes[0]):
        assert colour in [line.get_color() for line in axes.lines]


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.1, "0.1"), (1.0, "1"), (10**-1.5, "0.0316"), (1e-5, "1e-5"), (0.0003, "0.0003")],
)
def test_rates_are_short(rate, text):
    assert rate_text(rate) == text


def test_numbers_are_rounded_and_signed():
    assert points_text(1.26) == "+1.3"
    assert points_text(-12.0) == "\N{MINUS SIGN}12.0"
    assert points_text(-0.04) == "0.0"
    assert points_text(NAN) == ""
    assert p_text(0.0078125) == "0.008"
    assert p_text(0.0001) == "<0.001"
    assert p_text(NAN) == ""


def test_wrap_keeps_every_word_and_the_width():
    text = "one two three four five six seven eight nine ten"
    lines = wrap(text, 1.2)
    assert " ".join(lines) == text
    assert len(lines) > 1
    assert all(text_width(line) <= 1.2 for line in lines)


def test_no_name_ends_a_picture(tmp_path):
    figure = Figure()
    figure.text(0.1, 0.5, "val_\x1b[2J$\\f$ of \x00")
    svg, _ = save_figure(figure, tmp_path / "mine")
    ElementTree.parse(svg)
    (text,) = figure.findobj(Text)
    assert text.get_text() == r"val_\x1b[2J$\f$ of \x00"


def test_no_name_along_an_axis_ends_a_picture(tmp_path):
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_yticks([0, 1], ["plain", "val_\x1b[2J"])
    svg, _ = save_figure(figure, tmp_path / "mine")
    ElementTree.parse(svg)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["plain", r"val_\x1b[2J"]
