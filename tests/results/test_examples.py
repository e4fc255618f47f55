"""Which test examples runs have right: in the store, in examples.csv, in tables and verdicts."""

import contextlib
import math
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from zoo.claims import Claim, Difference
from zoo.errors import ZooError
from zoo.evidence.cells import UNCOVERED
from zoo.evidence.examples import share_of
from zoo.evidence.statistics import mean_interval, mean_p, sign_flip_p, student_p
from zoo.results import again, examples, files, ledger, tables, trained
from zoo.results.rates import with_rates
from zoo.results.store import Store
from zoo.results.summary import summarise
from zoo.runs.rights import packed, unpacked

SEEDS, EXAMPLES = 8, 40
RATES = (0.01, 0.1, 1.0)
CLAIMS = [
    Claim("X1", Difference("tanh", "relu"), says="tanh is better"),
    Claim("X2", Difference("tanh", "relu", "test_loss"), says="tanh has a larger loss"),
]


@pytest.fixture
def results(make_result):
    """Returns runs of two variants at three rates: 0.1 validates best, 1.0 of tanh as well."""
    generator = np.random.default_rng(0)
    hard = 0.3 * generator.normal(size=EXAMPLES)
    found = []
    for variant in ("relu", "tanh"):
        likely = 0.6 + hard + 0.2 * generator.normal(size=EXAMPLES)
        for rate in RATES:
            for seed in range(SEEDS):
                right = generator.random(EXAMPLES) < likely
                best = rate == 0.1 or (variant == "tanh" and rate == 1.0)
                validates = 0.5 + best / 4 - ((seed + round(rate)) % 3) / 100
                scores = {"test_accuracy": right.mean(), "val_accuracy": validates}
                losses = {"test_loss": generator.random(), "val_loss": generator.random()}
                made = make_result(variant, rate, seed, **scores, **losses)
                found.append(replace(made, rights=packed(right)))
    return found


@pytest.fixture
def declared(spec):
    """Returns a declaration, with claims, of data of which all seeds have the same split."""
    told = {"claims": [claim.as_dict() for claim in CLAIMS], "seeds": list(range(SEEDS))}
    return spec | told | {"data": spec["data"] | {"split": "fixed", "test": EXAMPLES}}


def summary_of(results):
    variants = ["relu", "tanh"]
    return summarise(results, variants, "relu", seeds=range(SEEDS), fixed=variants)


def written(folder, spec, results):
    """Writes what a run writes, without pictures; returns the folder."""
    summary = summary_of(results)
    tables.write(folder, with_rates(spec, summary.runs), summary)
    ledger.write(folder)
    return folder


def bits_of(results, variant, rate):
    own = [r for r in results if (r.run.variant, r.run.learning_rate) == (variant, rate)]
    return np.array([list(unpacked(result.rights)) for result in own])


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# The store.


def test_what_is_right_is_kept_and_goes_with_its_run(tmp_path, make_result):
    result = replace(make_result(), rights=packed([1, 0, 1]))
    with Store(tmp_path) as store:
        store.add("tiny", result)
        assert store.results([result.run]) == [result]
        store.add("tiny", replace(result, rights=""))
        assert store.results([result.run])[0].rights == ""


def test_a_store_of_before_has_runs_without_bits_and_takes_new_ones(tmp_path, make_result):
    old, new = make_result(seed=0), replace(make_result(seed=1), rights=packed([1, 0]))
    with Store(tmp_path) as store:
        store.add("tiny", old)
    connection = sqlite3.connect(tmp_path / "zoo.db")
    with connection:
        connection.execute("DROP TABLE rights")
    connection.close()
    with Store(tmp_path) as store:
        assert store.known([old.run.key]) == {old.run.key}
        assert store.results([old.run]) == [old]
        store.add("tiny", new)
        assert store.results([old.run, new.run]) == [old, new]


@pytest.mark.parametrize("bits", ["x", "9:gA==", 7, b"3:gA=="])
def test_bits_that_the_store_cannot_have_written_are_named(tmp_path, make_result, bits):
    result = replace(make_result(), rights=packed([1, 0, 1]))
    with Store(tmp_path) as store:
        store.add("tiny", result)
        with contextlib.closing(sqlite3.connect(tmp_path / "zoo.db")) as other, other:
            other.execute("UPDATE rights SET bits = ?", (bits,))
        with pytest.raises(ZooError, match="is damaged"):
            store.results([result.run])


# The file.


