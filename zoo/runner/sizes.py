"""How much memory the data of runs take, before they are trained."""

from __future__ import annotations

from zoo.data import Data, Draws
from zoo.data.arrays import inputs_of
from zoo.data.draws import KEPT_BYTES, bytes_of
from zoo.engine.groups import DRAWS_SHARE

TOLD_BYTES = 2**27  # less need not be told
WORK_BYTES = 2**29  # what programs took besides, on a processor, measured by benchmarks/size.py
PROBE_COPIES = 7  # of the test part: three in double precision, one in single
SAFE_SHARE = 0.5  # of the free memory, that an offered number of examples takes


def memory_lines(data: Data, seeds: int, free: int, probes: bool = False) -> list[str]:
    """Returns how much memory the data take while they are trained on, and what to do if too much.

    Args:
        data: The data.
        seeds: How many seeds are run.
        free: Bytes of memory that are free.
        probes: Whether trained networks are measured besides.

    Returns:
        A line, or two if it is more than is free; none where it is little.
    """
    of_data = memory_of(data, seeds, free, probes)
    if of_data < TOLD_BYTES:
        return []
    need = of_data + WORK_BYTES
    each = f" ({_amount(bytes_of(data))} a draw)" if isinstance(data, Draws) else ""
    line = f"memory: about {_amount(need)} for data and work{each}, {_amount(free)} are free"
    if need <= free:
        return [line]
    examples = len(data.y_train) + len(data.y_validation) + len(data.y_test)
    left = max(free - WORK_BYTES, free // 2)
    fitting = int(examples * SAFE_SHARE * left / of_data)
    digits = 10 ** max(len(str(fitting)) - 2, 0)
    return [line, f"Too much: take fewer with --examples {fitting // digits * digits}."]


def memory_of(data: Data, seeds: int, free: int, probes: bool = False) -> int:
    """Returns an estimate of the bytes of the data.

    They are kept, lie on the device, and the largest part is there twice while it is copied; what
    draws are made of is kept, too. A probe adds noise to the test part in double precision.
    """
    own = bytes_of(data)
    passing = sum(int(each.nbytes) for each in inputs_of(data.x_train))
    if probes:
        passing = max(passing, PROBE_COPIES * sum(int(x.nbytes) for x in inputs_of(data.x_test)))
    if not isinstance(data, Draws):
        return 2 * own + passing
    kept = min(seeds, max(1, KEPT_BYTES // own))
    together = min(seeds, max(1, int(DRAWS_SHARE * free // own)))
    return data.source_bytes + (kept + together) * own + passing


def _amount(size: int) -> str:
    return f"{size / 2**30:.2g} GiB"
