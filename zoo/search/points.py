"""What a search is: an experiment, a space, a strategy; and the runs of a point of the space."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from callbacks import DivergenceGuard
from zoo.data import FIXED, Data, TableOptions
from zoo.errors import ZooError, check_count
from zoo.experiment import Experiment, Recipe
from zoo.results.scores import file_name
from zoo.runner.prepare import Settings, folder_name
from zoo.runner.prepare import prepare as prepare_experiment
from zoo.runner.registry import Entry
from zoo.runs import plan
from zoo.runs.run import Job
from zoo.search.oracle import OBJECTIVE, Trial, check
from zoo.search_space import (
    LEARNING_RATE,
    MOMENTUM,
    VARIANT,
    Dimension,
    keywords,
    overridden,
    space_of,
)


@dataclass(frozen=True, kw_only=True)
class ExperimentSearch:
    """What is searched, how, and on which data.

    Attributes:
        entry: The experiment's module.
        experiment: The experiment with the settings applied.
        data_of: Data by variant.
        space: What varies, by name.
        strategy: One of `zoo.search.oracle.STRATEGIES`.
        trials: Most trials.
        executions: Seeds of each trial.
        seed: Seed of the search.
        coarse_to_fine: Whether half of the trials look widely with a quarter of the epochs and the
            other half closely, around the best, with all of them.
        table: What is said about a table.
    """

    entry: Entry
    experiment: Experiment
    data_of: Mapping[str, Data]
    space: Mapping[str, Dimension]
    strategy: str
    trials: int
    executions: int
    seed: int
    coarse_to_fine: bool
    table: TableOptions | None = None

    @property
    def epochs(self) -> int:
        """Epochs of a trial that is trained to the end."""
        return self.experiment.recipe.epochs

    @property
    def name(self) -> str:
        """Name of the folder, which says all that makes the search what it is."""
        declared = self.entry.load()
        usual = usual_space(declared)
        changed = [str(each) for name, each in self.space.items() if usual.get(name) != each]
        differing = {
            self.strategy: "",
            "seed": str(self.seed),
            # Hyperband's number of trials follows from the epochs.
            "trials": "" if self.strategy == "hyperband" else str(self.trials),
            "executions": str(self.executions) if self.executions > 1 else "",
        }
        words = {name: each for name, each in differing.items() if each or name == self.strategy}
        words |= {"coarse-to-fine": ""} if self.coarse_to_fine else {}
        settings = Settings(epochs=self.epochs, data=self.experiment.recipe.data, table=self.table)
        words |= settings.beyond(declared).differing()
        return folder_name(self.entry.name, words | dict.fromkeys(changed, ""))


def prepare(
    entry: Entry,
    settings: Settings,
    data_dir: Path | None,
    *,
    words: Sequence[str] = (),
    strategy: str = "random",
    trials: int = 50,
    executions: int = 1,
    seed: int = 0,
    coarse_to_fine: bool = False,
) -> ExperimentSearch:
    """Loads experiment and data and lays out the space; trains nothing.

    Raises:
        ZooError: If a number or a word is out of its range.
    """
    check(strategy, trials)
    check_count("--executions", executions)
    if coarse_to_fine and strategy == "hyperband":
        raise ZooError(
            "Hyperband has coarse and fine stages of its own. Leave --coarse-to-fine out."
        )
    if coarse_to_fine and trials < 2:
        raise ZooError(f"`--coarse-to-fine` needs at least 2 trials. Received: {trials}")
    # The trials of a search compete on the same examples.
    fixed = dataclasses.replace(settings, split=FIXED)
    prepared = prepare_experiment(entry, fixed, data_dir)
    experiment = prepared.experiment
    known = [*keywords(experiment.recipe.build_model, experiment.factor)]
    known += [MOMENTUM] * bool(_momentum(experiment))
    return ExperimentSearch(
        entry=entry,
        experiment=experiment,
        data_of=prepared.data_of,
        space=overridden(usual_space(experiment), words, known),
        strategy=strategy,
        trials=trials,
        executions=executions,
        seed=seed,
        coarse_to_fine=coarse_to_fine,
        table=settings.table,
    )


def recipe_of(
    search: ExperimentSearch, values: Mapping[str, Any], epochs: int
) -> tuple[str, Recipe]:
    """Returns the variant and the recipe of a point of the space, which stops what diverges."""
    label = str(values.get(VARIANT, search.experiment.baseline))
    return label, guarded(changed(search.experiment.recipe_for(label), values, epochs))


def changed(recipe: Recipe, values: Mapping[str, Any], epochs: int) -> Recipe:
    """Returns a recipe with the values of a point of the space, but for its learning rate."""
    other = {k: v for k, v in values.items() if k not in (VARIANT, LEARNING_RATE, MOMENTUM)}
    changes: dict[str, Any] = {"epochs": epochs}
    if other:
        changes["build_model"] = partial(recipe.build_model, **other)
    if MOMENTUM in values:
        changes["optimizer"] = partial(_with_momentum, recipe.optimizer, 1 - values[MOMENTUM])
    return dataclasses.replace(recipe, **changes)


def guarded(recipe: Recipe) -> Recipe:
    """Returns the recipe with a callback that stops at three times the original cost."""
    return dataclasses.replace(recipe, callbacks=partial(_guarded, recipe.callbacks))


def _guarded(callbacks: Callable[[], list[Any]]) -> list[Any]:
    return [*callbacks(), DivergenceGuard()]


def _with_momentum(optimizer: Callable[[Any], Any], momentum: float, rate: Any) -> Any:
    """Returns the optimizer with another momentum, which Adam and its kind call beta_1."""
    made = optimizer(rate)
    setattr(made, _momentum_of(made)[0], momentum)
    return made


def _momentum_of(optimizer: Any) -> list[str]:
    return [name for name in ("momentum", "beta_1") if hasattr(optimizer, name)]


def _momentum(experiment: Experiment) -> str:
    """Returns what the recipe's optimizer calls its momentum; empty if it has none."""
    if experiment.factor == "optimizer":
        return ""
    return next(iter(_momentum_of(experiment.recipe.optimizer(1.0))), "")


