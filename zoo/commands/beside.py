"""What is only measured runs in a process of its own, beside those experiments that train."""

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
from typing import TYPE_CHECKING

from zoo.commands.options import echo

if TYPE_CHECKING:
    from zoo.runner.registry import Entry

# Holds the id of the process that the other one runs beside, then the files that it is to run.
PARENT = "ZOO_BESIDE"
FEWEST = 3  # measured experiments that are worth another process, which takes seconds to start


def shared_out(found: Sequence[Entry]) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Returns which experiments run here, which beside them, and which alone after both.

    On an accelerator all run here, as they do where another process would have no core of its own.
    What is timed runs alone.
    """
    from zoo.engine.device import on_processor

    measured = [entry for entry in found if entry.kind == "measured"]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if len(measured) < FEWEST or len(measured) == len(found) or cores < 2 or not on_processor():
        return list(found), [], []
    timed = [entry for entry in measured if entry.load_measurement().timed]
    trained = [entry for entry in found if entry not in measured]
    return trained, [entry for entry in measured if entry not in timed], timed


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
    theirs = os.pathsep.join([str(os.getpid()), *(str(entry.path) for entry in entries)])
    here = os.pathsep.join(filter(None, [_root(), os.environ.get("PYTHONPATH", "")]))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "zoo", *sys.argv[1:]],
            env={**os.environ, "PYTHONPATH": here, PARENT: theirs},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches it once, from here
        )
        try:
            yield failed
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        said.seek(0)
        echo(said.read())
    if code:
        failed.append("some of those that were measured beside the others, see above")


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
        threading.Thread(target=_watch, args=(number,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)
