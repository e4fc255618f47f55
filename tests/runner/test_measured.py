import itertools
import json
import math

import keras
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from zoo import measure as measure_tools
from zoo.claims import Claim, Difference, Identity, Number
from zoo.errors import ZooError
from zoo.experiment import Measurement
from zoo.results.measured import summarise
from zoo.runner.measured import measure
from zoo.runner.registry import find

MINE = '''"""Does doubling double?

References:
    Nobody.
"""

from zoo import measure as measure_tools
from zoo.claims import Claim, Identity
from zoo.experiment import Measurement


def measure(times, seed):
    """Multiplies the seed."""
    return {"product": times * seed, ("layer", 2): times}


EXPERIMENT = Measurement(
    factor="times",
    variants={"two": 2, "three": 3},
    measure=measure,
    seeds=3,
    claims=[Claim("MINE", Identity("layer@2", 2.0), says="All double.", source="me")],
)
'''


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_data_are_taken_if_measuring_has_an_argument_of_that_name(zoo, mine, tmp_path):
    text = MINE.replace("from zoo.exp", "from zoo.trials import load\nfrom zoo.exp", 1)
    text = text.replace("(times, seed):", '(times, seed, data="mnist1d"):')
    text = text.replace('"product": times * seed', '"product": len(load(data).x_test) + seed')
    mine.write_text(text, encoding="utf-8")
    words = ("--seeds", 3, "--results", tmp_path)
    code, _, err = zoo("run", mine, "--data", "digits", *words)
    assert code == 0, err
    rows = pd.read_csv(tmp_path / "mine@data=digits" / "measurements.csv")
    assert (rows[rows["metric"] == "product"]["value"] >= 300).all()
    spec = json.loads((tmp_path / "mine@data=digits" / "spec.json").read_text())
    assert spec["set"] == {"data": "digits"}
    assert zoo("run", mine, "--data", "mnist1d", *words)[0] == 0
    assert (tmp_path / "mine" / "measurements.csv").is_file()
    code, _, err = zoo("run", mine, "--data", "mine.csv", *words)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "measures on data sets that the zoo knows: mnist1d, digits" in err


def test_rows_are_in_the_order_of_the_declaration():
    experiment = Measurement(
        factor="times",
        variants={"b": 2, "a": 3},
        measure=lambda times, seed: {"product": times * seed, ("layer", 1): seed},
    )
    rows, *pictures = measure(experiment, 2)
    assert all(picture.empty for picture in pictures)
    assert rows.to_numpy().tolist() == [
        ["b", 0, "product", "", 0.0],
        ["b", 0, "layer", 1, 0.0],
        ["b", 1, "product", "", 2.0],
        ["b", 1, "layer", 1, 1.0],
        ["a", 0, "product", "", 0.0],
        ["a", 0, "layer", 1, 0.0],
        ["a", 1, "product", "", 3.0],
        ["a", 1, "layer", 1, 1.0],
    ]


def test_variants_of_a_seed_follow_each_other_as_they_may_share_what_it_costs():
    asked = []
    experiment = Measurement(
        factor="times",
        variants={"b": 2, "a": 3},
        measure=lambda times, seed: asked.append((times, seed)) or {"product": 0.0},
    )
    measure(experiment, 2)
    assert asked == [(2, 0), (3, 0), (2, 1), (3, 1)]


def test_images_are_those_of_the_first_seed():
    experiment = Measurement(
        factor="times",
        variants={"a": 3},
        measure=lambda times, seed: {("image", 2): np.array([[times, 0.5], [seed, 1 / 3]])},
    )
    found = measure(experiment, 2)
    assert found.rows.empty
    assert found.images.to_numpy().tolist() == [["a", 2, 0, "3 0.5"], ["a", 2, 1, "0 0.333"]]


def test_the_table_averages_over_seeds():
    rows = pd.DataFrame(
        [("a", seed, "m", "", float(seed)) for seed in (0, 1, 2)],
        columns=["variant", "seed", "metric", "place", "value"],
    )
    [cell] = summarise(rows).to_dict("records")
    half = 4.302653 / math.sqrt(3)  # t of 97.5 % with two degrees of freedom, deviation 1
    assert (cell["mean"], cell["n"]) == (1.0, 3)
    assert cell["low"] == pytest.approx(1 - half, rel=1e-5)


