"""`zoo.run`: the command `run` as a function, for notebooks and other programs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from zoo.errors import ZooError, file_errors_in_words
from zoo.outcome import HERE, Outcome
from zoo.results.folders import root_of

if TYPE_CHECKING:
    from zoo.data import TableOptions
    from zoo.runner.how import How
    from zoo.runner.prepare import Settings
    from zoo.runner.registry import Entry

Texts = str | Iterable[str]


def run(
    name: str | os.PathLike[str],
    *,
    seeds: int | str | None = None,
    data: str | os.PathLike[str] | Iterable[str] | None = None,
    variants: Texts = (),
    set: Mapping[str, Any] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rates: float | Iterable[float] | None = None,
    panel: bool = False,
    scale: str | None = None,
    split: str | None = None,
    target: str | int | None = None,
    drop: Texts = (),
    keep: Texts = (),
    header: str | None = None,
    examples: int | None = None,
    task: str | None = None,
    inputs: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    results: str | os.PathLike[str] = HERE,
    smoke: bool = False,
    record: bool = False,
    fresh: bool = False,
    engine: str = "population",
    population: int | None = None,
    device: str = "auto",
    verbose: int = 1,
) -> Outcome:
    """Runs an experiment as `python -m zoo run` does; runs that are stored are not trained again.

    Args:
        name: Name of an experiment, or the path of a file of yours.
        seeds: Number of seeds (8), or `"auto"`: up to 32 where a claim is undecided.
        data: Name of a data set, or path of a `.npz` or a table; with `panel` a list of them.
        variants: Labels of the only variants to run besides the baseline; without any, all.
        set: What else to change, by name: numbers of the recipe and keywords of `build_model`. A
            list of values runs the experiment with each, and says when an effect holds.
        epochs: Epochs instead of the recipe's.
        batch_size: Examples a step.
        learning_rates: One grid for all variants.
        panel: Whether to run on several data sets and settle the claims over all of them.
        scale: A larger size that the experiment has: `"lecture"` or `"paper"`.
        split: `"resampled"` (each seed draws its own examples) or `"fixed"`.
        target: A table's target, by name or position.
        drop: Columns of a table to leave out.
        keep: Columns that the zoo would leave out.
        header: `"none"` or `"first"`: whether a table's first line is an example or the names.
        examples: How many examples to take, in which classes keep their shares.
        task: `"classification"`, or `"regression"` if the target is a number to be predicted.
        inputs: `"images"` or `"signals"`: what an array (examples, rows, columns) holds.
        data_dir: Folder with `NAME.npz` files, looked in before `ZOO_DATA`.
        results: Results folder, of all experiments.
        smoke: One epoch, two seeds, one rate: does it run?
        record: Whether to record activations, gradients and updates by layer.
        fresh: Whether to train again what is stored.
        engine: `"population"`, or `"fit"` for one run at a time.
        population: Most runs to train at once.
        device: `"auto"`, `"cpu"`, `"gpu"` or `"gpu:N"`; of no effect once Keras is imported.
        verbose: 0 prints nothing, 1 what the command prints but for the results, 2 says more.

    Returns:
        What was found, as `zoo.load` returns it. The results lie in their folder, too.

    Raises:
        ZooError: If a word or a file is wrong; in one or two lines, as the command says it.
        Interrupted: If you interrupt; what is finished is kept, and the same call goes on.

    Example:
        >>> found = zoo.run("dropout", seeds=8, data="digits", set={"units": 100})
    """
    from zoo.engine.device import import_keras
    from zoo.runner import overrides, registry

    if verbose not in (0, 1, 2):
        raise ZooError(f"`verbose` must be 0, 1 or 2. Received: {verbose!r}")
    with file_errors_in_words():
        entry = registry.find(_text("name", name))
        words = words_of(set or {})
        overrides.check_single(words, panel)
        root = root_of(Path(_text("results", results)))
        folder = None if data_dir is None else Path(_text("data_dir", data_dir))
        table = _table(target, drop, keep, header, examples, task, inputs)
        import_keras(device)
        from zoo.runner.how import How
        from zoo.runner.prepare import Settings
        from zoo.runner.trainer import Engine

        settings = Settings(
            seeds=_seeds(seeds),
            epochs=_whole("epochs", epochs),
            batch_size=_whole("batch_size", batch_size),
            data=_data(data, panel),
            table=table,
            learning_rates=_rates(learning_rates),
            scale=scale,
            smoke=smoke,
            variants=_texts("variants", variants),
            split=split,
            words=words,
        )
        how = How(
            results=root,
            console=Console(quiet=verbose == 0),
            engine=Engine(name=engine, largest=_whole("population", population)),
            fresh=fresh,
            record=record,
            verbose=verbose > 1,
        )
        return _carried_out(entry, settings, how, folder, panel)


def _carried_out(
    entry: Entry, settings: Settings, how: How, data_dir: Path | None, panel: bool
) -> Outcome:
    """Runs what was asked for, and writes what follows from it even if it is interrupted."""
    from zoo.runner import request as requests
    from zoo.runner.progress import tell

    request = requests.prepare(entry, settings, data_dir, panel=panel)
    for line in request.told():
        tell(how.console, line)
    folders: list[Path] = []
    try:
        folders, lines = request.run(how)
    finally:
        requests.write_what_follows(how.results, folders)
    for line in lines:
        tell(how.console, line)
    return Outcome(folders[0])


def words_of(changes: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns names and values as `--set` has them: texts, several values separated by commas.

    Raises:
        ZooError: If a value is no number, text, true or false, or a list of such.
    """
    if not isinstance(changes, Mapping):
        raise ZooError(
            f"`set` must be a dict of names and values, like {{'depth': 8}}. Received: {changes!r}"
        )
    return tuple((_text("set", name), _values(name, value)) for name, value in changes.items())


