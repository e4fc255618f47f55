from types import SimpleNamespace

import pandas as pd

from zoo.report.findings import found, settled


def told(rows):
    names = ["variant", "difference", "difference_low", "difference_high", "p", "diverged", "n"]
    spec = {"baseline": "relu", "data": {"name": "mnist1d"}}
    return found(spec, pd.DataFrame(rows, columns=names))


NAN = float("nan")
BASELINE = ("relu", NAN, NAN, NAN, NAN, 0, 8)


def test_the_sentence_says_what_wins_what_is_alike_and_what_breaks():
    rows = [
        BASELINE,
        ("tanh", 0.03, 0.01, 0.05, 0.008, 0, 8),
        ("elu", 0.02, 0.005, 0.035, 0.016, 0, 8),
        ("prelu", 0.01, -0.01, 0.03, 0.4, 0, 8),
        ("lucky", 0.04, 0.001, 0.08, 0.07, 0, 8),
        ("sigmoid", -0.2, -0.22, -0.18, 0.008, 0, 8),
        ("maxout", -0.5, -0.6, -0.4, 0.008, 3, 8),
    ]
    assert told(rows) == [
        "On mnist1d, each at its own best learning rate: tanh has most test accuracy, "
        "+3.0 [+1.0, +5.0] points from relu; also above relu: elu; not told apart from it: prelu "
        "and lucky; below it: maxout (\N{MINUS SIGN}50.0) and sigmoid (\N{MINUS SIGN}20.0); "
        "diverged even at its best rate: maxout (3 of 8 runs). "
        "(Not corrected for the number of variants.)"
    ]


def test_where_nothing_wins_it_says_so():
    (line,) = told([BASELINE, ("tanh", 0.0, -0.1, 0.1, 1.0, 0, 8)])
    assert "nothing is shown to be more accurate than relu; not told apart from it: tanh" in line
    assert told([BASELINE]) == []


def test_claims_are_counted_by_their_verdicts():
    words = {"A1": "refuted", "A2": "supported", "A3": "supported", "A4": "not run"}
    claims = [SimpleNamespace(row=SimpleNamespace(id=i, verdict=w)) for i, w in words.items()]
    assert settled(claims) == ["Claims: 2 supported (A2 and A3), 1 refuted (A1), 1 not run (A4)."]
    assert settled([]) == []
