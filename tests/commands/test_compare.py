"""The command `compare`."""

import pytest

from zoo.claims import Claim, Difference
from zoo.results import ledger, tables
from zoo.results.summary import summarise

CLAIM = Claim("X1", Difference("tanh", "relu"), says="tanh is better")
NOISE = [place / 64 for place in (-5, 3, 1, -1, 5, -3, 2, -2)]


@pytest.fixture
def write(tmp_path, spec, make_result):
    """Returns a function that writes results in which tanh is better than relu by a gap."""

    def make(root, gap):
        runs = [
            make_result(variant, 0.1, seed, test_accuracy=0.5 + better + noise / 8, val_loss=better)
            for variant, better in (("relu", 0.0), ("tanh", gap))
            for seed, noise in enumerate(NOISE if variant == "relu" else NOISE[::-1])
        ]
        folder = tmp_path / root / "tiny"
        own = spec | {"seeds": list(range(8)), "claims": [CLAIM.as_dict()]}
        tables.write(folder, own, summarise(runs, ["relu", "tanh"], "relu"))
        ledger.write(folder)
        return folder.parent

    return make


def test_results_and_themselves_differ_in_nothing(zoo, write, content):
    root = write("a", 0.25)
    before = content(root)
    for path in (root, root / "tiny"):
        code, out, err = zoo("compare", path, path)
        assert (code, err) == (0, "")
        assert "Nothing differs: 1 verdict and 2 trained variants" in out
    assert content(root) == before


def test_a_claim_that_turned_round_is_exit_code_one(zoo, write):
    a, b = write("a", 0.25), write("b", -0.25)
    code, out, err = zoo("compare", a, b)
    assert (code, err) == (1, "")
    assert "  SUPPORTED -> REFUTED  X1  tiny  tanh is better\n" in out
    assert "of 2 variants, 1 differ" in out
    assert "  REFUTED -> SUPPORTED  X1" in zoo("compare", b / "tiny", a)[1]


def test_other_changes_are_exit_code_zero(zoo, write):
    code, out, err = zoo("compare", write("a", 0.25), write("b", 0.0))
    assert (code, err) == (0, "")
    assert "  supported -> undecided  X1  tiny  tanh is better\n" in out
    assert "No claim went from supported to refuted or back." in out


@pytest.mark.parametrize("wrong", ["nowhere", "a/tiny/spec.json", "."])
def test_what_holds_no_results_is_refused(zoo, write, tmp_path, wrong):
    root = write("a", 0.25)
    code, out, err = zoo("compare", root, tmp_path / wrong)
    assert (code, out) == (2, "")
    assert err.startswith("Error: `B` must be a results folder, or a folder in it")
    assert len(err.splitlines()) == 1


def test_a_damaged_file_is_refused(zoo, write):
    a, b = write("a", 0.25), write("b", 0.25)
    (b / "tiny" / "verdicts.csv").write_text("id\n")
    code, out, err = zoo("compare", a, b)
    assert (code, out) == (2, "")
    assert "verdicts.csv is damaged: it lacks the column" in err
    assert "Traceback" not in err
