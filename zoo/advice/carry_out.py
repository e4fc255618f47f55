"""Carries a request for advice out: clock, race, knobs together, rows kept back, files."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.advice import models
from zoo.advice import race as races
from zoo.advice.bench import BASELINE, Bench
from zoo.advice.clock import (
    COMPILED_TOO,
    FINAL_SEEDS,
    LOOKS,
    Clock,
    Pace,
    Plan,
    batch_size_for,
    least,
    most_epochs,
    plan,
    reserve,
)
from zoo.advice.finish import Last, Together, helpers, tested_once, turn_together
from zoo.advice.held import Split, kept_back
from zoo.advice.knobs import LEARNING_RATE, Item, items_of, own_items, rates_of, some_rates
from zoo.advice.network import baseline
from zoo.advice.program import program
from zoo.advice.record import record_of
from zoo.advice.words import COLUMNS, markdown, sentence_of
from zoo.data import TableOptions
from zoo.data.parts import Parts
from zoo.errors import Interrupted, ZooError
from zoo.experiment import Experiment, Recipe
from zoo.results.advised import FILE as ANSWER
from zoo.results.advised import FOLDER, ordered, read_advice
from zoo.results.files import write_frame, write_text
from zoo.results.schema import read_text
from zoo.results.scores import ACCURACY, R2
from zoo.results.store import Store
from zoo.runner import estimate, regression
from zoo.runner.trainer import Engine
from zoo.runs.plan import jobs_of, steps_per_epoch

if TYPE_CHECKING:
    from zoo.runner.cluster.connection import Cluster

STANDARD = "2 x 100 ReLU, He, Adam, nothing else"
PLANS = "plans.json"  # of every budget that was given
LAST_SECONDS = 3.0  # of the budget, for files and pictures
ROOM, STEP = 1.4, 5  # what is advised above the shortest budget, and in which steps of seconds


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user asks.

    Attributes:
        name: What the data are called in the name of the folder.
        parts: The data.
        path: The data, as `zoo.data.load` takes them.
        table: What is said about a table.
        budget: Seconds.
        margin: Largest difference that does not matter, as a share of 1.
        knobs: Names of what to ask, in prior order.
        command: What asks the same again.
        results: The results folder of all experiments.
        title: What the data are called in words; empty for their name.
        notes: What the user should know of the data, in lines.
        experiment: The user's own experiment, whose recipe is the baseline; `None` without one.
        file: Its path.
        engine: What trains.
        cluster: Processes of this machine that train; `None` for this one.
    """

    name: str
    parts: Parts
    path: str
    table: TableOptions | None
    budget: float
    margin: float
    knobs: tuple[str, ...]
    command: str
    results: Path
    title: str = ""
    notes: tuple[str, ...] = ()
    experiment: Experiment | None = None
    file: str = ""
    engine: Engine = dataclasses.field(default_factory=Engine)
    cluster: Cluster | None = None

    @property
    def folder(self) -> Path:
        """Where the answer lies."""
        return self.results / FOLDER / self.name


