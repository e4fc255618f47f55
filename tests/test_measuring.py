import json
import math

import pandas as pd
import pytest

from zoo.claims import Claim, Difference, Identity, Number
from zoo.errors import ZooError
from zoo.experiment import Measurement
from zoo.measuring import measure, table_frame
from zoo.registry import entries

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MEASURED = {entry.name: entry for entry in entries() if not entry.trained}

MINE = '''"""Does doubling double?

References:
    Nobody.
"""

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


def test_rows_are_in_the_order_of_the_declaration():
    experiment = Measurement(
        factor="times",
        variants={"b": 2, "a": 3},
        measure=lambda times, seed: {"product": times * seed, ("layer", 1): seed},
    )
    rows = measure(experiment, 2)
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


def test_the_table_averages_over_seeds():
    rows = pd.DataFrame(
        [("a", seed, "m", "", float(seed)) for seed in (0, 1, 2)],
        columns=["variant", "seed", "metric", "place", "value"],
    )
    [cell] = table_frame(rows).to_dict("records")
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


def test_other_seeds_have_a_folder_of_their_own(zoo, mine, tmp_path):
    assert zoo("run", mine, "--results", tmp_path, "--seeds", 2)[0] == 0
    assert (tmp_path / "mine@seeds=2" / "table.csv").is_file()
    assert not (tmp_path / "ledger.md").exists()
    assert zoo("run", mine, "--results", tmp_path, "--dry-run")[0] == 0
    assert not (tmp_path / "mine").exists()


def test_what_trains_nothing_cannot_be_checked_before_training(zoo):
    code, _, err = zoo("preflight", "dropout_formula")
    assert code == 2
    assert "dropout_formula trains nothing" in err


def test_show_names_variants_and_claims(zoo):
    code, out, _ = zoo("show", "schedule_formula")
    assert code == 0
    assert "measured without training" in out
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


# Every measured experiment.


@pytest.mark.parametrize("name", MEASURED)
def test_the_docstring_asks_and_cites(name):
    entry = MEASURED[name]
    assert entry.question.endswith("?")
    assert "References:" in entry.docstring
    assert len(entry.path.read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("name", MEASURED)
def test_claims_find_their_rows_and_the_results_are_committed(name, zoo, tmp_path):
    code, _, err = zoo("run", name, "--results", tmp_path)
    assert (code, err) == (0, "")
    verdicts = pd.read_csv(tmp_path / name / "verdicts.csv")
    assert not (verdicts["verdict"] == "not run").any()
    experiment = MEASURED[name].load_measurement()
    assert list(verdicts["id"]) == [claim.id for claim in experiment.claims]
    committed = pd.read_csv(MEASURED[name].path.parents[1] / "results" / name / "verdicts.csv")
    assert list(committed["verdict"]) == list(verdicts["verdict"])


def test_a_broken_formula_is_noticed():
    experiment = MEASURED["schedule_formula"].load_measurement()
    from experiments import schedule_formula

    wrong = schedule_formula.formula(schedule_formula.NINE_TENTHS, lambda epoch: 0.1 * 0.95**epoch)
    rule = next(claim.rule for claim in experiment.claims if claim.id == "SCH13")
    assert isinstance(rule, Identity)
    assert wrong()["error"] > rule.tolerance
