"""Ends this process, in words, where the head of its cluster cannot be reached any more.

Ray would end it some 20 seconds later, from C++, with words about servers of its own.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

LOST_SECONDS = 45.0  # Ray waits for 60; a shorter cut does no harm
LOOK_SECONDS = 5.0
CODE = 2


def answers(address: str) -> bool:
    """Returns whether something takes connections at an address, `HOST:PORT`."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), LOOK_SECONDS).close()
    except OSError:
        return False
    return True


def watch(address: str) -> threading.Event:
    """Begins to watch a cluster.

    Args:
        address: `HOST:PORT` of its head.

    Returns:
        What ends the watching when it is set.
    """
    over = threading.Event()
    threading.Thread(target=_watch, args=(address, over), daemon=True).start()
    return over


def _watch(address: str, over: threading.Event) -> None:
    heard = time.monotonic()
    while not over.wait(LOOK_SECONDS):
        if answers(address):
            heard = time.monotonic()
        elif time.monotonic() - heard > LOST_SECONDS and not over.is_set():
            _end(address)


def _end(address: str) -> None:
    """Ends this process at once: whatever asks Ray now, to be ended, too, waits for the cluster."""
    sys.stderr.write(
        f"\nThe cluster at {address} has not answered for {LOST_SECONDS:g} seconds. "
        "What has ended is stored,\n"
        "and the same command goes on once the network, and Ray on this machine, are there again.\n"
    )
    sys.stderr.flush()
    os._exit(CODE)
