"""The piece of a page that a notebook shows."""

import re

import pytest
from report_case import COMMITTED, FOLDER, HOSTILE, Reader

from zoo.report.notebook import MOST, html_of
from zoo.results import files, ledger


@pytest.mark.parametrize("name", ["momentum", "optimizer_default@panel", "covariance"])
def test_table_pictures_and_verdicts_are_there(name):
    folder = COMMITTED / name
    text = html_of(folder)
    read = Reader(text)
    said = read.said
    assert files.read_spec(folder)["question"] in said
    for label in set(files.read_table(folder).iloc[:, 0].astype(str)):
        assert label in said
    for row in ledger.read(COMMITTED, [name]).itertuples():
        assert row.id in said
        assert row.verdict in said
    kinds = [attributes.get("class", "") for tag, attributes in read.tags if tag == "figure"]
    assert 1 <= len(kinds) <= MOST
    assert text == html_of(folder)


def test_it_is_a_piece_without_script_that_asks_for_nothing(root):
    text = html_of(root / "momentum")
    tags = {tag for tag, _ in Reader(text).tags}
    assert not tags & {"script", "html", "body", "link", "img", "iframe", "base", "image", "use"}
    assert not re.search(r"url\(|@import|https?:", text)
    assert text.lstrip().startswith('<div class="experiment-zoo">')
    assert text.rstrip().endswith("</div>")


def test_its_style_reaches_nothing_beside_it(root):
    [style] = re.findall(r"<style>(.*?)</style>", html_of(root / "momentum"), flags=re.DOTALL)
    outer = re.sub(r"\{[^{}]*\}", "", style)  # rules inside of the one
    assert outer.split("{")[0].strip() == ".experiment-zoo.experiment-zoo"
    assert outer.count("{") == outer.count("}") == 1
    assert outer.rstrip().endswith("}")


def test_names_of_others_are_text(root):
    read = Reader(html_of(root / FOLDER))
    assert "script" not in {tag for tag, _ in read.tags}
    assert [name for _, a in read.tags for name in a if name.startswith("on")] == []
    for name in HOSTILE[:3]:
        assert name in read.said