def test_the_file_has_the_rates_that_count(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    found = files.read_frame(folder / "examples.csv")
    assert list(found) == ["variant", "learning_rate", "seed", "right"]
    pairs = list(zip(found["variant"], found["learning_rate"], strict=True))
    # The chosen ones, the one that ties, and none that only was tried.
    assert list(dict.fromkeys(pairs)) == [("relu", 0.1), ("tanh", 0.1), ("tanh", 1.0)]
    assert len(found) == 3 * SEEDS
    by_run = {(r.run.variant, r.run.learning_rate, r.run.seed): r.rights for r in results}
    assert all(by_run[tuple(key)] == text for *key, text in found.itertuples(index=False))
    assert "right" not in files.read_frame(folder / "runs.csv").columns


def test_a_rate_of_the_baseline_that_a_variant_did_not_choose_is_kept_too(declared, results):
    runs = summary_of(results).runs
    spec = declared | {"rates": {"relu": 1.0, "tanh": 0.1}, "tied": {}}
    found = examples.frame_of(spec, runs)
    pairs = dict.fromkeys(zip(found["variant"], found["learning_rate"], strict=True))
    assert list(pairs) == [("relu", 1.0), ("tanh", 0.1), ("tanh", 1.0)]


def test_the_same_rows_give_the_same_bytes(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    before = content(folder)
    assert "examples.csv" in before
    assert written(tmp_path / "tiny", declared, results[::-1]) == folder
    assert content(folder) == before
    for name in ("table.csv", "table.md", "verdicts.csv"):
        (folder / name).write_bytes(before["table.csv"] if name == "table.csv" else b"")
    assert again.write_again([folder]) == [folder]
    assert content(folder) == before


def test_a_file_of_before_goes_when_nothing_is_known(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    written(folder, declared, [replace(result, rights="") for result in results])
    assert not (folder / "examples.csv").exists()


# Tables and verdicts.


def test_the_difference_has_the_share_of_the_examples(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    relu, tanh = bits_of(results, "relu", 0.1), bits_of(results, "tanh", 0.1)
    gaps = (tanh.mean(axis=1) - relu.mean(axis=1)).tolist()
    share, own = share_of(tanh - relu), share_of(relu)
    assert share.square > 0
    table = files.read_table(folder).set_index("variant")
    gap = mean_interval(gaps, examples=share)
    row = table.loc["tanh"]
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(
        (gap.low, gap.high), rel=1e-5
    )
    assert row["p"] == pytest.approx(max(sign_flip_p(gaps), student_p(gaps, 0.0, share)), rel=1e-5)
    assert row["examples_error"] == pytest.approx(share.error, rel=1e-5)
    assert table.loc["relu", "examples_error"] == pytest.approx(own.error, rel=1e-5)
    accuracy = mean_interval(relu.mean(axis=1).tolist(), examples=own)
    assert table.loc["relu", "test_low"] == pytest.approx(accuracy.low, rel=1e-5)


def test_verdicts_have_it_at_every_rate_and_loss_says_that_it_has_not(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    relu = bits_of(results, "relu", 0.1)
    p = []
    for rate in (0.1, 1.0):
        tanh = bits_of(results, "tanh", rate)
        gaps = (tanh.mean(axis=1) - relu.mean(axis=1)).tolist()
        p.append(mean_p(gaps, 0.0, share_of(tanh - relu)))
    spec, runs = files.read_spec(folder), trained.rows_of(folder)
    alone = ledger.verdicts_frame(spec | {"claims": spec["claims"][:1]}, runs)
    assert alone["p"][0] == pytest.approx(max(p))
    verdicts = files.read_frame(folder / "verdicts.csv")
    assert [UNCOVERED in told for told in verdicts["evidence"]] == [False, True]
    in_memory = ledger.verdicts_frame(spec, summary_of(results).runs)
    assert in_memory["verdict"].tolist() == verdicts["verdict"].tolist()
    assert in_memory["evidence"].tolist() == verdicts["evidence"].tolist()


def test_the_note_says_what_intervals_cover(tmp_path, declared, results):
    def note(folder, found, spec=declared):
        text = (written(tmp_path / folder, spec, found) / "table.md").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if line.startswith("The test part")], text

    (all_known,), text = note("all", results)
    assert "intervals and p cover the choice of its examples and the seeds" in all_known
    assert "not the choice of the training examples" in all_known
    assert "interval over seeds and test examples" in text
    assert "or corrected t test, the larger" in text
    older = [replace(result, rights="") for result in results]
    (none_known,), text = note("none", older)
    assert "intervals and p cover the seeds, not the choice of its examples" in none_known
    assert "--fresh" in none_known
    assert "interval over seeds." in text
    mixed = [replace(r, rights="") if r.run.variant == "tanh" else r for r in results]
    (some_known,), _ = note("some", mixed)
    assert "intervals and p of tanh cover the seeds, not" in some_known
    drawn = declared["data"] | {"split": "resampled", "overlap": 0.25, "keeps_test": True}
    (kept,), _ = note("kept", results, declared | {"data": drawn})
    assert kept.startswith("The test part is its owner's, the same for all seeds: intervals")
    assert "training examples" not in kept


def test_unknown_bits_leave_everything_as_it_was(tmp_path, declared, results):
    older = [replace(result, rights="") for result in results]
    folder = written(tmp_path / "new", declared, older)
    own = summarise(results, ["relu", "tanh"], "relu", seeds=range(SEEDS)).table
    table = files.read_table(folder)
    assert table["examples_error"].isna().all()
    assert table["p"][1] == pytest.approx(own["p"][1])
    assert table["difference_low"][1] == pytest.approx(own["difference_low"][1], rel=1e-5)
    evidence = files.read_frame(folder / "verdicts.csv")["evidence"]
    assert all(told.endswith(UNCOVERED) for told in evidence)


def test_what_does_not_say_how_it_was_split_is_read_as_before(tmp_path, spec, declared, results):
    older = declared | {"data": spec["data"]}
    summary = summarise(results, ["relu", "tanh"], "relu", seeds=range(SEEDS))
    tables.write(tmp_path, with_rates(older, summary.runs), summary)
    assert not examples.fixes_test(older)
    assert not (tmp_path / "examples.csv").exists()
    assert "examples_error" not in files.read_table(tmp_path).columns
    assert "right" not in trained.rows_of(tmp_path).columns
    assert "The test part" not in (tmp_path / "table.md").read_text(encoding="utf-8")
    drawn = {"split": "resampled", "overlap": 0.25}
    assert not examples.fixes_test(older | {"data": spec["data"] | drawn})


# Damage.


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace("right", "rihgt", 1), "it lacks the column right"),
        (lambda text: text.replace("40:", "41:", 1), "column right must be which examples are"),
        (lambda text: text.replace("40:", "48:", 1), "column right must be which examples are"),
        (lambda text: text.replace(",0,40:", ",x,40:", 1), "column seed must be a whole number"),
        (lambda text: text[:-3], "is cut off"),
        (lambda text: text.replace("relu,0.1,0", "relu,0.1,1", 1), "of a run that another line"),
        (lambda text: text.replace("relu,0.1,0", "relu,0.1,9", 1), "relu, learning rate 0.1, seed"),
        (lambda text: text.replace("relu,", "elu,", 1), "a variant that spec.json has not"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(tmp_path, declared, results, damage, said):
    folder = written(tmp_path / "tiny", declared, results)
    path = folder / "examples.csv"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ZooError) as caught:
        trained.rows_of(folder)
    assert f"{path} is damaged: " in str(caught.value)
    assert said in str(caught.value)
    assert "`python -m zoo run tiny` writes it again." in str(caught.value)


def test_bits_that_are_not_those_of_the_run_are_named(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    found = files.read_frame(folder / "examples.csv")
    found.loc[3, "right"] = packed(np.zeros(EXAMPLES))
    files.write_frame(folder / "examples.csv", found)
    with pytest.raises(ZooError, match=r"another test accuracy than runs\.csv for variant relu"):
        trained.rows_of(folder)


def test_a_file_that_is_lost_is_not_known(tmp_path, declared, results):
    folder = written(tmp_path / "tiny", declared, results)
    (folder / "examples.csv").unlink()
    rows = trained.rows_of(folder)
    assert not any(rows["right"])
    assert all(
        told.endswith(UNCOVERED)
        for told in ledger.verdicts_frame(files.read_spec(folder), rows)["evidence"]
    )


def test_rates_that_a_file_rounds_are_found_again(tmp_path, declared, results):
    moved = {0.01: 0.01, 0.1: 1 / 3, 1.0: math.pi}
    odd = [
        replace(r, run=replace(r.run, learning_rate=moved[r.run.learning_rate])) for r in results
    ]
    folder = written(tmp_path / "tiny", declared, odd)
    rows = trained.rows_of(folder)
    known = rows.loc[rows["right"].astype(bool), ["variant", "learning_rate"]]
    assert len(known) == 3 * SEEDS
    assert known["learning_rate"].unique() == pytest.approx([1 / 3, math.pi])