def usual_space(experiment: Experiment) -> dict[str, Dimension]:
    """Returns the space that follows from an experiment, with the momentum if it is SGD's."""
    found = space_of(experiment)
    if _momentum(experiment) == "momentum" and experiment.recipe.optimizer(1.0).momentum:
        found[MOMENTUM] = Dimension(MOMENTUM, 1e-3, 1.0, "log")
    return found


def jobs_of(search: ExperimentSearch, trial: Trial, epochs: int, seeds: Sequence[int]) -> list[Job]:
    """Returns the runs of a trial with their keys, one a seed.

    Args:
        search: What is searched.
        trial: A point of the space.
        epochs: Epochs, unless the trial has its own.
        seeds: The replicates.
    """
    label, recipe = recipe_of(search, trial.values, trial.epochs or epochs)
    rate = trial.values.get(LEARNING_RATE, search.experiment.learning_rates(label)[0])
    return plan.jobs_of(recipe, search.data_of[label], label, [rate], seeds)


def spec_of(search: ExperimentSearch) -> dict[str, Any]:
    """Returns the search as declared, ready for JSON."""
    data = search.data_of[search.experiment.baseline]
    return {
        "search": search.name,
        "kind": "search",
        "objective": file_name(OBJECTIVE) if data.of_numbers else OBJECTIVE,
        "direction": "max",
        "experiment": search.entry.name,
        "question": search.entry.question,
        "strategy": search.strategy,
        "trials": search.trials,
        "executions": search.executions,
        "seed": search.seed,
        "epochs": search.epochs,
        "coarse_to_fine": search.coarse_to_fine,
        "space": [str(dimension) for dimension in search.space.values()],
        "data": data.name,
    }
