"""How much memory this process may use: the machine's, its container's and its own limits."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

UNLIMITED = 2**60  # containers write that there is no limit as a number beyond it, or as a word


def total_memory(root: Path = Path("/")) -> int:
    """Returns the bytes of memory that a process here can ever have.

    Args:
        root: Where `proc` and `sys` lie.
    """
    return min(_built_in(), _own_limit(), *(limit for limit, _ in _containers(root)))


def free_memory(root: Path = Path("/")) -> int:
    """Returns the bytes of memory that this process can still use without swapping.

    Args:
        root: Where `proc` and `sys` lie.
    """
    left = [limit - used for limit, used in _containers(root)]
    return max(0, min(_available(root), _own_limit() - _mapped(root), *left))


def memory_maps(root: Path = Path("/")) -> tuple[int, int]:
    """Returns how many memory maps this process has, and how many it may have.

    Where it is no Linux that says so, it has none and may have any number.

    Args:
        root: Where `proc` lies.
    """
    try:
        most = int((root / "proc/sys/vm/max_map_count").read_text(encoding="ascii"))
        with (root / "proc/self/maps").open("rb") as maps:
            return sum(1 for _ in maps), most
    except OSError:
        return 0, UNLIMITED


def _built_in() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _own_limit() -> int:
    """Returns the limit of this process's addresses, which `ulimit -v` sets."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return UNLIMITED if limit == resource.RLIM_INFINITY else limit


def _available(root: Path) -> int:
    try:
        text = (root / "proc/meminfo").read_text(encoding="ascii")
        lines = dict(line.split(":", 1) for line in text.splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: then at most what is built in
        return _built_in()


def _mapped(root: Path) -> int:
    try:
        pages = (root / "proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _containers(root: Path) -> Iterator[tuple[int, int]]:
    """Yields limit and use of the control groups that this process is in, and of no limit.

    The files' pages that a group could drop are not counted as used. Source: the kernel's
    documentation of control groups, versions 1 and 2.
    """
    yield UNLIMITED, 0
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base, names = root / "sys/fs/cgroup", ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            base = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        inside = base / path.lstrip("/")
        # In a container the path may be the host's, and then the base is the group's own.
        for folder in (inside, *inside.parents):
            if folder.is_relative_to(base):
                limit, used = (_number(folder / name) for name in names)
                if limit is not None and limit < UNLIMITED:
                    yield limit, max(0, (used or 0) - _droppable(folder))


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _droppable(folder: Path) -> int:
    try:
        text = (folder / "memory.stat").read_text(encoding="ascii")
    except OSError:
        return 0
    counts = dict(line.split() for line in text.splitlines())
    return int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
