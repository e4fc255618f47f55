from xml.etree import ElementTree

from report_case import FOLDER

from zoo.report.ledger import rows_of
from zoo.results import ledger
from zoo.results.files import read_frame
from zoo.results.panel import shown_row


def rows(root):
    frame = ledger.read(root)
    return {line.row.id: line for line in rows_of(root, frame, {"momentum": "optimizers"})}


def test_a_claim_on_a_panel_has_its_verdict_and_effect_on_each_data_set(root):
    line = rows(root)["OPT20"]
    panel = read_frame(root / "optimizer_default@panel" / "panel.csv")
    own = panel[panel["id"] == "OPT20"]
    single = own[own["data"] != "all"]
    assert line.by_data == dict(zip(single["data"], single["verdict"], strict=True))
    picture = ElementTree.fromstring(line.picture)
    told = ", ".join(f"{row.data} {shown_row(row)}" for row in single.itertuples())
    assert picture.get("aria-label").endswith(f": {told}")
    (chart,) = line.charts
    assert chart.rows == [
        ["together" if row.data == "all" else row.data, shown_row(row)] for row in own.itertuples()
    ]


def test_a_claim_is_told_with_its_rule_its_topic_and_its_lectures(root):
    found = rows(root)
    assert found["OPT20"].lectures == ("3",)
    assert found["OPT20"].rule == "adam's test accuracy is higher than nesterov's"
    assert found["OPT07 speed"].topic == "optimizers"
    assert found["X1 <i>"].topic == ""
    assert found["X1 <i>"].row.experiment == FOLDER
    assert found["X1 <i>"].by_data == {}
    assert [line.number for line in found.values()] == list(range(len(found)))


def test_files_of_different_times_are_not_drawn(root, tmp_path):
    import shutil

    shutil.copytree(root / "momentum", tmp_path / "momentum")
    path = tmp_path / "momentum" / "verdicts.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("supported", "refuted"), encoding="utf-8")
    assert all(line.picture == "" for line in rows(tmp_path).values())
    assert any(line.picture for line in rows(root).values() if line.row.experiment == "momentum")