def _values(name: str, value: Any) -> str:
    from zoo.runner.overrides import text_of

    if hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    several = list(value) if isinstance(value, list | tuple | range) else [value]
    if not several or not all(isinstance(v, bool | int | float | str | None) for v in several):
        raise ZooError(
            f"`set` must give {name!r} a number, a text, true or false, or a list of such. "
            f"Received: {value!r:.60}"
        )
    return ",".join(map(text_of, several))


def _text(argument: str, value: Any) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value:
        hint = " Write a DataFrame to a file first: to_csv." * (argument == "data")
        raise ZooError(
            f"`{argument}` must be a name or a path. Received: {type(value).__name__}.{hint}"
        )
    return value


def _texts(argument: str, given: Texts) -> tuple[str, ...]:
    """Returns one text or several; in one several are separated by commas."""
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",")]
    if not isinstance(given, Iterable):
        raise ZooError(f"`{argument}` must be a list of texts. Received: {given!r:.60}")
    return tuple(dict.fromkeys(_text(argument, each) for each in given))


def _data(given: Any, panel: bool) -> str | None:
    if given is None:
        return None
    return ",".join(_texts("data", given)) if panel else _text("data", given)


def _seeds(given: Any) -> int | str | None:
    if given is None or isinstance(given, str):
        return int(given) if given is not None and given.isdecimal() else given
    return _whole("seeds", given)


def _whole(argument: str, given: Any) -> int | None:
    from zoo.runs.arguments import whole_from

    return None if given is None else whole_from(argument, given)


def _rates(given: Any) -> tuple[float, ...] | None:
    from zoo.runs.arguments import rates_from

    return None if given is None else rates_from(given)


def _table(
    target: str | int | None,
    drop: Texts,
    keep: Texts,
    header: str | None,
    examples: int | None,
    task: str | None,
    inputs: str | None,
) -> TableOptions | None:
    """Returns what is said about a table, `None` for nothing."""
    from zoo.data import TableOptions

    own = None if target is None else str(target)
    names = _texts("drop", drop), _texts("keep", keep)
    given = TableOptions(own, *names, header, examples, task, inputs)
    return None if given == TableOptions() else given
