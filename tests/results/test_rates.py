import json

import pytest

from zoo.claims import Claim, Difference
from zoo.errors import ZooError
from zoo.evidence.metrics import VALIDATION
from zoo.results import files, ledger, tables, trained
from zoo.results.again import write_again
from zoo.results.rates import rates_in, with_rates
from zoo.results.summary import summarise

THIRD = 1 / 3  # which no file of ten digits holds
CLAIMS = [
    Claim("X1", Difference("tanh", "relu"), says="tanh is better"),
    Claim("X2", Difference("relu", "tanh", "loss"), says="tanh has the lower training loss"),
]
NOISE = (-1, 1, 2, -2)


@pytest.fixture
def declared(spec):
    return spec | {"claims": [claim.as_dict() for claim in CLAIMS]}


@pytest.fixture
def summary(make_result):
    """Returns the tables of relu, of which 1 validates as well as a third, and tanh."""
    scores = {THIRD: 0.5, 0.1: 0.25, 1.0: 0.5}
    results = [
        make_result(
            variant,
            rate,
            seed,
            val_accuracy=score
            + (noise / 64 if rate == THIRD or variant == "tanh" else -noise / 64),
            test_accuracy=rate / 2 + noise / 64,
            test_loss=1.0 + (variant == "tanh") / 3,
            history={name: [rate, rate] for name in ("loss", "accuracy", "val_loss")}
            | {"val_accuracy": [0.5, 0.5], "learning_rate": [rate, rate]},
        )
        for variant in ("relu", "tanh")
        for rate, score in scores.items()
        if (variant, rate) != ("tanh", 1.0)
        for seed, noise in enumerate(NOISE)
    ]
    return summarise(results, ["relu", "tanh"], "relu")


@pytest.fixture
def folder(declared, summary, tmp_path):
    """Returns a results folder as a run writes it."""
    folder = tmp_path / "tiny"
    tables.write(folder, with_rates(declared, summary.runs), summary)
    ledger.write(folder)
    return folder


def test_chosen_and_tied_rates_stand_in_the_declaration(declared, summary):
    spec = with_rates(declared, summary.runs)
    assert spec["rates"] == {"relu": THIRD, "tanh": THIRD}
    assert spec["tied"] == {"relu": [1.0]}
    assert spec["rates_by"] == {"loss": {"rates": {"relu": 0.1, "tanh": 0.1}, "tied": {}}}
    assert spec["claims"] == declared["claims"]
    assert with_rates(spec, summary.runs) == spec


def test_only_the_seeds_of_the_declaration_choose(declared, summary):
    runs = summary.runs
    runs.loc[(runs["seed"] == 3) & (runs["learning_rate"] == 0.1), "val_accuracy"] = 99.0
    assert with_rates(declared | {"seeds": [0, 1, 2]}, runs)["rates"]["tanh"] == THIRD
    assert with_rates(declared, runs)["rates"]["tanh"] == 0.1


def test_rates_come_back_as_the_runs_in_the_file_have_them(folder):
    runs = trained.rows_of(folder)
    rates = rates_in(files.read_spec(folder), runs)
    assert rates[VALIDATION].of("relu") == (0.3333333333, 1.0)
    assert rates["loss"].of("relu") == (0.1,)
    assert trained.rates_of(folder, runs) == dict(rates[VALIDATION].chosen)


def test_stored_rates_are_read_and_not_chosen_again(folder):
    spec = files.read_spec(folder)
    spec |= {"rates": {"relu": 0.1, "tanh": 0.1}, "tied": {}}
    (folder / "spec.json").write_text(json.dumps(spec))
    assert trained.rates_of(folder, trained.rows_of(folder)) == {"relu": 0.1, "tanh": 0.1}
    row = ledger.write(folder).set_index("id").loc["X1"]
    assert row["evidence"].startswith("tanh has 5.0 % and relu 5.0 % test accuracy")


def test_an_older_declaration_without_rates_says_the_same(folder, declared):
    table, verdicts, spec = (
        (folder / name).read_bytes() for name in ("table.md", "verdicts.csv", "spec.json")
    )
    (folder / "spec.json").write_text(json.dumps(declared))
    ledger.write(folder)
    assert (folder / "verdicts.csv").read_bytes() == verdicts
    shown = tables.render(trained.told_spec(folder), files.read_table(folder), "md")
    assert shown.encode() == table
    assert write_again([folder]) == [folder]
    assert (folder / "table.md").read_bytes() == table
    again = json.loads((folder / "spec.json").read_text())
    assert again["tied"] == json.loads(spec)["tied"]


def test_the_table_marks_variants_with_tied_rates_and_lists_these(folder):
    text = (folder / "table.md").read_text()
    relu, tanh = (line for line in text.splitlines() if line.startswith(("| relu", "| tanh")))
    assert "| 0.333333= " in relu
    assert "=" not in tanh
    assert "relu: 1 validates as well as 0.333333." in text
    several = {"rates": {"relu": 0.1, "tanh": 1.0}, "tied": {"relu": [0.01, 1.0], "tanh": [0.1]}}
    (line,) = trained.tied_lines(several)
    assert line.endswith(
        "relu: 0.01 and 1 validate as well as 0.1; tanh: 0.1 validates as well as 1."
    )
    assert trained.tied_lines({}) == trained.tied_lines({"rates": {"relu": 0.1}, "tied": {}}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rates", {"relu": "0.1"}),
        ("rates", [0.1]),
        ("tied", {"relu": 0.1}),
        ("tied", {"relu": ["0.1"]}),
        ("rates_by", {"loss": {"rates": {"relu": 0.1}}}),
        ("rates", {"relu": 0.1}),  # and none of tanh
    ],
)
def test_damaged_rates_are_named(folder, key, value):
    spec = files.read_spec(folder) | {key: value}
    (folder / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(ZooError, match=rf"spec\.json is damaged: `{key}`"):
        trained.rates_of(folder, trained.rows_of(folder))


def test_where_seeds_share_examples_what_is_written_again_is_corrected_for_it(
    folder, declared, summary
):
    shared = declared | {"data": declared["data"] | {"split": "resampled", "overlap": 0.25}}
    (folder / "spec.json").write_text(json.dumps(with_rates(shared, summary.runs)))
    plain = files.read_table(folder)
    write_again([folder])
    table = files.read_table(folder)
    # The variance of a mean over n seeds is (1 / n + overlap) instead of 1 / n.
    wider = (1 + len(NOISE) * 0.25) ** 0.5
    for mean, high in (("test_accuracy", "test_high"), ("difference", "difference_high")):
        half, before = table[high] - table[mean], plain[high] - plain[mean]
        assert half.dropna().tolist() == pytest.approx((before.dropna() * wider).tolist(), rel=1e-4)