def carry_out(request: Request, clock: Clock, tell: Callable[[str], None]) -> Path:
    """Answers a request and writes the answer; runs that are stored are not trained again.

    Args:
        request: What is asked.
        clock: The budget.
        tell: Is told how far it has come.

    Returns:
        The folder with the answer.

    Raises:
        ZooError: If the data or a word is wrong.
        Interrupted: If the user interrupts; the answer so far is written.
    """
    split = kept_back(request.name, request.parts)
    recipe, items, left = _asked(request, split)
    with Store(request.results) as store:
        pace, chosen, again = _planned(request, clock, split, recipe, items)
        enough = recipe.epochs
        recipe = _fitted(recipe, chosen)
        kept_for = f"{FOLDER}/{request.name}"
        bench = Bench(split, recipe, store, kept_for, request.engine, request.cluster)
        if chosen.rates == 1:
            left |= {i.label: "one learning rate fits" for i in items if i.knob == LEARNING_RATE}
            items = [item for item in items if item.knob != LEARNING_RATE]
        tell(_opening(split, request.title, chosen, enough, len(items)))
        for note in request.notes:
            tell(note)
        if again:
            tell(f"asked before: what is known is kept, and another {request.budget:.0f} s begin")
        if _differs(request, chosen):
            tell("the answer to another budget or other knobs is replaced; what it trained is kept")
        race = races.Race(margin=request.margin, left=left)
        together: Together | None = None
        last: Last | None = None

        def helping() -> list[Item]:
            return helpers(race.asked, race.effects(split.rows))

        def reserved() -> None:
            clock.reserved = reserve(clock.budget, pace, chosen, len(helping()))

        try:
            reserved()
            races.run(race, items, bench, clock, pace, chosen, tell, reserved)
            clock.reserved = _for_last(pace, chosen)
            together = turn_together(helping(), bench, clock, pace, chosen, tell)
            last = tested_once(
                together.best.items, bench, lambda: max(clock.left, clock.budget / 20)
            )
        except KeyboardInterrupt:
            if not race.asked:
                raise Interrupted("The same command goes on from there.") from None
            _write(request, split, race, chosen, together, last)
            raise Interrupted(
                f"The answer so far is in {request.folder}; the same command goes on from there."
            ) from None
    folder = _write(request, split, race, chosen, together, last)
    ended = ": nothing is left to ask" if race.ended else ""
    tell(f"{clock.spent:.0f} s of {clock.budget:.0f} s{ended}")
    return folder


