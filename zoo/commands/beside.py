"""What is only measured runs in a process of its own, beside those experiments that train.

Where nothing trains, or no longer, two processes measure: one from the first experiment and seed
on, a helper from the last ones back, until they meet. What they share is the store.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from zoo.commands.options import echo
from zoo.errors import FullError

if TYPE_CHECKING:
    from zoo.runner.registry import Entry

# Holds the id of the process that the other one runs beside, then the files that it is to run.
PARENT = "ZOO_BESIDE"
BACKWARDS = "ZOO_BACKWARDS"  # is set in a helper
MOST = "ZOO_MOST"  # holds how many experiments such a process runs before it begins anew
FAILED = "ZOO_FAILED"  # holds the names of those that have failed before it did
LEFT = "ZOO_LEFT"  # holds the files that a process is to run in the place of one that was full
# TensorFlow keeps all that a process has compiled: 85 experiments took 6.5 GB.
RENEWED_AFTER = 25
MANY_MAPS = 16_000  # of a process that had better end before the next experiment, at some 3 GB
FEWEST = 3  # measured experiments that are worth another process, which takes seconds to start
PATIENCE = 10.0  # seconds of measuring after which a helper is worth its start, or one is ended


def shared_out(found: Sequence[Entry]) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Returns which experiments run here, which beside them, and which alone after both.

    On an accelerator all run here, as they do where another process would have no core of its own.
    What is timed runs alone.
    """
    measured = [entry for entry in found if entry.kind == "measured"]
    trained = [entry for entry in found if entry.kind != "measured"]
    if not measured or (trained and len(measured) < FEWEST) or not _has_cores():
        return list(found), [], []
    timed = [entry for entry in measured if entry.load_measurement().timed]
    others = [entry for entry in measured if entry not in timed]
    return (trained, others, timed) if trained else (others, [], timed)


def _has_cores() -> bool:
    """Returns whether another process has a core of its own to measure on."""
    from zoo.engine.device import cores, on_processor

    return cores() > 1 and on_processor()


@contextmanager
def beside(entries: Sequence[Entry]) -> Iterator[list[str]]:
    """Runs experiments in a process of their own as long as the context lasts, and until they end.

    What they print is printed then. If the context ends with an exception, they are interrupted:
    what they have measured is kept.

    Args:
        entries: The experiments; the options of this command are theirs, too.

    Yields:
        A list that says at the end, in words, what has failed.
    """
    failed: list[str] = []
    if not entries:
        yield failed
        return
    echo(f"{len(entries)} experiments that train nothing are measured beside the others.")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = _started(entries, said)
        try:
            yield failed
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:  # Python drops one that comes where it cannot raise
                process.terminate()
                process.wait()
            raise
        said.seek(0)
        echo(said.read())
    if code:
        failed.append("some of those that were measured beside the others, see above")


class Helper:
    """A process that measures from the last seed to the first what another begins at the first.

    It writes nothing but cells, and says nothing: what is wrong the other meets, too. It ends with
    the context.

    Args:
        entries: What the other measures; may be empty.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.process: subprocess.Popen[str] | None = None
        self._timer: threading.Timer | None = None

    def start_after(self, seconds: float) -> None:
        """Starts it after so many seconds, if another process has a core of its own."""
        if self.entries and _has_cores():
            self._timer = threading.Timer(seconds, self._start)
            self._timer.start()

    def _start(self) -> None:
        self.process = _started(self.entries, subprocess.DEVNULL, {BACKWARDS: "1"})

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def _started(
    entries: Sequence[Entry], said: IO[str] | int, more: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Starts this command in another process, for some experiments only.

    Args:
        entries: The experiments.
        said: Where it prints to.
        more: Variables of its environment.
    """
    here = os.pathsep.join(filter(None, [_root(), os.environ.get("PYTHONPATH", "")]))
    environment: dict[str, Any] = {
        **os.environ,
        "PYTHONPATH": here,
        PARENT: _listed(os.getpid(), entries),
        MOST: str(RENEWED_AFTER),
        **(more or {}),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "zoo", *sys.argv[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that Ctrl-C reaches it once, from here
        text=True,
    )


def _listed(parent: int, entries: Sequence[Entry]) -> str:
    return os.pathsep.join([str(parent), *(str(entry.path) for entry in entries)])


def most_here() -> int:
    """Returns how many experiments this process runs before it begins anew."""
    return int(os.environ.get(MOST, RENEWED_AFTER)) if is_beside() else sys.maxsize


def failed_before() -> list[str]:
    """Returns the experiments that have failed before this process began anew."""
    return list(filter(None, os.environ.pop(FAILED, "").split(os.pathsep)))


def begin_anew(entries: Sequence[Entry], failed: Sequence[str] = ()) -> None:
    """Replaces this process, which runs beside another, by one that runs what is left.

    Args:
        entries: What is left; if there is nothing, this process goes on.
        failed: The experiments that have failed.
    """
    if entries:
        parent = int(os.environ[PARENT].partition(os.pathsep)[0])
        os.environ[PARENT] = _listed(parent, entries)
        os.environ[FAILED] = os.pathsep.join(failed)
        _replace()


def go_on_anew(full: FullError) -> None:
    """Replaces this process by one of the same command, which runs what is left."""
    os.environ[LEFT] = os.pathsep.join(full.left)
    os.environ[FAILED] = os.pathsep.join(full.failed)
    echo("This process has compiled as much as it can hold, so another goes on.")
    _replace()


def _replace() -> None:
    """Puts another process of the same command in the place of this one."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def left() -> list[str]:
    """Returns the files that the process whose place this one has taken had left; may be none."""
    return list(filter(None, os.environ.pop(LEFT, "").split(os.pathsep)))


def is_helper() -> bool:
    """Returns whether this process measures backwards what another measures forwards."""
    return BACKWARDS in os.environ


def is_beside() -> bool:
    """Returns whether this process runs beside another."""
    return PARENT in os.environ


def files_here() -> list[str]:
    """Returns the files that this process is to run, as it runs beside another."""
    return os.environ[PARENT].split(os.pathsep)[1:]


def _root() -> str:
    """Returns the folder that holds the package `zoo`."""
    return str(Path(__file__).parents[2])


def end_with_parent() -> None:
    """Interrupts this process when the one that it runs beside, if there is one, is gone."""
    if parent := os.environ.get(PARENT):
        number = int(parent.partition(os.pathsep)[0])
        # A shell has what it starts in the background ignore it, and so what that starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=_watch, args=(number,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)
