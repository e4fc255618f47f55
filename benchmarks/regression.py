"""How well numbers are predicted: the zoo's network beside scikit-learn, on the same examples.

Each row is fitted on the same draws of the data, on the same features, and tested on the same
examples: always the mean, ridge regression, a random forest, boosted trees, and an MLP at the
learning rate that validates best. `diabetes` comes with scikit-learn; `houses` is made here, with
the columns of the California housing data. Written is `results/regression.md`.

    python -m benchmarks.regression
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEEDS = 8
RATES = (0.0003, 0.001, 0.003, 0.01)
EPOCHS = 60
FILE = Path("results/regression.md")
HEAD = """# Numbers to predict: the zoo's network beside scikit-learn

Test R2 in percent, mean and standard deviation over draws of the data; RMSE in the target's unit.
"""


def houses(examples: int = 3000) -> pd.DataFrame:
    """Returns a table like that of Californian houses: a value from income, age and place.

    Args:
        examples: How many.
    """
    draw = np.random.default_rng(0)
    income = draw.lognormal(1.2, 0.45, examples)
    age = draw.integers(1, 52, examples)
    rooms, people = draw.normal(5.4, 1.0, examples), draw.lognormal(1.0, 0.3, examples)
    latitude, longitude = draw.uniform(32.5, 42, examples), draw.uniform(-124, -114, examples)
    coast = np.hypot(latitude - 34, longitude + 118.5)
    value = 0.4 * income + 0.008 * age - 0.15 * people + 1.5 * np.exp(-coast / 2) + 0.8
    value = value * draw.lognormal(0, 0.15, examples)
    return pd.DataFrame(
        {
            "income": income,
            "age": age,
            "rooms": rooms,
            "people": people,
            "latitude": latitude,
            "longitude": longitude,
            "value": np.clip(value, 0.15, 5.0),
        }
    )


def tables() -> dict[str, pd.DataFrame]:
    """Returns the tables by name; the last column is the target."""
    from sklearn.datasets import load_diabetes

    return {"diabetes": load_diabetes(as_frame=True).frame, "houses": houses()}


def of_sklearn(draws: Any) -> dict[str, list[float]]:
    """Returns the test R2 of scikit-learn's models, one a seed, by name."""
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import RidgeCV

    found: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        models: Mapping[str, Any] = {
            "the mean": DummyRegressor(),
            "ridge": RidgeCV(),
            "random forest": RandomForestRegressor(200, random_state=seed),
            "boosted trees": HistGradientBoostingRegressor(random_state=seed),
        }
        own = draws.of(seed)
        for name, model in models.items():
            model.fit(own.x_train, own.y_train)
            found.setdefault(name, []).append(float(model.score(own.x_test, own.y_test)))
    return found


def of_network(draws: Any) -> list[float]:
    """Returns the test R2 of an MLP, one a seed, at the rate that validates best."""
    import keras

    import zoo

    def build() -> Any:
        hidden = [keras.layers.Dense(64, "relu") for _ in range(2)]
        return keras.Sequential([keras.Input(draws.input_shape), *hidden, keras.layers.Dense(1)])

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
    best = max(by_rate.values(), key=lambda own: np.mean([f.final["val_r2"] for f in own]))
    return [fit.final["test_r2"] for fit in best]


def row(name: str, scores: list[float], draws: Any) -> str:
    """Returns a row of the table."""
    errors = []
    for seed, score in enumerate(scores):
        own = draws.of(seed)
        errors.append(own.target_scale[1] * np.sqrt((1 - score) * np.var(own.y_test)))
    cells = f"{100 * np.mean(scores):.1f}", f"{100 * np.std(scores, ddof=1):.1f}"
    return f"| {name} | {cells[0]} | {cells[1]} | {np.mean(errors):.3g} |"


def main() -> None:
    """Fits everything and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=FILE)
    arguments = parser.parse_args()
    from zoo.engine.device import import_keras

    import_keras()
    from zoo import data

    parts = [HEAD]
    for name, frame in tables().items():
        draws = data.load_draws(frame)
        found = of_sklearn(draws) | {"MLP of the zoo, 64 + 64 units": of_network(draws)}
        rows = [row(label, scores, draws) for label, scores in found.items()]
        head = ["| model | test R2 % | deviation | RMSE |", "|---|---|---|---|"]
        told = f"{name}: {len(draws.y_train)} training and {len(draws.y_test)} test examples, "
        parts += ["\n".join([f"{told}{SEEDS} draws\n", *head, *rows]) + "\n"]
    arguments.file.write_text("\n".join(parts), encoding="utf-8")
    print("\n".join(parts))  # noqa: T201


if __name__ == "__main__":
    main()
