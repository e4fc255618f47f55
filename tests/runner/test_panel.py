"""An experiment on several data sets, its claims over all of them, from runs that are stored."""

import dataclasses
import json
import math
import shutil

import numpy as np
import pytest

from zoo.claims import DEPENDS, SUPPORTED, Claim, Identity
from zoo.errors import ZooError
from zoo.evidence.panel import random_effects
from zoo.evidence.parts import Effect, Verdict
from zoo.evidence.statistics import Estimate, mean_interval
from zoo.figures.kinds import plot_results
from zoo.figures.panel import draw_panel
from zoo.results import again, files, ledger
from zoo.results.compare import compare
from zoo.results.panel import TOGETHER, frame_of, shown_row
from zoo.results.sides import read_both
from zoo.results.store import Store
from zoo.runner import panel, trained
from zoo.runner.prepare import Settings
from zoo.runner.registry import find

SEEDS = 8
GAINS = {"one": (3, 2), "two": (2, -2), "three": (1, 0)}  # points of tanh and of leaky 0.1


@pytest.fixture
def arrays(tmp_path):
    """Three data sets as files, by name."""
    chosen = np.random.default_rng(0)
    paths = {}
    for name in GAINS:
        paths[name] = tmp_path / f"{name}.npz"
        x = chosen.normal(size=(60, 4)).astype("float32")
        np.savez(paths[name], x=x, y=np.arange(60) % 3)
    return paths


@pytest.fixture
def prepared(sized_experiment, arrays):
    """Returns a function that plans the runs on the three data sets."""

    def plan(**settings):
        files_given = ",".join(map(str, arrays.values()))
        given = Settings(data=files_given, batch_size=16, **settings)
        return panel.prepare(find(str(sized_experiment)), given, None)

    return plan


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder in which the stored panel is kept for all tests."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def stored(prepared, make_result, tmp_path, kept, monkeypatch):
    """Returns the panel's folder, made of stored runs with planted differences."""
    if not any(kept.iterdir()):
        monkeypatch.setattr("zoo.figures.trained.shown", lambda folder: [])
        wanted = prepared()
        with Store(kept) as store:
            for part in wanted.parts:
                store_runs(store, part, make_result)
                trained.write(part, store, kept)
        panel.write(wanted, kept)
    shutil.copytree(kept, tmp_path / "results")
    (folder,) = (tmp_path / "results").glob("*panel=*")
    return folder


def store_runs(store, part, make_result):
    """Stores a result for every run on a data set: its planted gain and some noise."""
    gains = dict(zip(("tanh", "leaky 0.1"), GAINS[part.data.name], strict=True))
    for job in part.jobs:
        # The noise of a seed is not the same in all variants, as differences must vary.
        noise = np.random.default_rng([job.run.seed, len(job.run.variant)]).normal()
        found = 0.5 + (gains.get(job.run.variant, 0) + noise / 10) / 100
        own = {"val_accuracy": 0.5, "test_accuracy": found, "test_loss": found}
        result = make_result(job.run.variant, **own)
        store.add(part.folder_name, dataclasses.replace(result, run=job.run))


