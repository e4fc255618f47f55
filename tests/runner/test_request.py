"""What is said about a request before anything is trained."""

import pytest

from zoo.claims import Claim, Difference, Identity
from zoo.errors import ZooError
from zoo.runner.prepare import Settings
from zoo.runner.registry import find
from zoo.runner.request import prepare, undecidable

TESTED = Claim("X1", Difference("tanh", "relu"), says="tanh is better")
CHECKED = Claim("X2", Identity("diverged"), says="nothing diverges")


def test_too_few_seeds_are_told_where_a_claim_needs_a_test():
    [line] = undecidable("tiny", [TESTED, CHECKED], 3)
    assert line.startswith("tiny: below 6 seeds nothing can be decided; with 3 the smallest p is")
    assert "0.25" in line
    assert undecidable("tiny", [TESTED], 6) == []
    assert undecidable("tiny", [TESTED], None) == []
    assert undecidable("tiny", [CHECKED], 3) == []


def test_a_request_is_planned_and_says_what_is_run_besides(tiny_experiment):
    settings = Settings(variants=("tanh",), seeds=2, epochs=1)
    request = prepare(find(str(tiny_experiment)), settings, None)
    assert request.told() == ["The baseline relu is run, too."]
    assert request.plan()[0].startswith(f"{request.prepared.folder_name}: 8 runs, 8 epochs")


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"data": "digits"}, "--data"),
        ({"epochs": 3}, "--epochs"),
        ({"batch_size": 4}, "--batch-size"),
        ({"learning_rates": (0.1,)}, "--learning-rates"),
        ({"split": "fixed"}, "--split"),
    ],
)
def test_what_a_measured_experiment_does_not_take_is_said_and_not_left_out(given, option):
    entry = find("momentum")
    with pytest.raises(ZooError, match=f"momentum measures .* takes no `{option}`"):
        prepare(entry, Settings(**given), None)
    assert prepare(entry, Settings(**given), None, every=True).prepared.folder_name == "momentum"
