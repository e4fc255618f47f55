"""Which results no longer match the code, the data or the versions: found without training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data import available
from zoo.errors import MissingDataError, ZooError
from zoo.results.files import read_spec
from zoo.results.store import FILE, Store
from zoo.runner import kinds, measured
from zoo.runner.prepare import Settings
from zoo.runner.registry import Entry

# What the declaration and the results must have alike, besides what is compared word by word.
PLAIN = ("question", "factor", "baseline", "places", "alpha")
DATA = ("name", "fingerprint", "num_classes", "input_shape", "train", "validation", "test", "split")


@dataclass(frozen=True)
class Found:
    """What was found out about a results folder.

    Attributes:
        name: The folder's name.
        reasons: Why it is stale, each in a few words; empty if it is not.
        unknown: Why that could not be found out; empty if it could.
    """

    name: str
    reasons: tuple[str, ...] = ()
    unknown: str = ""


def look(entry: Entry, root: Path, data: str | None = None) -> Found:
    """Returns whether the results of an experiment are those that a run would write now.

    The declaration is compared with `spec.json`, and the keys of the runs with those in the store,
    where it has runs of the experiment: a key knows all code and data that its numbers depend on.

    Args:
        entry: The experiment.
        root: The results folder, of all experiments.
        data: The data set, if it is another than the declared one.
    """
    name = entry.name if data is None else f"{entry.name}@data={data}"
    spec = read_spec(root / name)
    kind = kinds.of(entry)
    try:
        prepared = kind.prepare(entry, Settings(data=data), None)
    except MissingDataError as needed:
        return Found(name, unknown=str(needed))
    except ZooError as wrong:
        return Found(name, (f"it can no longer be run: {wrong}",))
    needs = getattr(prepared.experiment, "needs", "")
    if needs and "not downloaded" in available()[needs]:
        return Found(name, unknown=f"it needs {needs}, which is not here")
    reasons = differences(spec, json.loads(json.dumps(kind.spec_of(prepared))))
    if (root / FILE).is_file():
        with Store(root) as store:
            missing, whole, noun = _not_stored(prepared, store)
        if missing and not any(each.startswith("versions") for each in reasons):
            does = "train" if noun == "runs" else "measure"
            reasons.append(f"code or settings: a run would {does} {missing} of {whole} {noun}")
    return Found(name, tuple(reasons))


def _not_stored(prepared: Any, store: Store) -> tuple[int, int, str]:
    """Returns how many runs or cells are not stored, out of how many, and what they are.

    None, if the store has nothing of the experiment: its results came from elsewhere.
    """
    there = store.has(prepared.folder_name)
    if not isinstance(prepared, measured.Prepared):
        keys = {job.run.key for job in prepared.jobs}
        return len(keys - store.known(keys)) if there else 0, len(keys), "runs"
    if prepared.experiment.timed or not there:  # of times nothing is stored
        return 0, 0, "cells"
    from zoo.runner.cells import key_and_unknown

    keys = {
        key_and_unknown(prepared.experiment, label, seed)[0]
        for label in prepared.experiment.variants
        for seed in range(prepared.seeds)
    }
    return sum(store.cell(key) is None for key in keys), len(keys), "cells"


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Returns what differs between the declaration as it was run and as it is now, in words.

    Learning rates and seeds that a run added by itself are no difference.

    Args:
        old: As in `spec.json`.
        new: The same, as it would be written now.
    """
    found = [
        *_changed("versions", old["versions"], new["versions"], new["versions"]),
        *_changed("data", old.get("data", {}), new.get("data", {}), DATA),
        *_changed("recipe", old.get("recipe", {}), new.get("recipe", {}), new.get("recipe", {})),
        *_changed("declaration", old, new, PLAIN),
    ]
    if list(old["variants"]) != list(new["variants"]):
        found.append(f"variants: {_gone_and_new(old['variants'], new['variants'])}")
    if not set(new["seeds"]) <= set(old["seeds"]):
        found.append(f"seeds: {len(old['seeds'])} -> {len(new['seeds'])}")
    rates = old.get("learning_rates", {})
    for label, grid in new.get("learning_rates", {}).items():
        if label in rates and not set(grid) <= set(rates[label]):
            found.append(f"learning rates of {label}")
    before, now = ({each["id"]: each for each in spec.get("claims", [])} for spec in (old, new))
    if changed := [name for name in {**before, **now} if before.get(name) != now.get(name)]:
        found.append(f"claims: {', '.join(changed)}")
    return found


def _changed(
    what: str, old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str]
) -> list[str]:
    """Returns a sentence on the values that differ; one that was not written then is none."""
    pairs = [(name, old[name], new.get(name)) for name in names if name in old]
    told = [f"{name} {before} -> {now}" for name, before, now in pairs if before != now]
    return [f"{what}: {', '.join(told)}"] if told else []


def _gone_and_new(old: Iterable[str], new: Iterable[str]) -> str:
    gone = [f"without {label}" for label in old if label not in set(new)]
    come = [f"with {label}" for label in new if label not in set(old)]
    return ", ".join([*gone, *come]) or "in another order"


def folders_of(names: Iterable[str], root: Path) -> tuple[list[str], list[str]]:
    """Returns the folders that can be looked at, and those with settings of their own.

    What was put together of others (a panel, a grid) is as good as they are: named, it stands for
    them.

    Args:
        names: Names of folders, none for all.
        root: The results folder.
    """
    named = list(names)
    plain: list[str] = []
    own: list[str] = []
    for name in named or sorted(path.parent.name for path in root.glob("*/spec.json")):
        spec = read_spec(root / name)
        if spec.get("kind") in ("panel", "holds_when"):
            parts = folders_of(spec["runs"], root) if named else ([], [])
            plain += parts[0]
            own += parts[1]
            continue
        words = name.partition("@")[2]
        known = not words or (words.startswith("data=") and "," not in words)
        if spec.get("kind") != "search":
            (plain if known else own).append(name)
    return list(dict.fromkeys(plain)), list(dict.fromkeys(own))