def read_all(folder):
    """Reads all files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_data_set_is_planned_as_if_alone(prepared, sized_experiment, arrays):
    found = prepared(seeds=2, epochs=3)
    assert found.folder_name.startswith("sized@epochs=3,batch=16,seeds=2,panel=one-")
    for part, path in zip(found.parts, arrays.values(), strict=True):
        given = Settings(data=str(path), batch_size=16, seeds=2, epochs=3)
        alone = trained.prepare(find(str(sized_experiment)), given, None)
        assert part.folder_name == alone.folder_name
        assert [job.run.key for job in part.jobs] == [job.run.key for job in alone.jobs]
    plan = panel.plan_of(found).splitlines()
    assert len(plan) == 4
    assert plan[-1].endswith(f": {3 * 3 * 2 * 2} runs in all")


def test_the_panel_without_words(monkeypatch):
    monkeypatch.setattr("zoo.data.available", lambda folder: dict.fromkeys(panel.WHERE_FOUND, "-"))
    assert panel.panel_of("mnist1d", None, None) == ["mnist1d", "digits", "mnist5k"]
    assert panel.panel_of("digits", None, None) == ["mnist1d", "digits", "mnist5k"]
    assert panel.panel_of("mine.csv", None, None)[0] == "mine.csv"


def test_larger_data_sets_count_where_they_are_found(tmp_path):
    (tmp_path / "mnist.npz").touch()
    assert "mnist" in panel.panel_of("digits", None, tmp_path)


@pytest.mark.parametrize("given", ["digits", "digits,digits", " , "])
def test_a_panel_of_one_is_refused(given):
    with pytest.raises(ZooError, match="at least 2 different data sets"):
        panel.panel_of("digits", given, None)


def test_what_measures_has_no_panel():
    with pytest.raises(ZooError, match="Received: neuron, which measures"):
        panel.prepare(find("neuron"), Settings(), None)


def test_an_experiment_without_claims_has_no_panel(tiny_experiment):
    with pytest.raises(ZooError, match=r"Received: tiny, which has none\. Give it a claim"):
        panel.prepare(find(str(tiny_experiment)), Settings(), None)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [("difference", 0.25, "+25.0"), ("ratio", math.exp(0.25), "128.4"), ("value", 0.25, "25.0")],
)
def test_the_numbers_of_a_kind_whatever_signs_labels_hold(kind, value, shown):
    found = Estimate(0.25, math.nan, math.nan, 8)
    effect = Effect("plateau / 10 - none", "test_accuracy", found, kind)
    table = frame_of(
        [Claim("X1", Identity("m"))], [{"one": Verdict(SUPPORTED, "", 8, 0, 0, (effect,))}]
    )
    first = next(table.itertuples())
    assert first.value == pytest.approx(value)
    assert shown_row(first) == shown


def test_the_claims_are_settled_over_all_data_sets(stored):
    verdicts = ledger.read(stored.parent, [stored.name]).set_index("id")
    assert verdicts["verdict"].to_dict() == {"MINE1": SUPPORTED, "MINE2": DEPENDS}
    assert verdicts.loc["MINE2", "evidence"].startswith(
        "supported on one, refuted on two, undecided on three; leaky 0.1 - relu, test accuracy: one"
    )
    assert verdicts["data"].tolist() == ["one, two, three"] * 2
    assert verdicts["kind"].tolist() == ["trained"] * 2


def test_the_effects_are_those_of_the_runs(stored):
    table = files.read_table(stored).set_index(["id", "data"])
    estimates = []
    for name, run in zip(GAINS, files.read_spec(stored)["runs"], strict=True):
        runs = files.read_frame(stored.parent / run / "runs.csv")
        rates = files.read_spec(stored.parent / run)["rates"]
        own = {
            label: runs[(runs["variant"] == label) & (runs["learning_rate"] == rates[label])]
            for label in ("tanh", "relu")
        }
        gaps = own["tanh"]["test_accuracy"].to_numpy() - own["relu"]["test_accuracy"].to_numpy()
        overlap = files.overlap_of(files.read_spec(stored.parent / run))
        assert overlap > 0
        estimates.append(mean_interval(gaps.tolist(), overlap=overlap))
        row = table.loc[("MINE1", name)]
        assert row["what"] == "tanh - relu"
        seen = row[["value", "low", "high"]].astype(float).tolist()
        told = estimates[-1]
        assert seen == pytest.approx([told.mean, told.low, told.high], abs=1e-6)
    over = random_effects(estimates)
    assert float(table.loc[("MINE1", TOGETHER), "value"]) == pytest.approx(over.mean, abs=1e-6)


def test_written_again_from_the_rows_no_byte_changes(stored):
    before = read_all(stored)
    assert set(before) == {
        "spec.json",
        "panel.csv",
        "panel.md",
        "panel.svg",
        "panel.png",
        "verdicts.csv",
    }
    folders = [stored.parent / run for run in files.read_spec(stored)["runs"]]
    assert again.write_again([*folders, stored]) == [*folders, stored]
    assert plot_results(stored) == [stored / "panel.svg", stored / "panel.png"]
    assert read_all(stored) == before


def test_data_sets_with_other_claims_do_not_go_together(stored):
    spec = files.read_spec(stored)
    path = stored.parent / spec["runs"][1] / "spec.json"
    own = json.loads(path.read_text())
    path.write_text(json.dumps({**own, "claims": own["claims"][:1]}))
    with pytest.raises(ZooError, match="must have the claims of"):
        again.write_again([stored])


def test_the_ledger_has_the_panel_in_place_of_the_single_data_set(stored):
    """Only while the experiment has the claims that were settled there."""
    root = stored.parent
    own = root / files.read_spec(stored)["runs"][0]
    for name, folder in (("sized", own), ("sized@panel", stored)):
        (root / name).mkdir()
        for file in folder.iterdir():
            (root / name / file.name).write_bytes(file.read_bytes())
    assert set(ledger.read(root)["experiment"]) == {"sized@panel"}
    spec = json.loads((root / "sized" / "spec.json").read_text())
    spec["claims"][0]["rules"][0]["margin"] = 0.5
    (root / "sized" / "spec.json").write_text(json.dumps(spec))
    assert set(ledger.read(root)["experiment"]) == {"sized"}


def test_a_panel_follows_a_data_set_that_is_run_again(stored):
    """Its numbers are those of the rows, whoever wrote them last."""
    root = stored.parent
    panelled = stored.rename(root / "sized@panel")
    one = root / files.read_spec(panelled)["runs"][0]
    lines = (one / "runs.csv").read_text().splitlines()
    changed = [line for line in lines if not line.startswith("tanh") or ",0," in line]
    assert len(changed) < len(lines)
    (one / "runs.csv").write_text("\n".join(changed) + "\n")
    assert again.write_panels_of([one]) == [panelled]
    table = files.read_table(panelled).set_index(["id", "data"])
    assert table.loc[("MINE1", "one"), "n"] < SEEDS
    assert table.loc[("MINE1", "two"), "n"] == SEEDS
    assert again.write_panels_of([panelled, one]) == []  # it has just been written itself


def test_the_table_in_words(stored):
    text = (stored / "panel.md").read_text(encoding="utf-8")
    assert "| MINE1 |             | supported | supported | supported | supported |" in text
    assert "| MINE2 |             | depends   | supported | refuted   | undecided |" in text
    assert "tanh - relu: test accuracy" in text
    assert "one: 38 training and 12 test examples, drawn anew by each seed, 2 epochs" in text


def test_the_picture_has_every_effect_where_it_is(stored):
    table = files.read_table(stored)
    verdicts = {"MINE1": "supported", "MINE2": "depends"}
    figure = draw_panel(files.read_spec(stored), table, verdicts)
    assert len(figure.axes) == 2
    for axes, claim in zip(figure.axes, verdicts, strict=True):
        points = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "None"]
        seen = table.loc[table["id"] == claim, "value"]
        assert points == pytest.approx((100 * seen).tolist())
    words = [text.get_text() for text in figure.texts]
    assert "MINE2: depends" in words
    assert any("tanh - relu: test accuracy (points)" in each for each in words)


def test_a_claim_without_finite_numbers_has_no_place_in_the_picture(stored):
    table = files.read_table(stored)
    lost = table.assign(value=table["value"].where(table["id"] != "MINE1"))
    spec, verdicts = files.read_spec(stored), {"MINE1": "undecided", "MINE2": "depends"}
    assert len(draw_panel(spec, lost, verdicts).axes) == 1


def test_two_panels_are_compared(stored, tmp_path):
    """What turned is told; a panel has neither runs nor learning rates of its own."""
    other = tmp_path / "other" / stored.name
    shutil.copytree(stored, other)
    assert compare(*read_both(stored, other)).none
    verdicts = (other / "verdicts.csv").read_text()
    (other / "verdicts.csv").write_text(verdicts.replace(",supported,", ",refuted,"))
    (turned,) = compare(*read_both(stored, other)).turned
    assert (turned.id, turned.verdicts) == ("MINE1", ("supported", "refuted"))


def test_a_damaged_panel_is_named(stored):
    path = stored / "panel.csv"
    path.write_text(path.read_text().replace("depends", "perhaps", 1))
    with pytest.raises(ZooError, match=r"panel.csv is damaged: line \d+, column verdict must be"):
        files.read_table(stored)
