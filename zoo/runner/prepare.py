"""What is to be run: an experiment with the user's settings, each variant's data, the runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo import data as datasets
from zoo.claims import ALPHA
from zoo.data import Data
from zoo.data.weights import weighted
from zoo.errors import VariedError, ZooError
from zoo.evidence import metrics
from zoo.experiment import DEFAULT_SEEDS, Experiment
from zoo.runner import overrides, regression
from zoo.runner.contract.declaration import factories
from zoo.runner.contract.networks import MODEL, within_memory
from zoo.runner.mistakes import mistakes_in
from zoo.runner.registry import Entry
from zoo.runs.phases import phase
from zoo.runs.plan import plan
from zoo.runs.run import Job

AUTO = "auto"
# Numbers of seeds at which `--seeds auto` looks at the verdicts.
LOOKS = (8, 16, 32)
MOST_SEEDS = 10_000  # an interval is then a hundredth of what the seeds differ by


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user may change about an experiment without editing it; `None` leaves it as declared.

    Attributes:
        seeds: Number of seeds, counted from 0, or `auto`: as declared, and more where a claim is
            still undecided.
        epochs: Epochs of every run.
        batch_size: Examples a step.
        data: Name or file of the data. A recipe for few training examples takes as many of them,
            or all if there are fewer.
        table: What is said about a table.
        learning_rates: One grid for all variants.
        scale: One of the experiment's larger sizes.
        smoke: One epoch, two seeds, one learning rate: does it run at all?
        variants: Labels of the only variants to run besides the baseline; empty for all.
        split: `fixed`, or `resampled` so that every seed has its own draw of the data.
        words: Names and values, as text, of what else is set: keywords of `build_model` and numbers
            of the recipe (`zoo/runner/overrides.py`).
    """

    seeds: int | str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    data: str | None = None
    learning_rates: tuple[float, ...] | None = None
    scale: str | None = None
    smoke: bool = False
    variants: tuple[str, ...] = ()
    split: str | None = None
    words: tuple[tuple[str, str], ...] = ()
    table: datasets.TableOptions | None = None

    def __post_init__(self) -> None:
        """Checks the numbers that the recipe does not see."""
        number = self.seeds if isinstance(self.seeds, int) else 0
        if self.seeds not in (None, AUTO) and not 1 <= number <= MOST_SEEDS:
            most = f" and at most {MOST_SEEDS}" if number > MOST_SEEDS else ""
            raise ZooError(
                f"`--seeds` must be a whole number of at least 1{most}, or {AUTO}. "
                f"Received: {self.seeds}"
            )
        if self.split is not None and self.split not in datasets.SPLITS:
            raise ZooError(
                f"`--split` must be one of {', '.join(datasets.SPLITS)}. Received: {self.split!r}"
            )

    def sized(self, experiment: Experiment) -> Experiment:
        """Returns the experiment at the scale and with the variants that are asked for."""
        if self.scale is not None:
            experiment = experiment.at_scale(self.scale)
        return experiment.only(self.variants) if self.variants else experiment

    def apply(self, experiment: Experiment) -> Experiment:
        """Returns the experiment with these settings."""
        experiment = self.sized(experiment)
        changes: dict[str, Any] = {
            name: value
            for name in ("epochs", "batch_size", "data", "learning_rates")
            if (value := getattr(self, name)) is not None
        }
        if experiment.factor in changes:
            option = experiment.factor.replace("_", "-")
            raise VariedError(
                f"The experiment varies its {option.replace('-', ' ')}, so that cannot be set. "
                f"Received: --{option} {changes[experiment.factor]}. Leave it out."
            )
        if self.smoke:
            grids = {}
            for variant in experiment.variants:
                grid = experiment.learning_rates(variant)
                grids[variant] = grid[len(grid) // 2 :][:1]
            changes = {"epochs": 1, "learning_rates": grids, **changes}
        recipe = dataclasses.replace(experiment.recipe, **changes)
        recipe = overrides.applied(recipe, overrides.values_of(self.words, experiment))
        return dataclasses.replace(experiment, recipe=recipe)

    @property
    def seed_list(self) -> list[int]:
        """The seeds."""
        if isinstance(self.seeds, int):
            return list(range(self.seeds))
        return list(range(2 if self.smoke else DEFAULT_SEEDS))

    @property
    def resampled(self) -> bool:
        """Whether every seed has its own draw of the data."""
        return (self.split or datasets.DEFAULT_SPLIT) == datasets.RESAMPLED

    @property
    def may_widen(self) -> bool:
        """Whether a grid whose end is best may be widened."""
        return self.learning_rates is None and not self.smoke

    def beyond(self, experiment: Experiment) -> Settings:
        """Returns these settings without those that say what the experiment declares anyway."""
        experiment = self.sized(experiment)
        recipe, settings = experiment.recipe, self._spelled(experiment)
        changes: dict[str, Any] = {
            name: None
            for name in ("epochs", "batch_size", "data")
            if name != experiment.factor and getattr(settings, name) == getattr(recipe, name)
        }
        if self.seeds == DEFAULT_SEEDS:
            changes["seeds"] = None
        if self.split == datasets.DEFAULT_SPLIT:
            changes["split"] = None
        grids = {experiment.learning_rates(label) for label in experiment.variants}
        if self.learning_rates is not None and grids == {tuple(sorted(self.learning_rates))}:
            changes["learning_rates"] = None
        # A smoke test has fewer of everything unless it is told otherwise.
        kept = {"split": changes["split"]} if self.smoke and "split" in changes else {}
        return dataclasses.replace(settings, **(kept if self.smoke else changes))

    def _spelled(self, experiment: Experiment) -> Settings:
        """Returns these settings with variants and words in one spelling, whatever their order.

        What an option of its own sets moves there.

        Args:
            experiment: As `sized` returns it.
        """
        values = overrides.values_of(self.words, experiment)
        moved = {name: values[name] for name in ("epochs", "batch_size") if name in values}
        for name, value in moved.items():
            if getattr(self, name) not in (None, value):
                raise ZooError(
                    f"`--{name.replace('_', '-')}` and `--set {name}` must agree. Received: "
                    f"{getattr(self, name)} and {value}. Leave one of them out."
                )
        words = [(name, text) for name, text in self.words if name not in moved]
        return dataclasses.replace(
            self,
            **moved,
            variants=tuple(experiment.variants) if experiment.left_out else (),
            words=overrides.beyond(words, experiment),
        )

    def differing(self) -> dict[str, str]:
        """Returns what differs from the declaration, in words, for the results folder's name."""
        rates = "_".join(f"{rate:g}" for rate in self.learning_rates or ())
        words = {
            "smoke": "" if self.smoke else None,
            "scale": self.scale,
            "data": self._data_name(),
            "epochs": self.epochs,
            "batch": self.batch_size,
            "seeds": self.seeds,
            "rates": rates or None,
            "split": self.split,
        }
        found = {name: str(value) for name, value in words.items() if value is not None}
        found |= {} if self.table is None else self.table.words()
        given = [(name, [text]) for name, text in self.words]
        return found | overrides.differing(self.variants, given)

    def _data_name(self) -> str | None:
        target = None if self.table is None else self.table.target
        return target if self.data is None else datasets.short_name(self.data, target)


def folder_name(name: str, differing: Mapping[str, str]) -> str:
    """Returns the name of a results folder: the experiment's own where nothing differs.

    Args:
        name: The experiment's name.
        differing: What differs from its declaration, as text by name; empty for a word alone.
    """
    parts = [f"{word}={value}" if value else word for word, value in differing.items()]
    return f"{name}@{','.join(parts)}".replace("/", "_") if parts else name


@dataclass(frozen=True)
class Prepared:
    """An experiment ready to run: what was asked for, each variant's data, the runs it takes."""

    entry: Entry
    experiment: Experiment
    folder_name: str
    data_of: Mapping[str, Data]
    seeds: list[int]
    jobs: list[Job]
    settings: Settings = Settings()
    alpha: float = ALPHA

    @property
    def data(self) -> Data:
        """The baseline's data."""
        return self.data_of[self.experiment.baseline]


def prepare(entry: Entry, settings: Settings, data_dir: Path | None) -> Prepared:
    """Loads experiment and data and plans the runs; trains nothing.

    Raises:
        ZooError: If a setting, the data or the experiment's file is wrong.
    """
    declared = entry.load()
    if not entry.topic and (wrong := factories(entry, declared)):
        raise ZooError(wrong[0])
    settings = settings.beyond(declared)
    experiment = settings.apply(declared)
    recipe = experiment.recipe
    for claim in experiment.claims:
        for rule in claim.rules:
            if not metrics.is_metric(rule.metric) and rule.metric not in recipe.probes:
                raise ZooError(metrics.unknown(rule.metric, recipe.probes))
    few = None if "train_examples" in dict(settings.words) else recipe.train_examples
    if settings.data is not None and few is not None:
        whole = datasets.load(recipe.data, data_dir=data_dir, table=settings.table)
        if few > len(whole.x_train):
            recipe = dataclasses.replace(recipe, train_examples=None)
            experiment = dataclasses.replace(experiment, recipe=recipe)
    with phase("data"):
        data_of = _data_of(experiment, data_dir, settings.resampled, settings.table)
    experiment = regression.fitting(entry.name, experiment, data_of, settings.may_widen)
    given = f" It was given {overrides.in_words(settings.words)}." if settings.words else ""
    with mistakes_in(entry.path, f"{MODEL}.{given}"), within_memory():
        jobs = plan(experiment, data_of, settings.seed_list)
    name = folder_name(entry.name, settings.differing())
    # Several looks at growing data are several chances of a false verdict: each gets its part.
    alpha = ALPHA / len(LOOKS) if settings.seeds == AUTO else ALPHA
    return Prepared(entry, experiment, name, data_of, settings.seed_list, jobs, settings, alpha)


def _data_of(
    experiment: Experiment,
    data_dir: Path | None,
    resampled: bool = False,
    table: datasets.TableOptions | None = None,
) -> dict[str, Data]:
    """Loads each variant's data; variants that ask for the same share them."""
    loaded: dict[Any, Data] = {}
    weighing: dict[Any, Data] = {}
    found = {}
    for variant in experiment.variants:
        recipe = experiment.recipe_for(variant)
        wanted = (recipe.data, recipe.train_examples, recipe.preprocessing)
        if wanted not in loaded:
            load = datasets.load_draws if resampled else datasets.load
            loaded[wanted] = load(
                recipe.data,
                data_dir=data_dir,
                train_examples=recipe.train_examples,
                preprocessing=recipe.preprocessing,
                table=table,
            )
        counted = (wanted, repr(recipe.class_weight))
        if counted not in weighing:
            weighing[counted] = weighted(loaded[wanted], recipe.class_weight)
        found[variant] = weighing[counted]
    return found
