import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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
from zoo.results import files, ledger, tables
from zoo.results.store import Store
from zoo.results.summary import summarise
from zoo.runner import prepare as preparing
from zoo.runner import trained as runner
from zoo.runner.trainer import ENGINES

# Keras hands its variables to NumPy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SEEDS = 8
NOISE = [place / 64 for place in (-5, 3, 1, -1, 5, -3, 2, -2)]
CLAIMS = [
    Claim("X1", Difference("tanh", "relu"), says="tanh is better"),
    Claim("X2", Difference("relu", "tanh"), says="relu is better", source="a talk"),
    Claim("X3", Difference("tanh", "relu", "test_loss"), deviation="one | task"),
    Claim("X4", Difference("tanh", "relu", "initial_loss"), says="never measured"),
    Claim("ACT07", Identity("diverged")),
]


@pytest.fixture
def write(tmp_path, spec, make_result):
    """R
    eturns a function that writes the results folder of an experiment with claims."""

    def make(name="tiny", claims=CLAIMS, gap=0.25, **changes):
        results = [
            make_result(
                variant,
                rate,
                seed,
                test_accuracy=0.5 + better + noise,
                val_accuracy=0.5 + rate / 10,
                test_loss=1.0 + noise,
                val_loss=seed + (variant == "tanh") / 3,
            )
            for variant, better in (("relu", 0.0), ("tanh", gap))
            for rate in (0.1, 1.0)
            for seed, noise in enumerate(NOISE if variant == "relu" else NOISE[::-1])
        ]
        seeds = list(range(SEEDS))
        summary = summarise(results, ["relu", "tanh"], "relu", ["diverged"], epochs=2, seeds=seeds)
        told = [claim.as_dict() for claim in claims]
        own = spec | {"experiment": name, "seeds": seeds, "claims": told} | changes
        tables.write(tmp_path / name, own, summary)
        return tmp_path / name

    return make


def content(folder):
    files = folder.rglob("*")
    return {path.relative_to(folder): path.read_bytes() for path in files if path.is_file()}


def test_the_verdicts_of_a_folder(write):
    frame = ledger.write(write())
    assert list(frame.columns) == ledger.COLUMNS
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


