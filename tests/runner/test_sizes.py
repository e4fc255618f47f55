"""The memory that the data of runs take."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.data import Data, Draws
from zoo.runner.sizes import memory_lines, memory_of

MIB = 2**20
SOURCE = 2**10  # bytes of what draws are made of


def data(examples, kind=Data, **more):
    """Returns data of a MiB for each 1024 examples, without their labels."""
    x, y = np.zeros((examples, 256), np.float32), np.zeros(examples, np.int32)
    parts = x[:-2], y[:-2], x[-2:-1], y[-2:-1], x[-1:], y[-1:]
    return kind("mine", *parts, 2, ("a", "b"), "f" * 16, **more)


def draws(examples):
    return data(examples, Draws, source_bytes=SOURCE, _draw=lambda seed: None)


def test_data_are_kept_and_on_the_device():
    copied = (1024 - 2) * 1024  # the training part, while it goes to the device
    assert memory_of(data(1024), 8, 2**34) == 2 * (MIB + 4 * 1024) + copied
    assert memory_of(draws(1024), 8, 2**34) == 16 * (MIB + 4 * 1024) + copied + SOURCE


def test_a_probe_has_copies_of_the_test_part():
    half = replace(data(1024), x_test=np.zeros((1024, 256), np.float32))
    plain, probed = (memory_of(half, 1, 2**34, probes) for probes in (False, True))
    assert probed - plain == 7 * MIB - (1024 - 2) * 1024


def test_little_is_not_told():
    assert memory_lines(draws(1024), 4, 2**34) == []


def test_much_is_told():
    [line] = memory_lines(draws(65536), 8, 2**34)
    assert line.startswith(
        "memory: about 1.6 GiB for data and work (0.063 GiB a draw), 16 GiB are free"
    )


@pytest.mark.parametrize("free", [2**26, 2**27])
def test_too_much_has_an_offer_that_fits(free):
    found = memory_lines(draws(65536), 8, free)
    assert len(found) == 2
    offered = int(found[1].rstrip(".").split()[-1])
    assert 0 < memory_of(draws(offered), 8, free) <= free
