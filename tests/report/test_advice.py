import json

import pytest
from report_case import ADVICE, COMMITTED

from zoo.errors import ZooError
from zoo.report import advice
from zoo.results.advised import folders


def test_what_helps_stands_first_with_its_interval():
    own = advice.section_of(COMMITTED / ADVICE)
    record = json.loads((COMMITTED / ADVICE / "advice.json").read_text(encoding="utf-8"))
    assert own.told == [record["sentence"]]
    (charts,) = own.charts.values()
    assert [chart.title.partition(":")[0] for chart in charts] == [
        verdict.capitalize()
        for verdict in ("helps", "hurts", "does not matter", "undecided")
        if verdict in {row["verdict"] for row in record["items"]}
    ]
    assert sum(len(chart.rows) for chart in charts) == len(record["items"])
    knobs, models = own.tables
    best = max(record["items"], key=lambda row: (row["verdict"] == "helps", row["difference"]))
    assert list(knobs.rows[0][:3]) == [best["knob"], best["from"], best["to"]]
    assert f"{100 * best['low']:+.1f}" in knobs.rows[0][3]
    assert len(models.rows) == len(record["held_out"]["scores"])


def test_before_anything_is_known_there_is_no_picture(tmp_path):
    record = json.loads((COMMITTED / ADVICE / "advice.json").read_text(encoding="utf-8"))
    record |= {"items": [], "held_out": None}
    (tmp_path / "advice.json").write_text(json.dumps(record), encoding="utf-8")
    own = advice.section_of(tmp_path)
    assert not own.charts
    assert [len(table.rows) for table in own.tables] == [0]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"items": [{}], "held_out": null}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "advise" / "mine").mkdir(parents=True)
    (tmp_path / "advise" / "mine" / "advice.json").write_text(text, encoding="utf-8")
    (folder,) = folders(tmp_path)
    with pytest.raises(ZooError, match=r"advice\.json is damaged: .*\n.* writes it again"):
        advice.section_of(folder)
