from xml.etree import ElementTree

import pandas as pd
import pytest

from zoo.report.histograms import HEIGHT, WIDTH, measured, recorded

SPEC = {"variants": ["b", "a", "absent"], "places": "layer"}


def heights(picture):
    """Returns the heights of the bars of a histogram."""
    path = ElementTree.fromstring(picture).find("path").get("d")
    return [HEIGHT - float(part.split("H")[0]) for part in path.split("V")[1:-1]]


def test_bars_are_as_high_as_their_shares():
    shares = [0.1, 0.2, 0.4, 0.2, 0.1]
    rows = [("a", 1, -1 + 0.4 * nth, -0.6 + 0.4 * nth, s) for nth, s in enumerate(shares)]
    rows += [("b", 2, 0, 1, 1.0)]
    names = ["variant", "place", "left", "right", "share"]
    grid = measured(SPEC, pd.DataFrame(rows, columns=names))
    assert grid.columns == ["variant", "layer 1", "layer 2"]
    assert [label for label, _ in grid.rows] == ["b", "a"]
    (none, one), (many, gone) = (pictures for _, pictures in grid.rows)
    assert none == gone == ""
    assert heights(one) == [HEIGHT]
    # Scaled to the third highest, and the highest is cut off there.
    assert heights(many) == [HEIGHT / 2, HEIGHT, HEIGHT, HEIGHT, HEIGHT / 2]
    texts = [each.text for each in ElementTree.fromstring(many).iter("text")]
    assert texts == ["\N{MINUS SIGN}1", "1"]


def test_of_what_was_recorded_the_last_epoch_is_drawn():
    rows = [("a", 1, 0, 31, 1.0), ("a", 1, 5, 1, 0.5), ("a", 1, 5, 60, 0.5), ("a", 1, 5, 61, 9.0)]
    frame = pd.DataFrame(rows, columns=["variant", "layer", "epoch", "bin", "share"])
    grid = recorded(SPEC, frame)
    ((label, (picture,)),) = grid.rows
    assert label == "a"
    found = heights(picture)
    assert [place for place, height in enumerate(found) if height] == [0, 59]
    path = ElementTree.fromstring(picture).find("path").get("d")
    assert path.endswith(f"H{WIDTH}V{HEIGHT}Z")
    assert "after epoch 5" in grid.note


@pytest.mark.parametrize("share", [0.0, 1e-300, 1e300])
def test_any_share_is_drawn(share):
    frame = pd.DataFrame(
        [("a", 1, 0, 1, share)], columns=["variant", "place", "left", "right", "share"]
    )
    assert "nan" not in measured(SPEC, frame).rows[0][1][0]
