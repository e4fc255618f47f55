"""What claims come to on several data sets, on one sheet and on pages of their own."""

from pathlib import Path

import pytest
from matplotlib.text import Text

from zoo.errors import ZooError
from zoo.figures.kinds import Look, draw, shown
from zoo.figures.page import PAGES
from zoo.results.files import read_frame

FOLDER = Path(__file__).parents[2] / "results" / "dropout@panel"


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text)]


def test_on_one_sheet_stand_all_claims():
    (name,) = shown(FOLDER)
    figure = draw(FOLDER, name)
    claims = set(read_frame(FOLDER / "panel.csv")["id"])
    heads = [text for text in texts(figure) if text.partition(":")[0] in claims]
    assert len(heads) == len(figure.axes) > 1


@pytest.mark.parametrize("size", PAGES)
def test_on_a_page_of_a_given_size_stands_one_claim_under_its_sentence(size):
    verdicts = read_frame(FOLDER / "verdicts.csv").set_index("id")
    look = Look(size)
    names = shown(FOLDER, look)
    assert "panel-DRO06_noise" in names
    figure = draw(FOLDER, "panel-DRO06_noise", look)
    assert figure.get_figwidth() == pytest.approx(PAGES[size].width)
    box = figure.get_tightbbox()
    assert 0 <= box.x0 < box.x1 <= figure.get_figwidth()
    assert 0 <= box.y0 < box.y1 <= figure.get_figheight()
    said = [" ".join(text.split()) for text in texts(figure)]
    assert f"DRO06 noise: {verdicts.loc['DRO06 noise', 'verdict']}" in said
    assert (verdicts.loc["DRO06 noise", "says"] in said) == PAGES[size].heading
    assert len(figure.axes) == 1


def test_a_claim_that_is_not_there_is_said_with_those_that_are():
    with pytest.raises(ZooError, match=r"pictures of dropout@panel \(panel-DRO03"):
        draw(FOLDER, "panel-DRO99", Look("slide"))
