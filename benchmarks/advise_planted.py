"""Does advice tell the truth about real networks? Data sets of populations that are known.

A population is a random teacher network with features that say nothing and wrong labels. What
turning a knob does in it is measured on many data sets that are independent of each other, each
tested on thousands of fresh rows. Then advice is asked on small data sets, and its verdicts are
compared. `python -m benchmarks.advise_planted --rows 300 --data-sets 100` goes on from those in
`results/advise_planted.csv` until there are so many, and writes `advise_planted.md`; an hour on a
core trains about 200 data sets of 300 rows.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.advise_truth import MARGIN, ROOT, SEED, TEST, WORDS
from zoo.advice import race as races
from zoo.advice.clock import Clock, Pace, Plan, batch_size_for
from zoo.advice.held import SHARE, Split, kept_back
from zoo.advice.knobs import Item
from zoo.advice.verdicts import HELPS, HURTS
from zoo.data import Draws
from zoo.data.draws import drawn_seed
from zoo.data.parts import Parts, checked
from zoo.data.sets import assembled
from zoo.results.files import write_frame, write_text

POPULATIONS = 4
FEATURES, TELLING, UNITS, CLASSES = 20, 10, 20, 3
WRONG = 0.05  # share of the labels
TRUTH_SETS, TRUTH_ROWS = 32, 4000  # data sets that the truth is measured on; fresh rows of each
EQUAL = "equal"  # knobs that do nothing, but for random numbers or one unit of a hundred
ITEMS = (
    Item("width", "100", f"101 ({EQUAL})", 101, "units"),
    Item("width", "100", f"99 ({EQUAL})", 99, "units"),
    Item("initialization", "he_normal", f"he_uniform ({EQUAL})", "he_uniform", "initializer"),
    Item("width", "100", "10", 10, "units"),
    Item("width", "100", "300", 300, "units"),
    Item("dropout", "none", "0.5", 0.5, "dropout"),
    Item("weight decay", "none", "0.01", 0.01, "weight_decay"),
    Item("activation", "relu", "tanh", "tanh", "activation"),
    Item("depth", "2", "1", 1, "depth"),
    Item("preprocessing", "standardised", "none", "none"),
)
# True effects in points of accuracy, by the group that they fall in.
GROUPS = {"below 0.5": 0.5, "0.5 to 1.5": 1.5, "1.5 to 3": 3.0, "3 to 6": 6.0, "above 6": np.inf}
COLUMNS = ("rows", "population", "data_set", "knob", "truth", "error", "verdict", "epochs")

EXPLAINED = """\
# Planted truth: advice on real networks

A population is a random teacher network of {units} units, of whose {features} features {silent} say
nothing, with {wrong:.0f} % wrong labels, {classes} classes, and scales of features from 0.01 to
100. The true effect of a knob is the mean over {truth_sets} independent data sets, each tested on
{truth_rows:,} fresh rows; its standard error is {errors} points. The network is that of `advise`
(2 x 100 units, learning rate 0.001), for {epochs} epochs; margin 1 point, looks at 8, 16 and 32
splits, of which every one is done. `equal` knobs do nothing by construction. Shares in percent;
`right` and `wrong` are verdicts with the sign of the truth, or against it; whatever is decided of
an `equal` knob is wrong.