def _asked(request: Request, split: Split) -> tuple[Recipe, list[Item], dict[str, str]]:
    """Returns the baseline, what is asked about it, and why the rest is not."""
    experiment, examples = request.experiment, len(split.draws.y_train)
    if experiment is None:
        size = batch_size_for(examples)
        recipe = baseline(most_epochs(examples // size), size)
        if split.draws.of_numbers:
            recipe = dataclasses.replace(recipe, loss=regression.squared_error)
        return (recipe, *items_of(recipe, request.knobs, examples))
    data_of = dict.fromkeys(experiment.variants, split.draws)
    experiment = regression.fitting(request.name, experiment, data_of)
    recipe = dataclasses.replace(experiment.recipe_for(experiment.baseline), probes={})
    own = own_items(experiment)
    items, left = items_of(recipe, request.knobs, examples)
    return recipe, [*own, *(item for item in items if item.keyword != experiment.factor)], left


def _planned(
    request: Request, clock: Clock, split: Split, recipe: Recipe, items: Sequence[Item]
) -> tuple[Pace, Plan, bool]:
    """Measures how fast networks train here, and plans; or takes the plan that was begun.

    Returns:
        The pace, the plan, and whether it was begun before.

    Raises:
        ZooError: If the budget is too short for the smallest plan.
    """
    draws, path = split.draws, request.folder / PLANS
    same = {
        "data": draws.fingerprint,
        "budget": request.budget,
        "knobs": list(request.knobs),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
    }
    known = _plans(path)
    for asked, pace, chosen in known:
        if asked == same:
            return pace, chosen, True
    jobs = jobs_of(recipe, draws, BASELINE, some_rates(recipe, 1), range(LOOKS[0]))
    compiling, step = estimate.probe(jobs, draws, request.engine)
    steps, trees = steps_per_epoch(recipe, draws), models.seconds_of_trees(split)
    pace = Pace(COMPILED_TOO * compiling, step, steps, trees)
    grid, budget = len(rates_of(recipe)), request.budget
    chosen = plan(budget, clock.left, pace, items, recipe.batch_size, grid, recipe.epochs)
    check_time(budget, clock.spent, least(budget, pace, items, chosen))
    every = [
        {"asked": asked, "pace": dataclasses.asdict(own), "plan": dataclasses.asdict(each)}
        for asked, own, each in [*known, (same, pace, chosen)]
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(every, indent=2) + "\n")
    return pace, chosen, False


def _plans(path: Path) -> list[tuple[dict[str, Any], Pace, Plan]]:
    """Returns what was asked, and the pace and the plan that belong to it.

    Raises:
        ZooError: If the file is damaged.
    """
    if not path.is_file():
        return []
    text = read_text(path)
    try:
        kept = json.loads(text)
        return [(each["asked"], Pace(**each["pace"]), Plan(**each["plan"])) for each in kept]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ZooError(
            f"{path} is damaged: {error!r:.80}.\nDelete it: the same command plans anew, and what "
            "was trained is kept."
        ) from error


def _differs(request: Request, chosen: Plan) -> bool:
    """Returns whether there is an answer to another budget, other knobs, or of another plan."""
    path = request.folder / ANSWER
    if not path.is_file():
        return False
    try:
        there = read_advice(request.folder)
    except ZooError:  # it is damaged, and is written anew
        return True
    asked = {"budget_seconds": request.budget, "knobs": list(request.knobs)}
    asked |= {"epochs": chosen.epochs, "rates": chosen.rates}
    return any(there.get(name, value) != value for name, value in asked.items())


def _fitted(recipe: Recipe, chosen: Plan) -> Recipe:
    """Returns the baseline with the epochs and as many rates as the plan has."""
    rates = some_rates(recipe, chosen.rates)
    return dataclasses.replace(recipe, epochs=chosen.epochs, learning_rates=rates)


def _for_last(pace: Pace, chosen: Plan) -> float:
    """Returns the seconds to keep for the networks that are tested on the rows kept back."""
    return 2 * pace.seconds(None, FINAL_SEEDS * chosen.rates, chosen.epochs) + LAST_SECONDS


def _opening(split: Split, title: str, chosen: Plan, enough: int, questions: int) -> str:
    epochs = f"{chosen.epochs} epochs"
    if chosen.epochs < enough:
        epochs += f" ({enough} with more time, or on a machine less busy)"
    rates = f"{chosen.rates} learning rate{'s' * (chosen.rates > 1)}"
    return (
        f"{title or split.name}: {split.rows} rows to ask, {split.held_out} kept back; "
        f"{questions} question{'s' * (questions != 1)}, {epochs}, {rates}"
    )


def _write(
    request: Request,
    split: Split,
    race: races.Race,
    chosen: Plan,
    together: Together | None,
    last: Last | None,
) -> Path:
    """Writes the answer."""
    import pandas as pd

    from zoo.figures.advice import draw_advice
    from zoo.figures.formats import save_figure

    draws, folder = split.draws, request.folder
    effects = race.effects(split.rows)
    own = request.experiment is not None
    record: dict[str, Any] = {
        "name": request.name,
        "title": request.title or request.name,
        "notes": list(request.notes),
        "rows": split.rows,
        "kept_back": split.held_out,
        "classes": draws.num_classes,
        "features": math.prod(draws.input_shape),
        "score": R2 if draws.of_numbers else ACCURACY,
        "network": Path(request.file).name if own else STANDARD,
        "budget_seconds": request.budget,
        "knobs": list(request.knobs),
        **record_of(race, effects, draws.overlap, chosen, together, last),
        "command": request.command,
    }
    record["sentence"] = sentence_of(record)
    best = together.best.items if together else tuple(helpers(race.asked, effects)[:1])
    rows = ordered(record["items"])
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / ANSWER, json.dumps(record, indent=2) + "\n")
    write_frame(folder / "advice.csv", pd.DataFrame(rows, columns=[*COLUMNS, "seconds"]))
    write_text(folder / "advice.md", markdown(record))
    rate = 0.001 if last is None else _usual_rate(last.rates)
    code = program(best, record, request.path, request.table, rate, request.file)
    write_text(folder / "advice.py", code)
    save_figure(draw_advice(record, rows), folder / "effects")
    return folder


def check_time(budget: float, spent: float, needed: float) -> None:
    """Raises ZooError if a budget is too short for an answer.

    Args:
        budget: Seconds.
        spent: Seconds of it that are spent.
        needed: Seconds that the shortest answer takes from here.
    """
    if spent + needed > budget:
        enough = int(math.ceil((spent + needed) * ROOM / STEP) * STEP)
        raise ZooError(
            f"--budget {budget:.0f}s is too short: {spent:.0f} s went into starting, and on this "
            f"machine, as busy as it is, the shortest answer takes about {needed:.0f} s more.\n"
            f"Give --budget {enough}s or more."
        )


def _usual_rate(rates: Sequence[float]) -> float:
    """Returns the most frequent rate, of equally frequent ones the lowest."""
    counts = Counter(rates)
    return min(counts, key=lambda rate: (-counts[rate], rate))
