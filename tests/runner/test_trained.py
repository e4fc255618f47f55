"""What a run decides by itself: more learning rates, more seeds, and the same in both engines."""

import json
import math
import re

import numpy as np
import pytest

from zoo.claims import REFUTED, SUPPORTED, UNDECIDED
from zoo.results import files, ledger
from zoo.results.store import Store
from zoo.results.verdicts import verdicts_frame
from zoo.runner import prepare as preparing
from zoo.runner import trained as runner
from zoo.runner.trainer import ENGINES

# An experiment of a user's own, with claims of all kinds.
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


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_spec(folder):
    return json.loads((folder / "spec.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.usefixtures("fit_uncompiled")
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
    code, out, _ = zoo("claims", "own", "--format", "md", "--results", tmp_path / "fit")
    assert code == 0
    assert "| X6 | One unit is enough. | **refuted** |" in out


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
        assert spec["rates"][label] == chosen[label].idxmax()
        wanted = [spec["rates"][label], *spec["tied"].get(label, [])]
        assert set(own_seeds[wanted]) == {n}
        assert set(own_seeds.drop(wanted)) <= {8}
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
        frame = verdicts_frame(
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


def test_auto_adds_seeds_at_every_rate_that_validates_as_well(own, tmp_path, make_result):
    prepared = prepared_for(own((0.1, 0.3, 0.9)), seeds="auto")
    generator = np.random.default_rng(0)
    with Store(tmp_path / "results") as store:
        for job in prepared.jobs:
            run = job.run
            noise = generator.normal(0, 0.02)
            good = run.variant == "32" and run.learning_rate < 0.9
            scores = {"val_accuracy": 0.9 if good or run.learning_rate == 0.3 else 0.5}
            scores |= {"test_accuracy": 0.9 + noise, "test_loss": noise}
            result = make_result(run.variant, run.learning_rate, run.seed, **scores)
            object.__setattr__(result, "run", run)
            store.add(prepared.folder_name, result)
        more = runner.extended(prepared, store, 16)
    new = {job.run for job in more.jobs} - {job.run for job in prepared.jobs}
    assert {run.learning_rate for run in new if run.variant == "32"} == {0.1, 0.3}
    assert {run.learning_rate for run in new if run.variant == "31"} == {0.3}


def test_what_is_written_has_the_rates(stored, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.figures.trained.shown", lambda folder: [])
    prepared, store = stored({"1": 0, "31": 1, "32": 2})
    spec = read_spec(runner.write(prepared, store, tmp_path / "results"))
    assert spec["rates"] == {"1": 0.01, "31": 0.1, "32": 1.0}
    assert spec["tied"] == {}
    assert "rates_by" not in spec
