"""What is said about a request before anything is trained."""

from zoo.claims import Claim, Difference, Identity
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
