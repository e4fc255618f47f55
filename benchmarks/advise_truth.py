"""Does advice call what does nothing a help, and does it find what helps? Planted truth, twice.

`python -m benchmarks.advise_truth` simulates scores, in some minutes on a core; `--trained 40` also
trains networks on that many data sets of a teacher network, `--data-sets 0` leaves the simulation
as it is. Written are `results/advise_truth.csv`, `advise_truth_trained.csv` and `advise_truth.md`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
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
# Planted truth: advice

## Simulated scores

{data_sets} data sets of each size. Beside the baseline stand {nulls} knobs that do nothing and one
each of {effects} points. On {disagree:.0f} % of the rows two networks differ for good, on
{chance:.0f} % by the luck of a training, and the training part adds 1 point (at 300 rows; less with
more). A fifth of the rows is kept back; of the rest every split tests a fifth. Margin 1 point,
looks at 8, 16 and 32 splits. Shares in percent of each verdict. `rows` is what advice uses;
`splits` is Nadeau and Bengio's correction of the scores of splits.

"""
TRAINED = """\

## Real networks

{data_sets} data sets of {rows} rows: 10 features that a random teacher network of 20 units makes 3
classes of, 10 that say nothing, 5 % wrong labels, and scales of features from 0.01 to 100. The
baseline is that of `advise` (2 x 100 units, one learning rate of 0.001, {epochs} epochs), and every
look is done. `equal` knobs are equal to the baseline but for random numbers or one unit of a
hundred.

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


def teacher(seed: int, rows: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Returns features of shape (rows, 20) and classes of a random network, some of them wrong."""
    draw = np.random.default_rng([SEED, seed])
    x = draw.normal(size=(rows, 20))
    hidden = np.maximum(x[:, :10] @ draw.normal(size=(10, 20)) / 10**0.5, 0)
    scores = hidden @ draw.normal(size=(20, 3))
    scores = scores - scores.mean(axis=0)
    y = scores.argmax(axis=1)
    wrong = draw.random(rows) < 0.05
    y[wrong] = draw.integers(0, 3, int(wrong.sum()))
    return x * 10 ** draw.uniform(-2, 2, 20), y


def trained(
    data_sets: int, rows: int, epochs: int, seconds: float, tell: Callable[[str], None]
) -> pd.DataFrame:
    """Returns the share of each verdict by knob on data of teachers.

    Args:
        data_sets: How many at most.
        rows: Rows of each.
        epochs: Epochs of every run.
        seconds: After which no further data set is begun.
        tell: Is told of every data set.
    """
    import dataclasses

    from zoo.advice import race as races
    from zoo.advice.bench import Bench
    from zoo.advice.clock import Clock, Pace, Plan
    from zoo.advice.held import kept_back
    from zoo.advice.knobs import Item
    from zoo.advice.network import baseline
    from zoo.data.parts import checked
    from zoo.results.store import Store
    from zoo.runner.trainer import Engine

    items = [
        Item("width", "100", "101 (equal)", 101, "units"),
        Item("width", "100", "99 (equal)", 99, "units"),
        Item("initialization", "he_normal", "he_uniform (equal)", "he_uniform", "initializer"),
        Item("preprocessing", "standardised", "none", "none"),
        Item("width", "100", "2", 2, "units"),
    ]
    found: dict[tuple[int, str, str], list[str]] = {}
    began = time.perf_counter()
    for seed in range(data_sets):
        if time.perf_counter() - began > seconds:
            break
        split = kept_back("teacher", checked(*teacher(seed, rows), source="teacher"))
        recipe = dataclasses.replace(baseline(epochs, 32), learning_rates=(0.001,))
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
            bench = Bench(split, recipe, store, "truth", Engine())
            race = races.Race(margin=MARGIN)
            plan, pace = Plan(epochs, 1, 32), Pace(0.0, 0.0001, rows // 50)
            races.run(race, items, bench, Clock(1e9), pace, plan, lambda text: None)
        for label, verdict in race.verdicts.items():
            found.setdefault((rows, "rows", label), []).append(verdict)
        tell(f"{seed + 1}: {race.verdicts}")
    return shares(found)


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


def markdown(simulated_shares: pd.DataFrame, trained_shares: pd.DataFrame | None) -> str:
    """Returns both tables of shares with what they are of.

    Args:
        simulated_shares: As `simulated` returns them.
        trained_shares: As `trained` does, with the column `epochs`; `None` without any.
    """
    text = EXPLAINED.format(
        data_sets=f"{simulated_shares['cases'].min():,}",
        nulls=NULLS,
        effects=", ".join(f"{100 * effect:+g}" for effect in EFFECTS),
        disagree=100 * DISAGREE,
        chance=100 * CHANCE,
    )
    text += "\n".join(lines_of(simulated_shares)) + "\n"
    if trained_shares is None:
        return text
    first = trained_shares.iloc[0]
    text += TRAINED.format(
        data_sets=first["cases"], rows=f"{first['rows']:,}", epochs=first["epochs"]
    )
    return text + "\n".join(lines_of(trained_shares)) + "\n"


def main() -> None:
    """Simulates, trains what is asked for, and writes what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=DATA_SETS, help="simulated, of each size")
    parser.add_argument("--trained", type=int, default=0, help="data sets to train on")
    parser.add_argument("--rows", type=int, default=600, help="of those")
    parser.add_argument("--epochs", type=int, default=20, help="of those")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin none after so many")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="the folder")
    asked = parser.parse_args()
    first, second = (asked.results / f"advise_truth{end}.csv" for end in ("", "_trained"))
    if asked.data_sets:
        write_frame(first, simulated(asked.data_sets))
    if asked.trained:
        from zoo.engine.device import import_keras

        import_keras()
        table = trained(asked.trained, asked.rows, asked.epochs, 60 * asked.minutes, print)
        write_frame(second, table.assign(epochs=asked.epochs))
    found = pd.read_csv(second) if second.is_file() else None
    text = markdown(pd.read_csv(first), found)
    write_text(asked.results / "advise_truth.md", text)


if __name__ == "__main__":
    main()