def test_a_run_writes_table_and_verdicts_twice_the_same(zoo, mine, tmp_path):
    results = tmp_path / "results"
    code, out, _ = zoo("run", mine, "--results", results)
    assert code == 0
    assert "refuted    MINE  All double." in out
    assert "layer@2 is 3, furthest from 2" in out
    folder = results / "mine"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {"spec.json", "measurements.csv", "table.csv", "table.md", "verdicts.csv"}
    assert json.loads(first["spec.json"])["seeds"] == [0, 1, 2]
    assert zoo("run", mine, "--results", results)[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    code, out, _ = zoo("table", "mine", "--results", results)
    assert out.encode() == first["table.md"]
    assert zoo("plot", "--all", "--results", results)[0] == 0
    code, _, err = zoo("plot", "mine", "--kind", "curves", "--results", results)
    assert code == 2
    assert "(none: its table is all there is). Received: 'curves'" in err


THREADS = '''"""How many threads do matrix products take?"""

from threadpoolctl import threadpool_info

from zoo.experiment import Measurement


def measure(_, seed):
    """Asks NumPy and SciPy."""
    return {"threads": max(each["num_threads"] for each in blas())}


def blas():
    """Returns what is known of their libraries."""
    return [each for each in threadpool_info() if each["user_api"] == "blas"]


EXPERIMENT = Measurement(factor="x", variants={"a": 1}, measure=measure, seeds=1)
'''


def test_matrix_products_take_one_core_each_while_something_is_measured(zoo, tmp_path):
    path, results = tmp_path / "threads.py", tmp_path / "results"
    path.write_text(THREADS, encoding="utf-8")
    with threadpool_limits(2, user_api="blas"):
        assert zoo("run", path, "--results", results)[0] == 0
        blas = [each for each in threadpool_info() if each["user_api"] == "blas"]
        assert {each["num_threads"] for each in blas} == {2}
    (found,) = pd.read_csv(results / "threads" / "measurements.csv")["value"]
    assert found == 1


def test_other_seeds_have_a_folder_of_their_own(zoo, mine, tmp_path):
    assert zoo("run", mine, "--results", tmp_path, "--seeds", 2)[0] == 0
    assert (tmp_path / "mine@seeds=2" / "table.csv").is_file()
    assert not (tmp_path / "ledger.md").exists()
    assert zoo("run", mine, "--results", tmp_path, "--dry-run")[0] == 0
    assert not (tmp_path / "mine").exists()


def test_a_data_folder_that_is_missing_is_named_by_its_option(zoo, mine, tmp_path):
    code, _, err = zoo("run", mine, "--results", tmp_path / "r", "--data-dir", tmp_path / "none")
    assert code == 2
    assert "--data-dir must name a folder that exists" in err


def test_what_trains_nothing_cannot_be_checked_before_training(zoo):
    code, _, err = zoo("preflight", "dropout_formula")
    assert code == 2
    assert "dropout_formula trains nothing" in err


def test_show_names_variants_and_claims(zoo):
    code, out, _ = zoo("show", "schedule_formula")
    assert code == 0
    assert "schedule, measured without training" in out
    assert "SCH04" in out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": {}}, "at least one variant"),
        ({"variants": {"a|b": 1}}, "without commas"),
        ({"seeds": 0}, "`seeds` must be at least 1. Received: seeds=0"),
        ({"claims": [Claim("A", Number("lettre", "m", 1.0, 0.1))]}, "names the variant 'lettre'"),
        ({"claims": [Claim("A", Difference("letter", "none"))]}, "names the variant 'none'"),
    ],
)
def test_declarations_are_checked(changes, message):
    given = {"factor": "f", "variants": {"letter": 1}, "measure": lambda value, seed: {}}
    with pytest.raises(ZooError, match=message.replace("|", r"\|")):
        Measurement(**given | changes)


