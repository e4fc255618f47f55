"""What a process of the cluster does: checks that it would train the same runs, and trains them.

It imports Keras only when it is asked to train, and tells who it is before.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.runner.cluster.parcel import Source

# What a process says, each with something: who it is (machine and process); a line for --verbose;
# a result with the place of its job; why it must not train; a mistake in the user's code with file,
# line and what was said; anything else that went wrong, as Python tells it.
Message = tuple[str, Any]
BEGAN, NOTE, RESULT, REFUSED, MISTAKE, ERROR = (
    "began",
    "note",
    "result",
    "refused",
    "mistake",
    "error",
)
KEPT = 2  # parcels and data, as the next task is likely to be of the same

_known: dict[Any, Any] = {}


class Notes:
    """Keeps what the engine notes, for the next message."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def epoch(self, jobs: list[Any], epoch: int) -> None:
        """Does nothing: rows tell how far training has come."""

    def note(self, text: str) -> None:
        """Keeps a text."""
        self.texts.append(text)


def train(refs: Sequence[Any], places: Sequence[int], backend: str) -> Iterator[Message]:
    """Trains some of the runs of a parcel and yields messages.

    Args:
        refs: Where the parcel and its data lie.
        places: Which runs, by their places in the parcel.
        backend: Keras's back end.
    """
    import ray

    yield BEGAN, (ray.util.get_node_ip_address(), os.getpid())
    sent = None
    try:
        os.environ.setdefault("KERAS_BACKEND", backend)
        from zoo.engine.device import import_keras

        import_keras(alone=True)
        sent = _kept(refs[0])
        yield from _trained(sent, refs, places)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the user's code raises is told there
        yield _told(error, sent.sources if sent is not None else {})


def _trained(sent: Any, refs: Sequence[Any], places: Sequence[int]) -> Iterator[Message]:
    import keras
    from ray import cloudpickle

    from zoo.engine.device import device_name
    from zoo.runner.cluster import parcel

    if why := parcel.refusal(sent):
        yield REFUSED, why
        return
    if parcel.install(sent.sources):
        _known.clear()
    keras.config.set_dtype_policy(sent.policy)
    jobs, engine = _kept((refs[0], "jobs"), lambda: cloudpickle.loads(sent.written))
    data = _kept(refs[1])
    own = [jobs[place] for place in places]
    if why := parcel.refusal_of_data(data) or parcel.refusal_of_keys(own, data):
        yield REFUSED, why
        return
    yield NOTE, f"{device_name()}: {len(own)} runs of {own[0].run.variant}"
    notes = Notes()
    place_of = {id(job): place for place, job in zip(places, own, strict=True)}
    by_run = {job.run: place_of[id(job)] for job in own}
    for result in engine.train(own, data, notes, jobs):
        while notes.texts:
            yield NOTE, notes.texts.pop(0)
        yield RESULT, (by_run[result.run], result)


def _kept(name: Any, make: Any = None) -> Any:
    """Returns what lies at a reference, or what a function makes, and keeps the last few."""
    import ray

    if name not in _known:
        _known[name] = make() if make is not None else ray.get(name)
        for old in list(_known)[: -3 * KEPT]:
            del _known[old]
    return _known[name]


def _told(error: BaseException, sources: dict[str, Source]) -> Message:
    """Returns what is to be said of an error: where the user's code raised it, if it did."""
    from zoo.errors import ZooError

    ours = isinstance(error, ZooError)
    said = " ".join([f"{type(error).__name__}:", *str(error).split()]).rstrip(":.")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for source in sources.values():
            if frame.filename == source.origin:
                return MISTAKE, (source.origin, frame.lineno, str(error) if ours else said, ours)
    if ours:
        return REFUSED, f"says: {error}"
    return ERROR, "".join(traceback.format_exception(error))
