"""What travels to the processes that train: runs with their recipes, and the user's own modules.

Recipes name functions and classes of modules. Those of the user go along as files, as other
machines may not have them, and as the key of a run counts the source of its classes.
"""

from __future__ import annotations

import functools
import linecache
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source, spec_from_loader
from pathlib import Path
from typing import Any

from zoo.data import Data, Draws
from zoo.errors import ZooError
from zoo.runner.trainer import Engine
from zoo.runs.code import is_users
from zoo.runs.identity import digest_of_sources, library_versions
from zoo.runs.plan import jobs_of
from zoo.runs.run import Job

# What computes; recipes and keys bring the rest.
SOURCES = ("zoo/*.py", "zoo/data/*.py", "zoo/engine/*.py", "zoo/runs/*.py", "callbacks/**/*.py")
MANY = "Give all machines the same versions of the zoo and its packages."


@dataclass(frozen=True)
class Source:
    """A module of the user's.

    Attributes:
        origin: Where it lies on the sender's machine.
        text: What is in it.
        is_package: Whether it is the `__init__` of one.
    """

    origin: str
    text: bytes
    is_package: bool


@dataclass(frozen=True)
class Parcel:
    """Runs on the same data, ready to travel.

    Attributes:
        written: The jobs and the engine, as cloudpickle writes them.
        sources: The user's modules by name.
        versions: What has to be the same where they are trained, by what it is of.
        policy: Name of Keras's policy of data types.
    """

    written: bytes
    sources: dict[str, Source] = field(repr=False)
    versions: dict[str, str]
    policy: str


def packed(jobs: Sequence[Job], engine: Engine) -> Parcel:
    """Returns the runs as they travel.

    Raises:
        ZooError: If something that belongs to them cannot be sent.
    """
    import keras
    from ray import cloudpickle

    try:
        written = cloudpickle.dumps((list(jobs), engine))
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise ZooError(
            f"What the runs are made of cannot be sent to another process ({type(error).__name__}: "
            f"{said}). Train them here, without workers."
        ) from error
    return Parcel(written, sources(), versions(), keras.config.dtype_policy().name)


def sources() -> dict[str, Source]:
    """Returns the user's imported modules that are files of Python."""
    found = {}
    for name, module in sys.modules.copy().items():
        file = getattr(module, "__file__", None) or ""
        inside = name.partition(".")[0]
        if inside in ("__main__", "experiments") or not file.endswith(".py") or not is_users(name):
            continue
        if (path := Path(file)).is_file():
            found[name] = Source(file, path.read_bytes(), hasattr(module, "__path__"))
    return found


@functools.cache
def versions() -> dict[str, str]:
    """Returns what has to be the same where runs are planned and trained, by what it is of."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, **library_versions(), "the zoo's code": digest_of_sources(*SOURCES)}


class _Modules(InspectLoader, MetaPathFinder):
    """Imports the user's modules from what was sent, as if they lay where the sender has them."""

    def __init__(self) -> None:
        self.sent: dict[str, Source] = {}
        self.known: dict[str, Source] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in self.known:
            return None
        source = self.known[name]
        spec = spec_from_loader(name, self, origin=source.origin, is_package=source.is_package)
        if spec is not None:
            spec.has_location = True  # so that the module has a file, as the user's modules have
        return spec

    def get_source(self, fullname: str) -> str:
        return decode_source(self.known[fullname].text)

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.get_source(fullname), self.known[fullname].origin)

    def is_package(self, fullname: str) -> bool:
        return self.known[fullname].is_package


_modules = _Modules()


def install(wanted: dict[str, Source]) -> bool:
    """Has the user's modules imported from what was sent, instead of what was sent before.

    Returns:
        Whether they are others than before, so that nothing may be used that was made of those.
    """
    if _modules not in sys.meta_path:
        sys.meta_path.insert(0, _modules)
    if _modules.sent == wanted:
        return False
    _modules.sent = wanted
    for name in _modules.known:
        sys.modules.pop(name, None)
    # A module that this process has by itself, such as one that Ray imports, stays.
    _modules.known = {name: each for name, each in wanted.items() if name not in sys.modules}
    for name, source in _modules.known.items():
        text = _modules.get_source(name)
        # Without a time: whatever lies at this path on this machine, it is not what was sent.
        cached = (len(text), None, text.splitlines(keepends=True), source.origin)
        linecache.cache[source.origin] = cached
    return True


def refusal(sent: Parcel) -> str:
    """Returns why this process must not train what was sent: it has other versions; or nothing."""
    own = versions()
    for name, version in sent.versions.items():
        if own.get(name) != version:
            digests = name == "the zoo's code"
            both = "" if digests else f": {own.get(name, 'none')} there, {version} here"
            return f"differs in {name}{both}. {MANY}"
    return ""


def refusal_of_data(data: Data) -> str:
    """Returns a text if the draws of the data come out otherwise in this process; or nothing."""
    if isinstance(data, Draws) and not data.comes_out_again():
        return f"draws other examples of {data.name}. {MANY}"
    return ""


def refusal_of_keys(jobs: Sequence[Job], data: Data) -> str:
    """Returns a text if the runs have other keys when they are planned here; or nothing."""
    by_recipe: dict[tuple[int, str], list[Job]] = {}
    for job in jobs:
        by_recipe.setdefault((id(job.recipe), job.run.variant), []).append(job)
    for (_, variant), own in by_recipe.items():
        rates = dict.fromkeys(job.run.learning_rate for job in own)
        seeds = list(dict.fromkeys(job.run.seed for job in own))
        known = {job.run.key for job in jobs_of(own[0].recipe, data, variant, rates, seeds)}
        if any(job.run.key and job.run.key not in known for job in own):
            return f"makes another run of {variant}: the experiment's code differs. {MANY}"
    return ""
