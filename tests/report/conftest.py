"""The page that the tests share; what it is made of stands in `report_case`."""

import shutil

import pytest
from report_case import COMMITTED, COPIED, write_advice, write_hostile, write_page


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """Returns a results folder with its page."""
    root = tmp_path_factory.mktemp("report") / "results"
    for name in COPIED:
        shutil.copytree(COMMITTED / name, root / name, ignore=shutil.ignore_patterns("*.png"))
    write_hostile(root)
    write_advice(root)
    write_page(root)
    return root


@pytest.fixture(scope="session")
def text(root):
    """Returns the page."""
    return (root / "index.html").read_text(encoding="utf-8")