def test_the_ledger_in_markdown(write, tmp_path):
    ledger.write(write())
    ledger.write(write("other", gap=-0.25))
    ledger.write_ledger(tmp_path)
    text = (tmp_path / "ledger.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == "# Ledger"
    assert lines[2] == ("10 verdicts on 5 claims: 4 supported, 2 refuted, 2 undecided, 2 not run.")
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    assert {len(row) for row in rows} == {7}
    assert [row[0] for row in rows[1:]] == [
        f"| {one}" for one in ("ACT07", "ACT07", "X1", "X1", "X2", "X2", "X3", "X3", "X4", "X4")
    ]
    by_key = {(row[0][2:], row[1]): row for row in rows[1:]}
    assert by_key["X1", "tiny"][3] == "**supported**"
    assert by_key["X1", "other"][3] == "**refuted**"
    assert ". Differs: one / task" in by_key["X3", "tiny"][4]
    assert "nan" not in text


def test_the_ledger_as_csv(write, tmp_path):
    ledger.write(write())
    found = ledger.read(tmp_path)
    text = ledger.render(found, "csv")
    lines = text.splitlines()
    assert lines[0] == ",".join(["experiment", *ledger.COLUMNS])
    assert len(lines) == 1 + len(CLAIMS)
    assert ledger.render(found, "csv") == text


@pytest.mark.parametrize("form", ["", "latex", "MD"])
def test_an_unknown_format_is_refused(write, tmp_path, form):
    ledger.write(write())
    with pytest.raises(ZooError) as caught:
        ledger.render(ledger.read(tmp_path), form)
    assert str(caught.value) == f"`--format` must be one of md, csv. Received: {form!r}"


def test_rules_in_words():
    claim = Claim("X1", (Order(("a", "b")), Difference("a", "b", margin=0.1)))
    assert ledger.describe(claim) == (
        "order: variants a < b, metric test_accuracy, margin 0; and "
        "difference: high a, low b, metric test_accuracy, margin 0.1"
    )
    assert ledger.describe(Claim("X1", Identity("diverged"))) == (
        "identity: metric diverged, expected 0, tolerance 1e-06"
    )


def test_lines_for_the_terminal(write):
    lines = ledger.lines_of(ledger.write(write()))
    assert len(lines) == 2 * len(CLAIMS)
    assert lines[0] == "supported  X1  tanh is better"
    assert lines[1].startswith("           tanh has 75.0 % and relu 50.0 % test accuracy")


def test_the_command_prints_the_ledger(write, tmp_path, zoo):
    ledger.write(write())
    ledger.write(write("other"))
    code, out, err = zoo("claims", "--results", tmp_path)
    assert (code, err) == (0, "")
    assert out == ledger.render(ledger.read(tmp_path), "md")
    code, out, _ = zoo("claims", "other", "--results", tmp_path, "--format", "csv")
    assert code == 0
    assert out == ledger.render(ledger.read(tmp_path, ["other"]), "csv")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tinny"], "Did you mean tiny?"),
        (["--format", "html"], "`--format` must be one of md, csv. Received: 'html'"),
    ],
)
def test_wrong_words_are_refused_in_one_line(write, tmp_path, zoo, words, message):
    ledger.write(write())
    code, out, err = zoo("claims", *words, "--results", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert message in err
    assert len(err.splitlines()) == 1


def test_no_results_are_refused_in_one_line(tmp_path, zoo):
    code, out, err = zoo("claims", "--results", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith("Error: There are no verdicts for ")
    assert len(err.splitlines()) == 1


def test_what_nobody_claims_yet(zoo):
    from zoo.runner import registry

    code, out, _ = zoo("claims", "--missing")
    assert code == 0
    *lines, last = out.splitlines()
    claimed = {claim for entry in registry.entries() for claim in entry.claims}
    open_ = {entry.id for entry in catalogue.entries().values() if entry.checks != "rec"}
    assert {line.split("  ")[0] for line in lines} == open_ - claimed
    assert last == f"{len(open_ & claimed)} of {len(open_)} claims have a rule."


# What follows trains: an experiment of a user's own, with claims of all kinds.
OWN = '''"""Does a linear model like small rates?"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Equivalence, Identity, Number, Trend
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, units):
    """Builds a tiny MLP."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(num_classes),
        ]
    )


EXPERIMENT = Experiment(
    factor="units",
    baseline="1",
    variants={"1": 1, "31": 31, "32": 32},
    recipe=Recipe(
        build_model=build_model,
        data="digits",
        optimizer=keras.optimizers.SGD,
        learning_rates=RATES,
        epochs=1,
        batch_size=64,
        train_examples=256,
    ),
    claims=[
        Claim("X1", Difference("32", "1"), says="More units are better."),
        Claim("X2", Difference("1", "32"), says="Fewer units are better."),
        Claim("X3", Identity("epochs", 1.0), says="One epoch is trained."),
        Claim("X4", Trend(("1", "31", "32")), says="Better with every step."),
        Claim("X5", Equivalence("31", "32", margin=1e-6), says="31 are as good as 32."),
        Claim("X6", Number("1", "test_accuracy", 1.0, 0.01), says="One unit is enough."),
    ],
)
'''


@pytest.fixture
def own(tmp_path):
    """Returns a function that writes the experiment with a grid; its path."""

    def make(rates=(0.1,)):
        path = tmp_path / "own.py"
        path.write_text(OWN.replace("RATES", repr(tuple(rates))), encoding="utf-8")
        return path

    return make


def ran(out):
    return tuple(map(int, re.search(r"Trained (\d+) runs, (\d+) were stored", out).groups()))


def read_spec(folder):
    return json.loads((folder / "spec.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_both_engines_give_the_same_verdicts_on_claims_of_a_users_own(zoo, own, tmp_path):
    verdicts = {}
    for engine in ENGINES:
        code, out, err = zoo("run", own(), "--results", tmp_path / engine, "--engine", engine)
        assert code == 0, err
        assert "More units are better." in out
        assert "6 verdicts on 6 claims: " in out
        verdicts[engine] = ledger.read(tmp_path / engine).set_index("id")
        assert (tmp_path / engine / "ledger.md").read_text(encoding="utf-8") == ledger.render(
            ledger.read(tmp_path / engine), "md"
        )
    first, second = verdicts.values()
    assert first["verdict"].tolist() == second["verdict"].tolist()
    expected = {"X1": SUPPORTED, "X2": REFUTED, "X3": SUPPORTED, "X6": REFUTED}
    assert first["verdict"][list(expected)].to_dict() == expected
    assert first["n"].tolist() == [8, 8, 24, 8, 8, 8]
    code, out, _ = zoo("claims", "own", "--results", tmp_path / "fit")
    assert code == 0
    assert "| X6 | own | One unit is enough. | **refuted** |" in out


def prepared_for(path, **settings):
    from zoo.runner.registry import find

    return preparing.prepare(find(str(path)), preparing.Settings(**settings), None)


def scores(rates, best):
    """Returns validation accuracies of rates with their peak at one of them."""
    return {rate: 0.9 - 0.1 * abs(place - best) for place, rate in enumerate(rates)}


@pytest.fixture
def stored(own, tmp_path, make_result):
    """Returns a function: settings, best place by variant -> what is prepared, a store with it."""
    opened = []

    def make(best, rates=(0.01, 0.1, 1.0), **settings):
        prepared = prepared_for(own(rates), **settings)
        store = Store(tmp_path / "results")
        opened.append(store)
        for job in prepared.jobs:
            run = job.run
            result = make_result(run.variant, run.learning_rate, run.seed)
            object.__setattr__(result, "run", run)
            result.final["val_accuracy"] = scores(rates, best[run.variant])[run.learning_rate]
            store.add(prepared.folder_name, result)
        return prepared, store

    yield make
    for store in opened:
        store.close()


def grids(prepared):
    own = prepared.experiment
    return {label: own.learning_rates(label) for label in own.variants}


def test_a_grid_whose_end_is_best_gets_one_more_rate(stored):
    prepared, store = stored({"1": 0, "31": 1, "32": 2})
    wider = runner.widened(prepared, store)
    assert grids(wider) == {
        "1": (0.001, 0.01, 0.1, 1.0),
        "31": (0.01, 0.1, 1.0),
        "32": (0.01, 0.1, 1.0, 10.0),
    }
    old = {job.run for job in prepared.jobs}
    new = [job.run for job in wider.jobs if job.run not in old]
    assert old < {job.run for job in wider.jobs}
    assert [(run.variant, run.learning_rate, run.seed) for run in new] == [
        (label, rate, seed) for label, rate in (("1", 0.001), ("32", 10.0)) for seed in range(8)
    ]


def test_a_grid_whose_middle_is_best_stays(stored):
    prepared, store = stored(dict.fromkeys(("1", "31", "32"), 1))
    assert runner.widened(prepared, store) is prepared


@pytest.mark.parametrize(
    ("settings", "may"),
    [
        ({}, True),
        ({"learning_rates": (0.1,)}, False),
        ({"smoke": True}, False),
        ({"seeds": 2}, True),
        ({"seeds": "auto"}, True),
    ],
)
def test_a_users_own_grid_is_not_widened(settings, may):
    assert preparing.Settings(**settings).may_widen == may


@pytest.mark.slow
def test_a_run_widens_once(zoo, own, tmp_path):
    # Both rates are far too small: the largest is always best, however often one is added.
    path, results = own((1e-4, 1e-3)), tmp_path / "results"
    code, out, err = zoo("run", path, "--seeds", 2, "--results", results)
    assert code == 0, err
    grid = read_spec(results / "own@seeds=2")["learning_rates"]
    sizes = {label: len(rates) for label, rates in grid.items()}
    assert set(sizes.values()) <= {2, 3}
    assert max(sizes.values()) == 3
    assert ran(out) == (2 * sum(sizes.values()), 0)
    before = content(results / "own@seeds=2")
    code, out, _ = zoo("run", path, "--seeds", 2, "--results", results)
    assert code == 0
    assert ran(out) == (0, 2 * sum(sizes.values()))
    assert content(results / "own@seeds=2") == before
    for option in (("--learning-rates", "0.0001,0.002"), ("--smoke",)):
        code, out, err = zoo("run", path, "--seeds", 2, *option, "--results", results)
        assert code == 0, err
    (given,) = results.glob("*rates=*")
    assert {len(rates) for rates in read_spec(given)["learning_rates"].values()} == {2}


@pytest.mark.slow
def test_auto_adds_seeds_where_a_claim_is_undecided(zoo, own, tmp_path):
    path, results = own((0.1, 0.3, 0.9)), tmp_path / "results"
    code, out, err = zoo("run", path, "--seeds", "auto", "--results", results)
    assert code == 0, err
    folder = results / "own@seeds=auto"
    spec = read_spec(folder)
    assert spec["alpha"] == pytest.approx(0.05 / 3)
    assert spec["seeds"] == list(range(8))
    runs = files.read_frame(folder / "runs.csv")
    frame = ledger.read(results, ["own@seeds=auto"]).set_index("id")
    # Eight seeds leave X5 open; with 16 or 32 it is settled, or stays open.
    n = frame.loc["X5", "n"]
    assert n == 32 or (n == 16 and frame.loc["X5", "verdict"] != UNDECIDED)
    seeds = runs.groupby(["variant", "learning_rate"])["seed"].nunique()
    chosen = runs[runs["seed"] < 8].groupby(["variant", "learning_rate"])["val_accuracy"].mean()
    for label in ("31", "32"):
        own_seeds = seeds[label]
        assert own_seeds.max() == n
        assert own_seeds.idxmax() == chosen[label].idxmax()
        assert set(own_seeds.drop(own_seeds.idxmax())) == {8}
    assert frame.loc[["X1", "X2", "X6"], "verdict"].tolist() == [SUPPORTED, REFUTED, REFUTED]
    assert not (results / "ledger.md").exists()
    before = content(folder)
    code, out, _ = zoo("run", path, "--seeds", "auto", "--results", results)
    assert code == 0
    assert ran(out) == (0, len(runs))
    assert content(folder) == before


def test_auto_asks_for_seeds_only_where_they_may_help(own, tmp_path, make_result):
    prepared = prepared_for(own((0.1, 0.3)), seeds="auto")
    assert prepared.alpha == pytest.approx(0.05 / 3)
    generator = np.random.default_rng(0)
    # 32 is far better than the others; 31 and 32 are neither within 1e-6 nor clearly apart.
    means = {"1": 0.1, "31": 0.895, "32": 0.9}
    with Store(tmp_path / "results") as store:
        for job in prepared.jobs:
            run = job.run
            best = run.learning_rate == 0.3
            noise = generator.normal(0, 0.02)
            result = make_result(
                run.variant,
                run.learning_rate,
                run.seed,
                val_accuracy=0.9 if best else 0.5,
                test_accuracy=means[run.variant] + noise,
                test_loss=noise,
            )
            object.__setattr__(result, "run", run)
            store.add(prepared.folder_name, result)
        frame = ledger.verdicts_frame(
            runner.spec_of(prepared), runner._summary(prepared, store).runs
        ).set_index("id")
        decided = frame["verdict"].isin([SUPPORTED, REFUTED])
        assert decided[["X1", "X2", "X3", "X6"]].all()
        assert frame.loc["X5", "verdict"] == UNDECIDED
        more = runner.extended(prepared, store, 16)
        new = [job.run for job in more.jobs if job not in prepared.jobs]
        wanted = {"31", "32"} | ({"1"} if frame.loc["X4", "verdict"] == UNDECIDED else set())
        assert {(run.variant, run.learning_rate) for run in new} == {
            (label, 0.3) for label in wanted
        }
        assert {run.seed for run in new} == set(range(8, 16))
        assert more.seeds == prepared.seeds
        assert not math.isnan(frame.loc["X5", "p"])
