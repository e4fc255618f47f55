"""Does advice call what does nothing a help, and does it find what helps? Simulated scores.

`python -m benchmarks.advise_truth` simulates, in some minutes on a core, and writes
`results/advise_truth.csv` and `advise_truth.md`. Networks are trained by
`benchmarks.advise_planted`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoo.advice.clock import LOOKS
from zoo.advice.verdicts import (
    EQUAL,
    HELPS,
    HURTS,
    UNDECIDED,
    Evidence,
    of_rows,
    of_splits,
    settled,
)
from zoo.results.files import write_frame, write_text

ROOT = Path(__file__).resolve().parent.parent
SEED = 20
ROWS = (300, 1000, 5000)
DATA_SETS = 2000
NULLS = 8  # knobs that do nothing, beside one of each effect
EFFECTS = (0.01, 0.02, 0.04, -0.02)
MARGIN = 0.01
ASKED, TEST = 0.8, 0.2  # shares: of all rows, of the rows asked
DISAGREE = 0.06  # share of the rows on which two equal networks differ for good
CHANCE = 0.06  # and share on which they differ by the luck of a training
LUCK = 0.01  # deviation by the training part, at 300 rows
OVERLAP = TEST / (1 - TEST - 0.2 * (1 - TEST))  # a validation part is split off, too
WORDS = (HELPS, HURTS, EQUAL, UNDECIDED)

EXPLAINED = """\
# Planted truth: advice on simulated scores

{data_sets} data sets of each size. Beside the baseline stand {nulls} knobs that do nothing and one
each of {effects} points. On {disagree:.0f} % of the rows two networks differ for good, on
{chance:.0f} % by the luck of a training, and the training part adds 1 point (at 300 rows; less with
more). A fifth of the rows is kept back; of the rest every split tests a fifth. Margin 1 point,
looks at 8, 16 and 32 splits. Shares in percent of each verdict. `rows` is what advice uses;
`splits` is Nadeau and Bengio's correction of the scores of splits.

"""

Floats = npt.NDArray[np.float64]


def planted() -> dict[str, float]:
    """Returns the true difference of every knob by its name."""
    nulls = {f"nothing {place}": 0.0 for place in range(NULLS)}
    return nulls | {f"{100 * effect:+g}": effect for effect in EFFECTS}


@dataclass(frozen=True)
class Drawn:
    """One data set: what each split finds of each row that it tests.

    Attributes:
        tested: Numbers of the tested rows, shape (splits, test rows).
        gaps: Differences from the baseline by knob, of the same shape.
    """

    tested: npt.NDArray[np.int64]
    gaps: Mapping[str, Floats]


def draw(generator: np.random.Generator, rows: int) -> Drawn:
    """Returns a data set with as many splits as the last look has.

    Args:
        generator: What draws.
        rows: How many rows the data set has.
    """
    asked = round(ASKED * rows)
    test = round(TEST * asked)
    splits = LOOKS[-1]
    tested = np.argsort(generator.random((splits, asked)), axis=1)[:, :test]
    # Training parts share most rows, so their luck does, too: as Nadeau and Bengio take it.
    luck = LUCK * (300 / rows) ** 0.5
    found = {}
    for name, effect in planted().items():
        up = (DISAGREE + effect) / 2
        place = generator.random(asked)
        lasting = (place < up).astype(float) - (place > 1 - (DISAGREE - up))
        by_luck = generator.random((splits, test))
        by_luck = (by_luck < CHANCE / 2).astype(float) - (by_luck > 1 - CHANCE / 2)
        common = generator.normal(0, luck * TEST**0.5)
        own = generator.normal(0, luck * (1 - TEST) ** 0.5, (splits, 1))
        found[name] = lasting[tested] + by_luck + common + own
    return Drawn(tested, found)


def by_rows(drawn: Drawn, name: str, splits: int) -> Evidence:
    """Returns what single rows say, as advice takes it."""
    return of_rows(list(drawn.gaps[name][:splits]), list(drawn.tested[:splits]), OVERLAP, 1.0)


def by_splits(drawn: Drawn, name: str, splits: int) -> Evidence:
    """Returns what the scores of splits alone say."""
    return of_splits(drawn.gaps[name][:splits].mean(axis=1).tolist(), OVERLAP)


METHODS = {"rows": by_rows, "splits": by_splits}


def looked(drawn: Drawn, method: str) -> dict[str, str]:
    """Returns the verdicts after all looks; what is decided stops."""
    verdicts = dict.fromkeys(drawn.gaps, UNDECIDED)
    known: dict[str, Evidence] = {}
    for splits in LOOKS:
        todo = [name for name, verdict in verdicts.items() if verdict == UNDECIDED]
        known |= {name: METHODS[method](drawn, name, splits) for name in todo}
        verdicts = settled(known, MARGIN, verdicts)
    return verdicts


def simulated(data_sets: int = DATA_SETS) -> pd.DataFrame:
    """Returns the share of each verdict by rows, method and true effect.

    Args:
        data_sets: How many of each size; each has a generator seeded with its number.
    """
    found: dict[tuple[int, str, str], list[str]] = {}
    for rows in ROWS:
        for place in range(data_sets):
            drawn = draw(np.random.default_rng([SEED, rows, place]), rows)
            for method in METHODS:
                for name, verdict in looked(drawn, method).items():
                    key = rows, method, name.partition(" ")[0]
                    found.setdefault(key, []).append(verdict)
    return shares(found)


def shares(found: Mapping[tuple[int, str, str], Sequence[str]]) -> pd.DataFrame:
    """Returns the share of each verdict by rows, method and knob."""
    return pd.DataFrame(
        {"rows": rows, "method": method, "knob": name, "cases": len(words)}
        | {word: words.count(word) / len(words) for word in WORDS}
        for (rows, method, name), words in sorted(found.items())
    )


def lines_of(table: pd.DataFrame) -> list[str]:
    """Returns shares as lines of Markdown, in percent."""
    lines = [
        f"| rows | method | knob | cases | {' | '.join(WORDS)} |",
        "|---" * (4 + len(WORDS)) + "|",
    ]
    for row in table.to_dict("records"):
        cells = [f"{100 * row[word]:.1f}" for word in WORDS]
        first = [f"{row['rows']:,}", row["method"], row["knob"], str(row["cases"])]
        lines.append(f"| {' | '.join([*first, *cells])} |")
    return lines


def markdown(simulated_shares: pd.DataFrame) -> str:
    """Returns the shares with what they are of.

    Args:
        simulated_shares: As `simulated` returns them.
    """
    text = EXPLAINED.format(
        data_sets=f"{simulated_shares['cases'].min():,}",
        nulls=NULLS,
        effects=", ".join(f"{100 * effect:+g}" for effect in EFFECTS),
        disagree=100 * DISAGREE,
        chance=100 * CHANCE,
    )
    return text + "\n".join(lines_of(simulated_shares)) + "\n"


def main() -> None:
    """Simulates, and writes what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=DATA_SETS, help="of each size")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="the folder")
    asked = parser.parse_args()
    found = simulated(asked.data_sets)
    write_frame(asked.results / "advise_truth.csv", found)
    write_text(asked.results / "advise_truth.md", markdown(found))


if __name__ == "__main__":
    main()
