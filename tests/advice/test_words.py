import pytest

from zoo.advice.words import (
    _scores,
    held_line,
    interval,
    not_advised,
    not_asked,
    points,
    sentence_of,
    verdict_words,
)
from zoo.results.advised import ordered, stricter_words, title_of


def row(knob="dropout", to="0.3", verdict="helps", difference=0.02, rows=0):
    return {
        "knob": knob,
        "from": "none",
        "to": to,
        "difference": difference,
        "low": difference - 0.01,
        "high": difference + 0.01,
        "verdict": verdict,
        "rows": rows,
        "splits": 32,
    }


@pytest.fixture
def record():
    scores = [
        {"model": name, "mean": mean, "low": mean - 0.1, "high": mean + 0.05}
        for name, mean in (("baseline", 0.9), ("advised", 0.92), ("boosted trees", 0.94))
    ]
    others = [{"model": "boosted trees", "mean": 0.02, "p": 0.2}]
    held = {"rows": 1000, "scores": scores, "others": others}
    held["gain"] = {"mean": 0.02, "low": 0.001, "high": 0.04, "p": 0.041}
    return {
        "rows": 4000,
        "score": "accuracy",
        "smallest_difference": 0.0123,
        "items": [row(), row("width", "30", "undecided", -0.001, rows=52000)],
        "together": {"best": ["dropout: 0.3"]},
        "held_out": held,
    }


def test_the_sentence_says_what_to_change_and_what_it_gains(record):
    assert sentence_of(record) == (
        "Change dropout from none to 0.3: +2.0 [+0.1, +4.0] points of accuracy on 1,000 rows kept "
        "back (p 0.041). 1 of 2 is undecided: for half of what was asked your 4,000 rows cannot "
        "reliably tell less than 1.2 points."
    )
    record["items"][1]["splits"] = 16
    assert sentence_of(record).endswith(" More time would look at more splits of it.")
    record["items"].append(record["items"][1])
    assert "2 of 3 are undecided" in sentence_of(record)
    assert sentence_of(record).endswith(" More time would look at more splits of them.")


@pytest.mark.parametrize(
    ("low", "high", "said"), [(-0.01, 0.05, "do not confirm it"), (-0.04, -0.01, "speak against")]
)
def test_rows_kept_back_that_show_no_gain_are_said_to(record, low, high, said):
    record["held_out"]["gain"] |= {"low": low, "high": high}
    told = f"Change dropout from none to 0.3, but the 1,000 rows kept back {said}"
    assert sentence_of(record).startswith(told)


def test_the_best_of_the_models_that_win_is_said_first(record):
    held = record["held_out"]
    held["others"][0]["p"] = 0.0002
    assert sentence_of(record).startswith(
        "Boosted trees do better here than these networks: 94.0 % on the rows kept back, "
        "+2.0 points (p <0.001). Change dropout"
    )
    held["scores"].append({"model": "ridge regression", "mean": 0.95})
    held["others"].append({"model": "ridge regression", "mean": 0.03, "p": 0.024})
    assert sentence_of(record).startswith("Ridge regression does better here than these networks")
    held["others"][1]["p"] = 0.026  # twice asked
    assert sentence_of(record).startswith("Boosted trees")
    held["others"] = [{"model": "boosted trees", "mean": -0.02, "p": 0.0}]
    assert sentence_of(record).startswith("Change dropout")


def test_nothing_to_change_is_said(record):
    record["items"] = [row(verdict="hurts", difference=-0.02)]
    record["together"]["best"] = []
    assert sentence_of(record) == ("Change nothing: of what was asked nothing is shown to help.")
    record["items"] = [row()]
    assert sentence_of(record).startswith("What helped alone did not on new splits")


def test_before_the_end_the_largest_help_is_named(record):
    record["together"] = record["held_out"] = None
    record["items"].append(row("depth", "4", difference=0.05))
    assert "Change depth from none to 4 (not yet tested" in sentence_of(record)
    assert held_line(record) == ""


def test_models_stand_in_a_line(record):
    assert held_line(record) == (
        "accuracy on 1,000 rows kept back: baseline network 90.0 %, advised network 92.0 %, "
        "boosted trees 94.0 %"
    )


def test_trees_that_there_was_no_time_for_are_named(record):
    record["held_out"]["scores"].pop()
    record["held_out"]["others"] = []
    left_out = "oosted trees were left out, as no time was left for them"
    assert held_line(record).endswith(f"advised network 92.0 %; b{left_out}")
    assert f" B{left_out}." in "\n".join(_scores(record | {"classes": 3}))


def test_numbers_in_words():
    assert [points(each) for each in (0.0123, -0.0004, -0.02, None)] == ["+1.2", "0.0", "-2.0", ""]
    assert points(0.5, sign=False) == "50.0"
    assert interval({"low": -0.01, "high": 0.034}) == "[-1.0, +3.4]"
    assert interval({"low": None, "high": 0.034}) == ""
    assert verdict_words(row(verdict="undecided", rows=5200)) == (
        "undecided; about 5,200 rows would decide"
    )
    assert verdict_words(row(verdict="undecided")) == "undecided"


def test_what_helps_stands_first_and_reasons_once():
    rows = [row(verdict=word) for word in ("undecided", "does not matter", "hurts", "helps")]
    assert [each["verdict"] for each in ordered(rows)] == [
        "helps",
        "hurts",
        "does not matter",
        "undecided",
    ]
    left = [{"what": what, "why": "too slow"} for what in "ab"] + [{"what": "c", "why": "none"}]
    assert not_asked(left) == ["a, b (too slow)", "c (none)"]


def test_an_interval_clear_of_0_that_is_undecided_is_explained():
    clear, open_ended = row(verdict="undecided"), row(verdict="undecided", difference=0.005)
    assert stricter_words([row(), open_ended]) == ""
    assert "as 3 questions are looked at" in stricter_words([clear, clear, open_ended])
    assert "as a question is looked at" in stricter_words([clear])


def test_titles_of_older_answers_are_their_names():
    assert title_of({"name": "mine-1a2b3c"}) == "mine-1a2b3c"
    assert title_of({"name": "mine-1a2b3c", "title": "y in mine.csv"}) == "y in mine.csv"


def test_what_helps_and_was_not_tested_is_no_advice(record):
    record["together"] = {"best": [], "left": ["dropout: 0.3"], "cells": [{"turned": []}]}
    assert sentence_of(record).startswith("Dropout from none to 0.3 helped, but no time was left")
    assert not_advised(record) == ["dropout: 0.3 (no time was left to test it on new splits)"]


def test_what_helps_and_is_not_advised_has_a_reason(record):
    others = [("dropout", "0.5"), ("optimizer", "RMSprop"), ("learning rate", "always 0.001")]
    others += [("width", "300"), ("depth", "4")]
    record["items"] = [row(), *(row(*each) for each in others)]
    cells = [[], ["dropout: 0.3"], ["optimizer: RMSprop"], ["dropout: 0.3", "optimizer: RMSprop"]]
    record["together"] = {
        "best": ["dropout: 0.3"],
        "left": ["depth: 4"],
        "cells": [{"turned": turned} for turned in cells],
    }
    assert dict(each.rstrip(")").split(" (") for each in not_advised(record)) == {
        "dropout: 0.5": "another dropout helps more",
        "optimizer: RMSprop": "on new splits the best combination does without it",
        "learning rate: always 0.001": "it belongs to the optimizer that is changed",
        "width: 300": "of what helps only the 3 largest are turned together",
        "depth: 4": "no time was left to test it on new splits",
    }
