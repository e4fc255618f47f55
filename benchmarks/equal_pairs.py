"""Do two variants that are equal by construction get a verdict?

Forty pairs of variants differ in nothing but the random numbers of their initial weights, so that
every verdict on them is false. They train on two data sets, whose examples each seed draws.
`python -m benchmarks.equal_pairs` trains them, in some minutes on two cores, and writes
`results/equal_pairs.csv` and `.md`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import keras
import pandas as pd
from keras import layers

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 40
DATA = ("mnist1d", "digits")
METRICS = ("test_accuracy", "loss", "epochs_to_accuracy_0.5_of_best")

EXPLAINED = """\
# Equal pairs

{pairs} pairs of variants differ in nothing but the random numbers of their initial weights: every
verdict on them is false. Two hidden layers of 50 ReLU units, momentum 0.9, {epochs} epochs, batch
128, three learning rates, {seeds} seeds, examples drawn anew by each seed; each pair is settled by
itself, as a claim on one metric, without the correction for several claims. Expected at a level of
5 %: at most {most} of {pairs}.

"""


class Salted(keras.initializers.HeNormal):
    """He's initial weights, with other random numbers for another salt."""

    def __init__(self, salt: int = 0, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.salt = salt

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> object:
        """Returns weights of a shape."""
        seed = self.seed if isinstance(self.seed, int) else 0
        return keras.initializers.HeNormal((seed + 7919 * self.salt) % 2**31)(shape, dtype)

    def get_config(self) -> dict[str, object]:
        """Returns what the initializer is made of."""
        return {"salt": self.salt, "seed": self.seed}


def build_model(input_shape: tuple[int, ...], num_classes: int, salt: int) -> keras.Model:
    """Builds a ReLU network with two hidden layers."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(50, "relu", kernel_initializer=Salted(salt)),
            layers.Dense(50, "relu", kernel_initializer=Salted(salt)),
            layers.Dense(num_classes, kernel_initializer=Salted(salt)),
        ]
    )


EXPERIMENT = Experiment(
    factor="salt",
    baseline="0 a",
    variants={f"{n} {side}": 2 * n + (side == "b") for n in range(PAIRS) for side in "ab"},
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1),
        epochs=8,
        batch_size=128,
    ),
    claims=[
        Claim(f"{n} {metric}", Difference(f"{n} a", f"{n} b", metric), says="They differ.")
        for n in range(PAIRS)
        for metric in METRICS
    ],
)


def decided_on(name: str, root: Path) -> pd.DataFrame:
    """Trains the pairs on a data set and settles each by itself.

    Args:
        name: The data set.
        root: Results folder.

    Returns:
        One row a metric: how many of the pairs were supported, refuted and undecided.
    """
    from rich.console import Console

    from zoo.results.files import read_frame, read_spec
    from zoo.results.verdicts import verdicts_frame
    from zoo.runner import trained
    from zoo.runner.how import How
    from zoo.runner.prepare import Settings
    from zoo.runner.registry import find
    from zoo.runner.trainer import Engine

    prepared = trained.prepare(find(str(Path(__file__))), Settings(data=name), None)
    folder, _ = trained.run(prepared, How(results=root, console=Console(), engine=Engine()))
    runs, spec = read_frame(folder / "runs.csv"), read_spec(folder)
    rows = []
    for metric in METRICS:
        words = []
        for claim in spec["claims"]:
            if claim["id"].partition(" ")[2] == metric:
                alone = {**spec, "claims": [claim]}
                words += verdicts_frame(alone, runs)["verdict"].tolist()
        counts = {word: words.count(word) for word in ("supported", "refuted", "undecided")}
        rows.append({"data": name, "metric": metric, "pairs": len(words), **counts})
    return pd.DataFrame(rows)


def main() -> None:
    """Trains, counts and writes what came out."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    from zoo.engine.device import import_keras

    import_keras()
    from zoo.experiment import DEFAULT_SEEDS
    from zoo.results.files import write_frame, write_text

    with tempfile.TemporaryDirectory() as folder:
        table = pd.concat([decided_on(name, Path(folder)) for name in DATA])
    write_frame(ROOT / "results" / "equal_pairs.csv", table)
    lines = [f"| {' | '.join(map(str, row))} |" for row in [table.columns, *table.to_numpy()]]
    lines.insert(1, "|---" * len(table.columns) + "|")
    head = EXPLAINED.format(
        pairs=PAIRS,
        epochs=EXPERIMENT.recipe.epochs,
        seeds=DEFAULT_SEEDS,
        most=round(0.05 * PAIRS),
    )
    text = head + "\n".join(lines) + "\n"
    write_text(ROOT / "results" / "equal_pairs.md", text)
    print(text)  # noqa: T201


if __name__ == "__main__":
    main()
