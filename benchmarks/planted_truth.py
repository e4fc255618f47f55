"""How often near ties between learning rates give a wrong verdict: experiments with known truth.

`python -m benchmarks.planted_truth` writes `results/planted_truth.csv` and `.md`, in some minutes
on a core. `tests/evidence/test_planted_rates.py` checks the rule that the zoo has in small.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from zoo.claims import ALPHA, REFUTED, SUPPORTED, UNDECIDED
from zoo.evidence.statistics import mean_p
from zoo.results.files import write_frame, write_text

ROOT = Path(__file__).resolve().parent.parent
SEED = 20
EXPERIMENTS = 300
NUMBERS = (8, 16, 32)
LEVELS = (0.01, 0.05, 0.1)
CHAOS = 0.1  # probability that a run of a chaotic rate is lost
EXAMPLES = 8  # validation examples a point of accuracy: 800 in all
NEVER, TRUE = "equal", "higher"

EXPLAINED = """\
Two learners have several learning rates each, with planted means of validation and reported score.
A claim says that the first scores higher, each at its best rate. Four ways to settle it:

- `same seeds`: the best mean validation score chooses, over the same seeds that report;
- `crossed`: each half of the seeds reports at the rates that the other half chose;
- `held`: the verdict has to be the same at every rate that validates as well as the best, that is,
  which the paired one-sided t test over the seeds does not show to be worse, at the stated level;
- `both`: held, with what ties in each half found by the other.

