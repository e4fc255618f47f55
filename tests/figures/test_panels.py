"""The sheet that figures are drawn on."""

from matplotlib.lines import Line2D

from zoo.figures.panels import start_page

SPEC = {
    "kind": "measured",
    "experiment": "mine",
    "question": "Does it?",
    "variants": ["a"],
    "seeds": [0],
}


def test_a_legend_stays_within_the_page():
    for count in range(1, 9):
        for length in (3, 14, 25):
            keys = [Line2D([], [], label="m" * (length + place)) for place in range(count)]
            figure, _ = start_page(SPEC, 6.4, 2.0, 0.4, keys)
            figure.draw_without_rendering()
            (legend,) = figure.legends
            box, page = legend.get_window_extent(), figure.bbox
            assert 0 <= box.x0 < box.x1 <= page.x1, (count, length)
