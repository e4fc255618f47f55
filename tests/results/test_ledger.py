import re
from pathlib import Path

import pandas as pd
import pytest
from claims_case import CLAIMS, NOISE

from zoo import catalogue
from zoo.claims import (
    NOT_RUN,
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Difference,
    Identity,
    Order,
)
from zoo.errors import ZooError
from zoo.evidence.statistics import student_p
from zoo.results import files, ledger
from zoo.results.verdicts import COLUMNS, describe

RESULTS = Path(__file__).parents[2] / "results"


def content(folder):
    files = folder.rglob("*")
    return {path.relative_to(folder): path.read_bytes() for path in files if path.is_file()}


def test_the_verdicts_of_a_folder(write):
    frame = ledger.write(write())
    assert list(frame.columns) == COLUMNS
    assert frame["id"].tolist() == ["X1", "X2", "X3", "X4", "ACT07"]
    verdicts = [SUPPORTED, REFUTED, UNDECIDED, NOT_RUN, SUPPORTED]
    assert frame["verdict"].tolist() == frame["at_baseline_rate"].tolist() == verdicts
    rows = frame.set_index("id")
    assert rows.loc["X1", "says"] == "tanh is better"
    assert rows.loc["X1", "source"] == ""
    assert rows.loc["X2", "source"] == "a talk"
    assert rows.loc["X3", "deviation"] == "one | task"
    assert rows.loc["X4", "evidence"] == "initial_loss was not measured"
    known = catalogue.find("ACT07")
    assert rows.loc["ACT07", "says"] == known.says != ""
    assert rows.loc["ACT07", "source"] == known.source != ""
    assert rows["n"].tolist() == [8, 8, 8, 0, 32 // 2]
    assert rows.loc["X1", "p"] == pytest.approx(3 / 2 * 2 / 2**8)  # two of three tests
    assert rows.loc[["X4", "ACT07"], "p"].isna().all()
    assert rows.loc["X1", "seeds"] == 0


def test_writing_twice_changes_no_byte(write, tmp_path):
    folder = write()
    ledger.write(folder)
    ledger.write_ledger(tmp_path)
    before = content(tmp_path)
    assert {Path("tiny/verdicts.csv"), Path("ledger.md")} < set(before)
    for _ in range(2):
        ledger.write(folder)
        ledger.write_ledger(tmp_path)
        assert content(tmp_path) == before


def test_a_lecture_has_a_page_of_the_claims_that_it_makes(write, tmp_path):
    ledger.write(write())
    ledger.write_ledger(tmp_path)
    own = sorted((tmp_path / "lectures").iterdir())
    assert own
    for path in own:
        number = path.stem[-1]
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# Lecture {number}: {catalogue.LECTURES[number]}\n")
        assert "[tiny]: <../tiny/>" in text
        claims = [row[0] for row in rows_of(text) if row[0] != "id"]
        assert claims
        assert all(number in catalogue.find(claim).lectures.split() for claim in claims)
    (tmp_path / "lectures" / "lecture_9.md").write_text("of another time")
    ledger.write_ledger(tmp_path)
    assert sorted((tmp_path / "lectures").iterdir()) == own


def test_claims_of_users_have_no_source_and_no_lecture(write, tmp_path):
    folder = write(claims=[Claim("MINE1", Difference("tanh", "relu"), says="It is better.")])
    ledger.write(folder)
    ledger.write_ledger(tmp_path)
    assert not list((tmp_path / "lectures").iterdir())
    assert "MINE1" in (tmp_path / "ledger.md").read_text(encoding="utf-8")


def test_verdicts_come_back_as_they_were_written(write, tmp_path):
    frame = ledger.write(write())
    back = ledger.read(tmp_path, ["tiny"]).set_index("id").loc[frame["id"]].reset_index()
    for name in ("verdict", "evidence", "rule", "says", "n", "seeds"):
        assert back[name].fillna("").tolist() == frame[name].tolist()
    assert back["p"].to_numpy() == pytest.approx(frame["p"].to_numpy(), rel=1e-5, nan_ok=True)


def test_without_claims_there_are_no_verdicts(write, tmp_path):
    folder = write()
    ledger.write(folder)
    write(claims=[])
    assert len(ledger.write(folder)) == 0
    assert not (folder / "verdicts.csv").exists()
    with pytest.raises(ZooError, match=r"^There are no verdicts for tiny: "):
        ledger.read(tmp_path, ["tiny"])
    with pytest.raises(ZooError, match=r"no experiment with claims has been run there"):
        ledger.read(tmp_path)


def test_the_level_stands_in_the_declaration(write):
    strict = ledger.write(write(alpha=0.01)).set_index("id")
    assert strict.loc["X1", "verdict"] == UNDECIDED  # 0.0117 after adjusting
    assert ledger.write(write(alpha=0.05 / 3)).set_index("id").loc["X1", "verdict"] == SUPPORTED


def test_where_seeds_share_examples_the_declaration_says_so_and_verdicts_are_corrected(write, spec):
    claim = [CLAIMS[0]]
    drawn = spec["data"] | {"split": "resampled", "overlap": 5.0}
    free = ledger.write(write(claims=claim)).iloc[0]
    shared = ledger.write(write("drawn", claims=claim, data=drawn)).iloc[0]
    assert (free["verdict"], shared["verdict"]) == (SUPPORTED, UNDECIDED)
    gaps = [0.25 + late - early for early, late in zip(NOISE, NOISE[::-1], strict=True)]
    assert shared["p"] == pytest.approx(student_p(gaps, 5.0))


def test_each_variant_counts_at_its_best_rate_and_at_the_baselines(write):
    folder = write()
    runs = files.read_frame(folder / "runs.csv")
    tanh = runs["variant"] == "tanh"
    # tanh is best at 0.1, where it is better than relu; at relu's rate it is worse.
    runs.loc[tanh & (runs["learning_rate"] == 0.1), "val_accuracy"] = 0.9
    runs.loc[tanh & (runs["learning_rate"] == 1.0), "test_accuracy"] -= 0.5
    runs.to_csv(folder / "runs.csv", index=False)
    table = files.read_table(folder)
    table["learning_rate"] = table["learning_rate"].where(table["variant"] != "tanh", 0.1)
    table.to_csv(folder / "table.csv", index=False)
    row = ledger.write(folder).set_index("id").loc["X1"]
    assert (row["verdict"], row["at_baseline_rate"]) == (SUPPORTED, REFUTED)
    text = ledger.render(ledger.read(folder.parent, ["tiny"]), "md")
    assert text.count(". All at the baseline's learning rate: refuted") == 1


def test_the_rates_are_chosen_on_the_declared_seeds(write):
    folder = write()
    runs = files.read_frame(folder / "runs.csv")
    worse = (runs["variant"] == "tanh") & (runs["learning_rate"] == 0.1)
    runs.loc[worse, "test_accuracy"] = 0.0
    more = runs[worse].assign(seed=lambda own: own["seed"] + 100, val_accuracy=0.99)
    pd.concat([runs, more]).to_csv(folder / "runs.csv", index=False)
    before = ledger.write(folder).set_index("id")
    assert before.loc["X1", "n"] == 8
    assert before.loc["X1", "verdict"] == SUPPORTED


def test_changed_settings_stay_out_of_the_ledger(write, tmp_path):
    for name in ("tiny", "other", "tiny@seeds=8"):
        ledger.write(write(name))
    found = ledger.read(tmp_path)
    assert set(found["experiment"]) == {"tiny", "other"}
    assert set(ledger.read(tmp_path, ["tiny@seeds=8"])["experiment"]) == {"tiny@seeds=8"}
    pairs = list(zip(found["id"], found["experiment"], strict=True))
    assert pairs == sorted(pairs)
    assert len(pairs) == 2 * len(CLAIMS)


def test_the_folder_of_all_results_may_have_any_name(write, tmp_path):
    ledger.write(write("me@home/tiny"))
    assert set(ledger.read(tmp_path / "me@home")["experiment"]) == {"tiny"}


def rows_of(text):
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_the_ledger_in_markdown(write, tmp_path):
    ledger.write(write())
    ledger.write(write("other", gap=-0.25))
    ledger.write_ledger(tmp_path)
    text = (tmp_path / "ledger.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[:3] == ["# Ledger", "", "10 verdicts on 5 claims."]
    told = "4 supported, 2 refuted, 2 undecided, 2 not run"
    assert lines[4] == (
        "- Propositions from training: 4 of 10 supported, 2 refuted, 2 undecided, 2 not run. "
        f"Of these 10 on digits ({told})."
    )
    head, *rows = rows_of(text)
    assert head == ["id", "sentence", "verdict", "evidence", "experiment", "data set", *head[6:]]
    kept = [row for row in rows if row[0] != "id"]
    assert [row[0] for row in kept] == [
        one for one in ("ACT07", "X1", "X2", "X3", "X4") for _ in range(2)
    ]
    by_key = {(row[0], row[4]): row for row in kept}
    assert by_key["X1", "[tiny]"][2] == "**supported**"
    assert by_key["X1", "[other]"][2] == "**refuted**"
    assert by_key["X3", "[tiny]"][3].endswith(". Differs: one / task")
    assert {row[5] for row in kept} == {"digits"}
    assert lines[-2:] == ["[other]: <other/>", "[tiny]: <tiny/>"]
    assert "nan" not in text


def test_a_claim_of_two_lectures_stands_in_the_first_and_is_named_in_the_second(write, tmp_path):
    ledger.write(write())
    lines = ledger.render(ledger.read(tmp_path), "md").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    first, second, elsewhere = headings
    assert (first[:12], second[:12], elsewhere) == (
        "## Lecture 0",
        "## Lecture 1",
        "## From elsewhere",
    )
    assert lines[lines.index(first) + 4].startswith("| ACT07 | ")
    assert lines[lines.index(second) + 2].endswith(": ACT07.")


def test_the_committed_ledger_is_that_of_the_committed_verdicts():
    text = ledger.render(ledger.read(RESULTS), "md")
    assert (RESULTS / "ledger.md").read_bytes().decode() == text


def test_no_row_of_the_committed_ledger_is_longer_than_400():
    found = ledger.read(RESULTS)
    lines = (RESULTS / "ledger.md").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 400
    rows = [row for row in rows_of("\n".join(lines)) if row[0] != "id"]
    assert len(rows) == len(found)
    assert {len(row) for row in rows} == {6}
    assert {row[4] for row in rows} == {f"[{name}]" for name in found["experiment"]}
    for name in set(found["experiment"]):
        assert (RESULTS / name).is_dir()
        assert f"[{name}]: <{name}/>" in lines


@pytest.mark.parametrize("order", ["lecture", "topic", "verdict", "id"])
@pytest.mark.parametrize("whole", [False, True])
def test_no_line_in_the_terminal_is_longer_than_asked(order, whole):
    found = ledger.read(RESULTS).assign(topic="losses")
    for width in (60, 400):
        text = ledger.render(found, "text", order, whole=whole, width=width)
        assert width - 20 < max(map(len, text.splitlines())) <= width
        assert len(
            re.findall(r"^(?:supported|refuted|depends|undecided|not run) ", text, re.M)
        ) == len(found)
        assert ("z: distance" in " ".join(text.split())) == whole


def test_the_ledger_as_csv(write, tmp_path):
    ledger.write(write())
    found = ledger.read(tmp_path)
    text = ledger.render(found, "csv")
    lines = text.splitlines()
    assert lines[0] == ",".join(["experiment", *COLUMNS])
    assert len(lines) == 1 + len(CLAIMS)
    assert ledger.render(found, "csv") == text


@pytest.mark.parametrize("form", ["", "latex", "MD"])
def test_an_unknown_format_is_refused(write, tmp_path, form):
    ledger.write(write())
    with pytest.raises(ZooError) as caught:
        ledger.render(ledger.read(tmp_path), form)
    assert str(caught.value) == f"`--format` must be one of text, md, csv. Received: {form!r}"


def test_rules_for_machines():
    claim = Claim("X1", (Order(("a", "b")), Difference("a", "b", margin=0.1)))
    assert describe(claim) == (
        "order: variants a < b, metric test_accuracy, margin 0; and "
        "difference: high a, low b, metric test_accuracy, margin 0.1"
    )
    assert describe(Claim("X1", Identity("diverged"))) == (
        "identity: metric diverged, expected 0, tolerance 1e-06"
    )


def test_lines_for_the_terminal(write):
    lines = ledger.lines_of(ledger.write(write()))
    assert len(lines) == 2 * len(CLAIMS)
    assert lines[0] == "supported  X1  tanh is better"
    assert lines[1].startswith("           tanh has 75.0 % and relu 50.0 % test accuracy")


@pytest.mark.parametrize("left_out", [2, 3])
def test_of_several_claims_that_were_not_run_the_terminal_has_the_names(write, tmp_path, left_out):
    ledger.write(write())
    frame = ledger.read(tmp_path)
    frame["verdict"] = ["not run"] * left_out + ["undecided"] * (len(frame) - left_out)
    lines = ledger.lines_of(frame)
    if left_out == 2:
        assert len(lines) == 2 * len(CLAIMS)
    else:
        assert len(lines) == 2 * len(CLAIMS) - 2 * left_out + 1
        names = ", ".join(frame["id"][:left_out])
        assert lines[-1] == f"not run    {names}: verdicts.csv says what each would need"


def test_seeds_that_would_decide_are_said_with_their_power(write, tmp_path):
    ledger.write(write())
    frame = ledger.read(tmp_path)
    frame["seeds"] = [9 if claim == "X2" else 0 for claim in frame["id"]]
    told = "To decide: about 9 seeds (power 80 %)"
    lines = ledger.lines_of(frame)
    assert [told in line for line in lines] == [place == 5 for place in range(10)]
    assert ledger.render(frame, "md").count(told) == 1
    assert ledger.render(frame, "text").count(told) == 1