def test_a_broken_formula_is_noticed():
    experiment = find("schedule_formula").load_measurement()
    from experiments.optimizers import schedule_formula

    wrong = schedule_formula.formula(schedule_formula.NINE_TENTHS, lambda epoch: 0.1 * 0.95**epoch)
    rule = next(claim.rule for claim in experiment.claims if claim.id == "SCH13")
    assert isinstance(rule, Identity)
    assert wrong(0)["error"] > rule.tolerance


@pytest.mark.parametrize("activation", measure_tools.SLOPES)
def test_the_flow_through_layers_is_that_of_automatic_differentiation(activation):
    widths = (6, 5, 4, 3)
    kernels = [keras.random.normal(fans, seed=1) for fans in itertools.pairwise(widths)]
    x, top = keras.random.normal((7, 6), seed=2), keras.random.normal((7, 3), seed=3)
    found = measure_tools.flow(kernels, activation, x, top)
    model = keras.Sequential([keras.Input((6,))])
    for place, kernel in enumerate(kernels, 1):
        layer = keras.layers.Dense(kernel.shape[1], use_bias=False, name=f"z{place}")
        model.add(layer)
        model.add(keras.layers.Activation(activation))
        layer.kernel.assign(kernel)

    def loss(wanted, outputs):
        return keras.ops.sum(wanted * outputs, axis=-1) * len(x)  # Keras averages over examples

    weights, signals = measure_tools.layer_gradients(model, loss, x, top)
    for place in (1, 2, 3):
        expected = measure_tools.rms(signals[f"z{place}"])
        assert found["signal_gradient", place] == pytest.approx(expected, rel=1e-5)
        expected = measure_tools.rms(weights[f"z{place}"]) / len(x)
        assert found["weight_gradient", place] == pytest.approx(expected, rel=1e-5)
        outputs = keras.ops.convert_to_numpy(keras.Sequential(model.layers[: 2 * place])(x))
        assert found["std", place] == pytest.approx(outputs.std(), rel=1e-5)
    change = math.log10(found["signal_gradient", 1] / found["signal_gradient", 3])
    assert found["log10_change_of_signal_gradient"] == pytest.approx(change)


def test_times_are_kept_until_they_are_asked_for_anew(zoo, mine, tmp_path):
    text = mine.read_text(encoding="utf-8").replace("times * seed", "time.perf_counter() % 1")
    text = text.replace("from zoo.claims", "import time\n\nfrom zoo.claims")
    mine.write_text(text.replace("seeds=3,", "seeds=3, timed=True,"), encoding="utf-8")
    words = ("run", mine, "--results", tmp_path / "r")
    found = []
    for more in ((), (), ("--fresh",)):
        assert zoo(*words, *more)[0] == 0
        found.append((tmp_path / "r" / "mine" / "measurements.csv").read_bytes())
    assert found[0] == found[1] != found[2]


def test_a_relative_time_is_the_ratio_of_medians(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(measure_tools.time, "perf_counter", lambda: next(clock))

    def wait(ticks):
        return lambda: [next(clock) for _ in range(ticks)]

    assert measure_tools.relative_time(wait(5), wait(2), 4) == 6 / 3


def test_statistics_of_a_layer_are_those_of_a_slow_computation():
    outputs = np.random.default_rng(0).uniform(-1.2, 1.2, (50, 4))
    outputs[:, 3] = 0.99  # saturated, and correlated with nothing
    found = measure_tools.layer_statistics(outputs, 2)
    assert found["saturated_share", 2] == np.mean([abs(value) > 0.97 for value in outputs.flat])
    pairs = [(0, 1), (0, 2), (1, 2)]
    slow = np.mean([np.corrcoef(outputs[:, a], outputs[:, b])[0, 1] for a, b in pairs])
    assert found["unit_correlation", 2] == pytest.approx(slow)
    shares, edges = found["histogram", 2]
    inside = [value for value in outputs.flat if -1 <= value <= 1]
    assert shares.sum() == pytest.approx(len(inside) / outputs.size)
    assert (len(shares), len(edges)) == (30, 31)
