import html
import re
import shutil
from pathlib import Path

import pytest
from report_case import COMMITTED, FOLDER, HOSTILE, Reader, write_page

from zoo.errors import ZooError
from zoo.report import page
from zoo.results import files, ledger, tables
from zoo.results.ledger_kinds import headline

TEMPLATES = Path(page.__file__).with_name("templates")


@pytest.fixture(scope="session")
def read(text):
    return Reader(text)


def test_the_page_asks_for_nothing(read, text):
    asking = {"src", "srcset", "action", "data", "poster", "background", "ping", "formaction"}
    for tag, attributes in read.tags:
        assert not asking & set(attributes), tag
        assert tag not in ("link", "base", "iframe", "object", "embed", "img", "image", "use")
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|WebSocket|import\(", text)
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": policy}) in read.tags


def test_links_lead_somewhere_and_ids_are_unique(read):
    from urllib.parse import unquote

    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {unquote(a["href"][1:]) for _, a in read.tags if "href" in a}
    assert targets <= set(ids)
    assert {"momentum", "optimizer_default", page.anchor(FOLDER)} <= set(ids)


def test_names_and_data_of_others_are_text(read, text):
    assert [tag for tag, _ in read.tags].count("script") == 1
    handlers = [name for _, a in read.tags for name in a if name.startswith("on")]
    assert handlers == []
    assert "\u202e" not in text
    for name in HOSTILE[:3]:
        assert html.escape(name, quote=False) in text.replace("&#34;", '"').replace("&#39;", "'")
    assert "49" not in [each.strip() for each in read.texts]


def test_own_script_is_small_and_ends_where_it_should():
    script = (TEMPLATES / "script.js").read_text(encoding="utf-8")
    assert len(script.encode()) <= 25_000
    assert "</script" not in script
    for style in TEMPLATES.glob("*.css"):
        assert "</style" not in style.read_text(encoding="utf-8")
    assert "innerHTML" not in script


def test_the_ledger_is_that_of_the_files(root, read):
    frame = ledger.read(root)
    for line in headline(frame):
        assert line in read.said
    rows = [
        attributes for tag, attributes in read.tags if tag == "tr" and "data-verdict" in attributes
    ]
    assert sorted(row["data-verdict"] for row in rows) == sorted(frame["verdict"])
    for evidence in frame["evidence"]:
        assert " ".join(evidence.split()) in read.said


def test_tables_are_those_of_the_command(root, read):
    for name in ("momentum", "optimizer_default", "optimizer_default@panel"):
        folder = root / name
        shown = tables.render(files.read_spec(folder), files.read_table(folder), "md")
        cells = [
            cell.strip()
            for line in shown.splitlines()
            if line[:1] == "|"
            for cell in line.split("|")
        ]
        texts = {each.strip() for each in read.texts}
        for cell in cells:
            assert not cell or set(cell) == {"-"} or cell in texts, cell


def test_a_panel_stands_in_its_experiment(root, read):
    shown = [folder.name for folder in page.shown_folders(root)]
    assert shown == sorted(["momentum", "optimizer_default", FOLDER])
    assert "python -m zoo run optimizer_default --panel" in read.said
    assert "The tables on digits" in read.said
    assert "python -m zoo run momentum" in read.said


def test_twice_in_a_row_gives_the_same_bytes(root, text):
    write_page(root)
    assert (root / "index.html").read_text(encoding="utf-8") == text


def test_without_results_there_is_no_page(tmp_path):
    with pytest.raises(ZooError, match="There are no results in"):
        write_page(tmp_path)


def test_results_without_claims_have_a_page_without_ledger(root, tmp_path):
    shutil.copytree(root / "momentum", tmp_path / "momentum")
    (tmp_path / "momentum" / "verdicts.csv").unlink()
    path, experiments = write_page(tmp_path)
    assert experiments == 1
    assert 'id="ledger"' not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["table.csv", "verdicts.csv", "spec.json", "measurements.csv"])
def test_a_damaged_file_is_named_and_the_page_stays(root, tmp_path, name):
    shutil.copytree(root / "momentum", tmp_path / "momentum")
    (tmp_path / "index.html").write_text("before")
    (tmp_path / "momentum" / name).write_text("<html>\x00")
    with pytest.raises(ZooError, match=re.escape(name)):
        write_page(tmp_path)
    assert (tmp_path / "index.html").read_text() == "before"


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("table.csv", slice(0, 1), "it has no rows"),
        ("table.csv", slice(0, None), "a row stands twice"),
        ("measurements.csv", slice(0, None), "stands twice for seed"),
    ],
)
def test_rows_that_are_missing_or_stand_twice_are_said(root, tmp_path, name, rows, said):
    shutil.copytree(root / "momentum", tmp_path / "momentum")
    path = tmp_path / "momentum" / name
    lines = path.read_text(encoding="utf-8").splitlines()[rows]
    path.write_text("\n".join([*lines, *lines[1:2], ""]), encoding="utf-8")
    with pytest.raises(ZooError, match=said):
        write_page(tmp_path)


@pytest.mark.slow
def test_all_committed_results_are_on_a_page_of_a_few_megabytes(tmp_path):
    for path in COMMITTED.iterdir():
        if (path / "spec.json").is_file():
            (tmp_path / path.name).symlink_to(path)
    path, experiments = write_page(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 8_000_000
    read = Reader(text)
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    names = {folder.parent.name for folder in tmp_path.glob("*/spec.json")}
    own = {name for name in names if "@" not in name}
    assert own <= set(ids)
    assert len(ids) == len(set(ids))
    swept = list(tmp_path.glob("*/holds_when.csv"))  # over values, with sections of their own
    assert experiments == len(own) + len(swept)
    for line in headline(ledger.read(tmp_path)):
        assert line in read.said
    assert "nan" not in read.said.split()
