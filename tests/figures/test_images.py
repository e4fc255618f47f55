import numpy as np
import pandas as pd
import pytest

from zoo.figures.images import draw_images, image_of

SPEC = {
    "experiment": "e",
    "kind": "measured",
    "question": "What does it look like?",
    "baseline": "",
    "places": "filter",
    "variants": ["a", "b"],
    "seeds": [0, 1],
}
COLUMNS = ["variant", "place", "row", "values"]


def images(*cells):
    """Returns the rows of images of two rows and three columns, given as (variant, place)."""
    rows = [(*cell, row, f"{row} -2 0.5") for cell in cells for row in (0, 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_an_image_has_its_rows_in_order():
    rows = images(("a", 1)).iloc[::-1]
    assert image_of(rows).tolist() == [[0, -2, 0.5], [1, -2, 0.5]]


def test_a_column_of_single_numbers_is_an_image_too():
    rows = pd.DataFrame([("a", 1, row, row / 2) for row in range(3)], columns=COLUMNS)
    assert image_of(rows).tolist() == [[0], [0.5], [1]]


def test_each_variant_has_a_row_of_its_images_with_white_for_zero():
    figure = draw_images(SPEC, images(("b", 1), ("a", 2), ("a", 1)))
    corners = [tuple(axes.get_position().p0) for axes in figure.axes]
    assert len(corners) == 3
    first, second, below = corners
    assert first[1] == pytest.approx(second[1])
    assert first[0] < second[0]
    assert below[1] < first[1]
    for axes in figure.axes:
        [image] = axes.images
        low, high = image.get_clim()
        assert low == -high <= -2
        assert np.allclose(image.cmap(image.norm(0.0))[:3], 1, atol=0.05)
