import itertools

import pytest

from zoo.runner.contract.checks import findings
from zoo.runner.registry import find

QUICK = ["module", "question", "labels", "claims", "factories", "data", "networks", "factor"]
TRAINING = ["training", "learning", "repetition", "effect"]
MEASURED = '''"""Does doubling double?"""

from zoo.claims import Claim, Identity
from zoo.experiment import Measurement

CALLS = []


def measure(times, seed):
    """Multiplies the seed."""
    CALLS.append(seed)
    return {"product": times * seed, ("layer", 2): times}


EXPERIMENT = Measurement(
    factor="times",
    variants={"two": 2, "three": 3},
    measure=measure,
    claims=[Claim("MINE", Identity("layer@2", 2.0, variants=("two",)), says="All double.")],
)
'''


@pytest.fixture
def changed(tiny_experiment, tmp_path):
    """Returns a function that replaces parts of an experiment's text and checks it."""
    numbers = itertools.count()

    def check(*changes, text=None, quick=False):
        text = tiny_experiment.read_text(encoding="utf-8") if text is None else text
        path = tmp_path / str(next(numbers)) / "tiny.py"  # modules are imported once
        path.parent.mkdir()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        found = list(findings(find(str(path)), quick=quick))
        names = [each.check for each in found]
        wrong = {each.check: list(each.wrong) for each in found if each.wrong}
        return names, wrong, {each.check: list(each.notes) for each in found if each.notes}

    return check


@pytest.mark.slow
def test_a_right_experiment_passes_every_check(changed):
    names, wrong, notes = changed()
    assert names == QUICK + TRAINING
    assert wrong == {}
    assert list(notes) == ["question"]  # which cites no source


def test_the_quick_checks_train_nothing(changed):
    names, wrong, _ = changed(("hidden = ", "hidden = "), quick=True)
    assert names == QUICK
    assert wrong == {}


@pytest.mark.parametrize(
    ("old", "new", "last", "words"),
    [
        ("EXPERIMENT = ", "1 / 0\nEXPERIMENT = ", "module", "ZeroDivisionError"),
        ("optimizer=keras.optimizers.SGD", "optimizer='sgd'", "factories", "Received: 'sgd'"),
        ('data="digits"', 'data="digit"', "data", "digits"),
        ("layers.Dense(num_classes)", "layers.Dense(9)", "networks", "(batch, 9)"),
    ],
)
def test_checks_end_where_the_next_cannot_be_made(changed, old, new, last, words):
    names, wrong, _ = changed((old, new))
    assert names == QUICK[: QUICK.index(last) + 1]
    ((found, (message, *_)),) = wrong.items()
    assert found == last
    assert "tiny.py:" in message
    assert words in message


@pytest.mark.slow
def test_a_factor_that_does_nothing_is_found_by_its_identity_and_by_training(changed):
    _, wrong, _ = changed(("activation=activation", "activation='relu'"))
    assert list(wrong) == ["factor", "effect"]
    assert "the factor does nothing between 'relu' and 'tanh'" in wrong["effect"][0]


def test_what_a_callback_raises_is_said_with_its_line(changed):
    quit_ = (
        "class Quit(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        raise SystemExit(0)\n\n\nEXPERIMENT ="
    )
    names, wrong, _ = changed(
        ("EXPERIMENT =", quit_), ("epochs=2", "callbacks=lambda: [Quit()], epochs=2")
    )
    assert names == [*QUICK, "training"]
    (message,) = wrong["training"]
    assert "tiny.py:19: SystemExit: 0." in message


@pytest.mark.slow
def test_divergence_is_wrong_at_the_smallest_rate_and_a_note_at_the_middle_one(changed):
    _, wrong, notes = changed(("(0.01, 0.1)", "(0.01, 1e38)"))
    assert wrong == {}
    assert len(notes["training"]) == 2
    assert "variant 'tanh' diverges at learning rate 1e+38" in notes["training"][1]
    _, wrong, _ = changed(("(0.01, 0.1)", "(1e38,)"))
    assert len(wrong["training"]) == 2
    assert "falls at none of its rates" in wrong["learning"][0]


def test_what_carries_state_is_found(changed):
    count = "COUNT = iter(range(1, 100))\n\n\nEXPERIMENT ="
    _, wrong, _ = changed(
        ("EXPERIMENT =", count),
        (
            "optimizer=keras.optimizers.SGD",
            "optimizer=lambda r: keras.optimizers.SGD(r / next(COUNT))",
        ),
    )
    assert len(wrong["repetition"]) == 2
    assert "variant 'relu' trains otherwise after the other variants" in wrong["repetition"][1]


# What only measures


def test_a_right_measurement_passes_every_check(changed):
    names, wrong, _ = changed(text=MEASURED)
    assert names == [*QUICK[:4], "measuring", "repetition", "evidence"]
    assert wrong == {}


def test_the_quick_checks_measure_nothing(changed):
    names, wrong, _ = changed(("return {", "return 1 / {"), text=MEASURED, quick=True)
    assert (names, wrong) == (QUICK[:4], {})


@pytest.mark.parametrize(
    ("old", "new", "check", "words"),
    [
        ("return {", "return 1 / {", "measuring", "tiny.py:12: TypeError: unsupported operand"),
        ('return {"product"', 'return {"product": None, "p"', "measuring", "tiny.py:9: TypeError"),
        ("times * seed", "len(CALLS)", "repetition", "tiny.py:9: seed 0 gives other numbers"),
        ('"layer@2"', '"layer@3"', "evidence", "tiny.py:19: claim MINE cannot be settled: layer@3"),
        ('("two",)', '("two", "four")', "module", "Claim MINE names the variant 'four'"),
    ],
)
def test_what_is_wrong_with_a_measurement_is_said(changed, old, new, check, words):
    _, wrong, _ = changed((old, new), text=MEASURED)
    (message,) = wrong[check]
    assert words in message
