import pytest

from zoo.claims import (
    Claim,
    Difference,
    Equivalence,
    Identity,
    Number,
    Order,
    Ratio,
    Trend,
    above,
    faster,
)
from zoo.results.ledger_words import in_words, metric_in_words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            Difference("tanh", "ReLU", margin=0.01),
            "tanh's test accuracy is higher than ReLU's by more than 1 point",
        ),
        (Difference("tanh", "relu", "loss"), "tanh's training loss is higher than relu's"),
        (Difference("a 1", "b", "std@3", 0.5), "std at 3 of a 1 is higher than that of b by more"),
        (
            faster("leaky 0.1", "sigmoid"),
            "epochs to 50 % of the way to the best training accuracy: leaky 0.1 needs fewer than "
            "sigmoid",
        ),
        (Number("a", "share", 0.5, 0.001), "a's share equals 0.5 within 0.001"),
        (
            Number("b 1", "val_accuracy@3", 0.412, 0.04),
            "validation accuracy at 3 of b 1 equals 41.2 % within 4 points",
        ),
        (Identity("error", 0.0, 1e-5, ("a", "b")), "error of a and b equals 0 within 1e-05"),
        (Identity("diverged", tolerance=0.0), "diverged equals 0"),
        (Order(("a", "b", "c")), "test accuracy rises from each to the next: a, b, c"),
        (Trend(("1", "2", "3"), "loss", False), "training loss falls over 1, 2, 3"),
        (Equivalence("a", "b"), "test accuracy of a and of b: less than 2 points apart"),
        (
            Ratio("a", "b", "epochs_to_val_loss_0.5", 6.0, 1.5),
            "epochs to a validation loss of 0.5: a needs 6 times as many as b, within a factor",
        ),
        (Ratio("a", "b", "steps", 2.0), "steps of a is 2 times that of b, within a factor of 1.25"),
    ],
)
def test_a_rule_in_words(rule, words):
    assert in_words(Claim("X", rule)).startswith(words)


def test_rules_of_a_kind_stand_together():
    numbers = tuple(Number("relu", f"std@{layer}", layer / 8, 0.1) for layer in range(1, 6))
    errors = (Identity("error", variants=("a",)), Identity("error", variants=("b",)))
    claim = Claim("X", (*numbers, *errors, *above("tanh", ["relu", "elu"])))
    assert in_words(claim) == (
        "relu's std equals 0.125, 0.25 and 3 more, each stated number within its tolerance; "
        "error of a and b equals 0 within 1e-06; "
        "test accuracy of tanh is higher than that of relu and that of elu"
    )


def test_metrics_that_are_not_known_lose_their_underscores():
    assert metric_in_words("log10_change_of_std@10") == "log10 change of std at 10"