"""

Floats = npt.NDArray[np.float64]
Examples = tuple[Floats, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Population:
    """What rows are drawn from.

    Attributes:
        hidden: Weights of the teacher's hidden layer.
        out: Those of its output layer.
        centre: Mean scores of the classes, so that none is rare.
        scale: Of each feature.
    """

    hidden: Floats
    out: Floats
    centre: Floats
    scale: Floats

    def rows(self, generator: np.random.Generator, number: int) -> Examples:
        """Returns features of shape (number, 20) and classes, some of them wrong."""
        x = generator.normal(size=(number, FEATURES))
        y = (self._scores(x) - self.centre).argmax(axis=1)
        wrong = generator.random(number) < WRONG
        y[wrong] = generator.integers(0, CLASSES, int(wrong.sum()))
        return x * self.scale, y

    def _scores(self, x: Floats) -> Floats:
        return np.asarray(np.maximum(x[:, :TELLING] @ self.hidden / TELLING**0.5, 0) @ self.out)


def population(number: int) -> Population:
    """Returns a population by its number."""
    draw = np.random.default_rng([SEED, number])
    hidden, out = draw.normal(size=(TELLING, UNITS)), draw.normal(size=(UNITS, CLASSES))
    scale = 10 ** draw.uniform(-2, 2, FEATURES)
    flat = Population(hidden, out, np.zeros(CLASSES), scale)
    centre = flat._scores(draw.normal(size=(TRUTH_ROWS, FEATURES))).mean(axis=0)
    return dataclasses.replace(flat, centre=centre)


@dataclass(frozen=True)
class Fresh(Split):
    """Data sets of a population that are independent of each other, one for every seed.

    Attributes:
        source: The population.
        number: Rows of each that train and validate.
    """

    source: Population
    number: int

    def draws_with(self, preprocessing: Any) -> Draws:
        """Returns the draws with another preprocessing."""

        def draw(seed: int) -> Any:
            generator = np.random.default_rng([SEED, self.number, seed])
            own = self.source.rows(generator, self.number)
            fresh = self.source.rows(generator, TRUTH_ROWS)
            parts = checked(*own, *fresh, source="fresh")
            return assembled("fresh", parts, None, preprocessing, partial(drawn_seed, seed))

        first = draw(0)
        given = {each.name: getattr(first, each.name) for each in dataclasses.fields(first)}
        return Draws(**given, overlap=0.0, keeps_test=True, _draw=draw)


def truths(source: Population, rows: int, epochs: int) -> dict[str, tuple[float, float]]:
    """Returns the true effect of every knob and its standard error, as shares of 1.

    Args:
        source: The population.
        rows: Rows of the data sets that advice is asked on.
        epochs: Epochs of every run.
    """
    asked = rows - round(SHARE * rows)
    nothing: Parts = checked(*source.rows(np.random.default_rng(SEED), rows), source="fresh")
    split = Fresh("fresh", nothing, nothing, source, asked - round(TEST * asked))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(split, Path(folder), epochs)
        first = _scores(bench, [])
        for item in ITEMS:
            gaps = _scores(bench, [item]) - first
            error = float(gaps.std(ddof=1) / len(gaps) ** 0.5)
            found[item.label] = float(gaps.mean()), error
        bench.store.close()
    return found


def _scores(bench: Any, items: Sequence[Item]) -> Floats:
    from zoo.advice.bench import score

    return np.array([score(each) for each in bench.runs(items, range(TRUTH_SETS))])


def _bench(split: Split, folder: Path, epochs: int) -> Any:
    from zoo.advice.bench import Bench
    from zoo.advice.network import baseline
    from zoo.results.store import Store
    from zoo.runner.trainer import Engine

    size = batch_size_for(len(split.draws.y_train))
    recipe = dataclasses.replace(baseline(epochs, size), learning_rates=(0.001,))
    return Bench(split, recipe, Store(folder), "truth", Engine())


def asked_of(source: Population, place: int, rows: int, epochs: int) -> dict[str, str]:
    """Returns the verdict of advice on every knob, on one data set.

    Args:
        source: The population.
        place: Number of the data set.
        rows: Its rows.
        epochs: Epochs of every run.
    """
    own = source.rows(np.random.default_rng([SEED, rows, place, 1]), rows)
    split = kept_back("teacher", checked(*own, source="teacher"))
    race = races.Race(margin=MARGIN)
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(split, Path(folder), epochs)
        plan, pace = Plan(epochs, 1, bench.recipe.batch_size), Pace(0.0, 0.0001, rows // 50)
        races.run(race, ITEMS, bench, Clock(1e9), pace, plan, lambda text: None)
        bench.store.close()
    return race.verdicts


def trained(
    rows: int,
    places: Sequence[int],
    epochs: int,
    seconds: float,
    known: dict[int, dict[str, tuple[float, float]]],
    tell: Callable[[pd.DataFrame], None],
) -> None:
    """Asks advice on data sets of every population in turn.

    Args:
        rows: Rows of each data set.
        places: Their numbers.
        epochs: Epochs of every run.
        seconds: After which no further data set is begun.
        known: True effects by population, as `truths` returns them; those that are missing are
            measured.
        tell: Is given a table of `COLUMNS` of every data set.
    """
    began = time.perf_counter()
    for place in places:
        if time.perf_counter() - began > seconds:
            break
        number = place % POPULATIONS
        source = population(number)
        if number not in known:
            known[number] = truths(source, rows, epochs)
        verdicts = asked_of(source, place, rows, epochs)
        told = [
            (rows, number, place, label, *known[number][label], verdict, epochs)
            for label, verdict in verdicts.items()
        ]
        tell(pd.DataFrame(told, columns=list(COLUMNS)))


def truths_in(table: pd.DataFrame) -> dict[int, dict[str, tuple[float, float]]]:
    """Returns the true effects and their errors that a table tells, by population and knob."""
    found: dict[int, dict[str, tuple[float, float]]] = {}
    for row in table.to_dict("records"):
        found.setdefault(row["population"], {})[row["knob"]] = row["truth"], row["error"]
    return found


def group_of(knob: str, truth: float) -> str:
    """Returns the group of a knob by its true effect."""
    if EQUAL in knob:
        return EQUAL
    return next(name for name, most in GROUPS.items() if 100 * abs(truth) < most)


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Returns how often verdicts are right, by rows and true effect.

    Args:
        table: As `trained` tells them, of all data sets.
    """
    effects = zip(table["knob"], table["truth"], strict=True)
    table = table.assign(effect=[group_of(knob, truth) for knob, truth in effects])
    order = {name: place for place, name in enumerate([EQUAL, *GROUPS])}
    found = []
    for (rows, effect), own in table.groupby(["rows", "effect"]):
        up, down = own["verdict"] == HELPS, own["verdict"] == HURTS
        better = own["truth"] > 0
        right = (up & better) | (down & ~better) if effect != EQUAL else pd.Series(False, own.index)
        found.append(
            {
                "rows": rows,
                "true effect": effect,
                "data sets": own["data_set"].nunique(),
                "cases": len(own),
                "right": right.mean() if effect != EQUAL else np.nan,
                "wrong": ((up | down) & ~right).mean(),
                **{word: (own["verdict"] == word).mean() for word in WORDS[2:]},
            }
        )
    found.sort(key=lambda row: (row["rows"], order[row["true effect"]]))
    return pd.DataFrame(found)