The zoo has `held 0.05`: of the rules with at most 5 % of false verdicts of either kind everywhere,
it finds the most. Scores are in points; a run has a standard deviation of 1 point, of which
validation and reported score share half unless told otherwise, and one of 1 point by seed.
"""

Floats = npt.NDArray[np.float64]
Learner = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Planted:
    """Two learners and what is true of them.

    Attributes:
        name: Words for it.
        first: Means of the first learner by rate: on validation data, and of what is reported.
        second: Those of the other.
        truth: `NEVER` if they are equal at some of their best rates, `TRUE` if the first is higher.
        shared: Part of a run's variance that validation and reported score have in common; 1 if the
            reported score is the one that chooses.
        chaotic: Places of rates of which now and then a run is lost, by 20 points.
    """

    name: str
    first: Learner
    second: Learner
    truth: str = NEVER
    shared: float = 0.5
    chaotic: tuple[int, ...] = ()


def same(
    name: str, validation: Sequence[float], reported: Sequence[float], **more: object
) -> Planted:
    """Plants two learners that are equal in everything."""
    learner = (tuple(validation), tuple(reported))
    return Planted(name, learner, learner, **more)  # type: ignore[arg-type]


def ahead(name: str, by: float, learner: Learner, other: Learner | None = None) -> Planted:
    """Plants a first learner that is higher by so much at every rate than stated."""
    first = (learner[0], tuple(by + score for score in learner[1]))
    return Planted(name, first, other or learner, TRUE)


CLEAR: Learner = ((-8, 0, -5), (-8, 0, -5))
TIED: Learner = ((-8, 0, 0), (-8, 0, 0))
SHIFTED: Learner = ((-8, 0, 0), (-8, 0, 1))
TRAP: Learner = ((-8, 0, -0.3), (-8, 0, -5))
PLANTED = [
    same("one best rate", *CLEAR),
    same("two rates tie", *TIED),
    same("two tie, scores differ by 1", *SHIFTED),
    same("two tie, scores differ by 3", (-8, 0, 0), (-8, 0, 3)),
    same("two nearly tie (0.3), scores differ by 3", (-8, 0, -0.3), (-8, 0, 3)),
    same("three nearly tie, scores differ by 1.5 each", (0, -0.2, -0.4), (0, 1.5, 3)),
    same("two nearly tie (0.3), another metric differs by 10", (-8, 0, -0.3), (0, 0, 10), shared=0),
    same("a calm and a chaotic rate tie", (-8, 0, 2), (-8, 0, 2), chaotic=(2,)),
    same("all rates chaotic, two tie", (-8, 2, 2), (-8, 2, 3), chaotic=(0, 1, 2)),
    Planted("five rates tie with one", ((0,) * 5, (0,) * 5), ((0,), (0,)), shared=0.8),
    Planted("five tie with one, the score chooses", ((0,) * 5, (0,) * 5), ((0,), (0,)), shared=1),
    Planted("2 higher at one of two that tie", ((0, 0, -6), (0, 2, 0)), ((-6, 0, -0.3), (0, 0, 2))),
    ahead("1 higher, one best rate", 1, CLEAR),
    ahead("2 higher, one best rate", 2, CLEAR),
    ahead("2 higher, two rates tie", 2, TIED),
    ahead("2 higher, scores of tied rates differ by 1", 2, SHIFTED),
    ahead("3 higher, scores of tied rates differ by 1", 3, SHIFTED),
    ahead("2 higher, but a near tie (0.3) is 3 lower", 2, TRAP, CLEAR),
    Planted("2 higher, chaotic", ((-8, 2, -3), (-6, 4, -1)), ((-8, 2, -3), (-8, 2, -3)), TRUE,
            chaotic=(1,)),
]  # fmt: skip


def draw(
    generator: np.random.Generator, planted: Planted, seeds: int
) -> list[tuple[Floats, Floats]]:
    """Returns validation and reported scores of both learners, each of shape `(rates, seeds)`."""
    of_seed = generator.normal(size=(2, seeds))
    found = []
    for means in (planted.first, planted.second):
        shape = (len(means[0]), seeds)
        common, *own = generator.normal(size=(3, *shape))
        weights = math.sqrt(planted.shared), math.sqrt(1 - planted.shared)
        noise = [weights[0] * common + weights[1] * part for part in own]
        lost = np.zeros(shape)
        for rate in planted.chaotic:
            lost[rate] = -20.0 * (generator.random(seeds) < CHAOS)
        validation, reported = (
            np.array(mean)[:, None] + part + lost + shared
            for mean, part, shared in zip(means, noise, of_seed, strict=True)
        )
        validation = np.round(validation * EXAMPLES) / EXAMPLES
        found.append((validation, validation if planted.shared == 1 else reported))
    return found


def tied(validation: Floats, level: float) -> list[int]:
    """Returns the place of the best rate and those of rates that are not shown to be worse."""
    best = int(validation.mean(axis=1).round(9).argmax())
    gaps = validation[best] - validation
    others = [place for place in range(len(gaps)) if place != best]
    return [best, *(place for place in others if not _worse(gaps[place]) < level)]


def _worse(gaps: Floats) -> float:
    if np.ptp(gaps) == 0:
        return 0.0 if gaps[0] > 0 else 1.0
    return float(stats.t.sf(gaps.mean() / gaps.std(ddof=1) * math.sqrt(len(gaps)), len(gaps) - 1))


def verdict(gaps: Floats) -> str:
    """Returns the verdict on the claim that the mean gap is above 0."""
    if not mean_p(gaps.tolist()) < ALPHA:
        return UNDECIDED
    return SUPPORTED if gaps.mean() > 0 else REFUTED


def agreed(candidates: Iterator[Floats]) -> str:
    """Returns the verdict that all candidates have, else `undecided`."""
    first = verdict(next(candidates))
    if first != UNDECIDED and all(verdict(gaps) == first for gaps in candidates):
        return first
    return UNDECIDED


def held(learners: Sequence[tuple[Floats, Floats]], level: float) -> str:
    """Settles the claim at all rates that validate as well as the best; for level 2 at it alone."""
    places = [tied(validation, level) for validation, _ in learners]
    scores = [reported for _, reported in learners]
    return agreed(scores[0][i] - scores[1][j] for i, j in itertools.product(*places))


def crossed(learners: Sequence[tuple[Floats, Floats]], level: float) -> str:
    """Settles it with each half of the seeds reporting at what the other half chose."""
    halves = [slice(0, None, 2), slice(1, None, 2)]
    places = [
        tied(validation[:, half], level) for half in halves[::-1] for validation, _ in learners
    ]
    (_, a), (_, b) = learners
    one, other = halves
    return agreed(
        np.concatenate([a[i, one] - b[j, one], a[k, other] - b[m, other]])
        for i, j, k, m in itertools.product(*places)
    )


RULES: dict[str, Callable[[Sequence[tuple[Floats, Floats]]], str]] = {
    "same seeds": partial(held, level=2.0),  # nothing but the best has a p of 2
    "crossed": partial(crossed, level=2.0),
    **{f"held {level:g}": partial(held, level=level) for level in LEVELS},
    "both 0.05": partial(crossed, level=0.05),
}


def shares(experiments: int = EXPERIMENTS, rules: Sequence[str] = tuple(RULES)) -> pd.DataFrame:
    """Returns the share of each verdict by planted truth, number of seeds and rule.

    Every cell has its own generator, seeded with `SEED`, the place of the truth and the seeds.
    """
    rows = []
    for place, planted in enumerate(PLANTED):
        for seeds in NUMBERS:
            generator = np.random.default_rng([SEED, place, seeds])
            drawn = [draw(generator, planted, seeds) for _ in range(experiments)]
            for rule in rules:
                found = [RULES[rule](learners) for learners in drawn]
                row = {
                    "planted": planted.name,
                    "truth": planted.truth,
                    "seeds": seeds,
                    "rule": rule,
                }
                words = (SUPPORTED, REFUTED)
                rows.append(row | {word: found.count(word) / experiments for word in words})
    return pd.DataFrame(rows)


def wrong(table: pd.DataFrame) -> pd.Series:
    """Returns the share of false verdicts by row: `supported` if equal, `refuted` if it is not."""
    supported = table[SUPPORTED].where(table["truth"] == NEVER, 0)
    return pd.concat([supported, table[REFUTED]], axis=1).max(axis=1)


def markdown(table: pd.DataFrame, experiments: int) -> str:
    """Returns the shares as Markdown: the worst by rule and number of seeds, then every truth."""
    rules = list(dict.fromkeys(table["rule"]))
    worst = table.assign(wrong=wrong(table)).groupby(["rule", "seeds"])["wrong"].max()
    power = table[table["truth"] == TRUE].groupby(["rule", "seeds"])[SUPPORTED].mean()
    head = f"| {'seeds':5} | " + " | ".join(rules) + " |\n" + "|---" * (len(rules) + 1) + "|\n"
    lines = [
        "# Planted truth: how the learning rate is chosen",
        "",
        EXPLAINED,
        f"{experiments} experiments a cell, generators seeded with ({SEED}, place of the truth, "
        f"seeds). Standard error of a share of 5 %: {100 * _error(0.05, experiments):.1f} points.",
        "",
    ]
    for title, found in (
        ("Largest share of false verdicts, %", worst),
        ("Mean share of higher learners that are found, %", power),
    ):
        lines += [f"## {title}", "", head.rstrip()]
        for seeds in NUMBERS:
            cells = [f"{100 * found[rule, seeds]:.1f}" for rule in rules]
            lines.append(f"| {seeds} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["## Supported / refuted, %", "", "| planted | truth " + head.rstrip()]
    lines[-1] = lines[-1].replace("|---", "|---|---|---", 1)
    shown = table.assign(
        share=[
            f"{100 * a:.0f} / {100 * b:.0f}"
            for a, b in zip(table[SUPPORTED], table[REFUTED], strict=True)
        ]
    ).set_index(["planted", "seeds", "rule"])["share"]
    for planted in PLANTED:
        for seeds in NUMBERS:
            cells = [shown[planted.name, seeds, rule] for rule in rules]
            lines.append(
                f"| {planted.name} | {planted.truth} | {seeds} | " + " | ".join(cells) + " |"
            )
    return "\n".join(lines) + "\n"


def _error(share: float, number: int) -> float:
    return math.sqrt(share * (1 - share) / number)


def main() -> None:
    """Simulates, and writes the shares into a results folder."""
    parser = argparse.ArgumentParser(description="Writes the shares of false verdicts.")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS, help="of each cell")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="the folder")
    given = parser.parse_args()
    table = shares(given.experiments)
    write_frame(given.results / "planted_truth.csv", table)
    write_text(given.results / "planted_truth.md", markdown(table, given.experiments))


if __name__ == "__main__":
    main()