def markdown(table: pd.DataFrame) -> str:
    """Returns the shares with what they are of."""
    errors = 100 * table.loc[~table["knob"].str.contains(EQUAL), "error"]
    text = EXPLAINED.format(
        units=UNITS,
        features=FEATURES,
        silent=FEATURES - TELLING,
        wrong=100 * WRONG,
        classes=CLASSES,
        truth_sets=TRUTH_SETS,
        truth_rows=TRUTH_ROWS,
        errors=f"{errors.min():.1f} to {errors.max():.1f}",
        epochs=", ".join(map(str, sorted(table["epochs"].unique()))),
    )
    found = shares(table)
    lines = [f"| {' | '.join(found.columns)} |", "|---" * len(found.columns) + "|"]
    for row in found.to_dict("records"):
        shown = list(row.values())[4:]
        cells = ["" if np.isnan(each) else f"{100 * each:.1f}" for each in shown]
        first = [f"{row['rows']:,}", str(row["true effect"]), str(row["data sets"])]
        lines.append(f"| {' | '.join([*first, str(row['cases']), *cells])} |")
    return text + "\n".join(lines) + "\n"


def main() -> None:
    """Trains what is asked for, and writes what is known by then."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=300, help="of a data set")
    parser.add_argument("--data-sets", type=int, default=100, help="of that many rows, in all")
    parser.add_argument("--epochs", type=int, default=20, help="of every run")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin none after so many")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="the folder")
    asked = parser.parse_args()
    path = asked.results / "advise_planted.csv"
    known = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=list(COLUMNS))
    own = known[(known["rows"] == asked.rows) & (known["epochs"] == asked.epochs)]
    found = [known] if len(known) else []
    places = [place for place in range(asked.data_sets) if place not in set(own["data_set"])]

    def keep(table: pd.DataFrame) -> None:
        found.append(table)
        told = pd.concat(found).sort_values(["rows", "data_set"], kind="stable")
        write_frame(path, told)
        sys.stdout.write(f"{asked.rows} rows: {table['data_set'].iloc[0] + 1} data sets\n")
        sys.stdout.flush()

    if places:
        from zoo.engine.device import import_keras

        import_keras()
        trained(asked.rows, places, asked.epochs, 60 * asked.minutes, truths_in(own), keep)
    write_text(asked.results / "advise_planted.md", markdown(pd.read_csv(path)))


if __name__ == "__main__":
    main()
