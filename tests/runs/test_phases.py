import time

import pytest

from zoo.runs.phases import REST, Phases, Spent, lines_of


@pytest.fixture
def clock(monkeypatch):
    """Returns a function that lets time pass; the processor works half of it."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "process_time", lambda: now[0] / 2)

    def passes(seconds):
        now[0] += seconds

    return passes


def test_each_moment_counts_for_the_innermost_phase(clock):
    phases = Phases()
    clock(1)
    with phases.phase("epochs"):
        clock(2)
        with phases.phase("trace"):
            clock(4)
        clock(8)
    clock(16)
    assert phases.spent() == {
        REST: Spent(17.0, 8.5),
        "epochs": Spent(10.0, 5.0),
        "trace": Spent(4.0, 2.0),
    }
    assert list(phases.spent()) == [REST, "epochs", "trace"]  # the longest first


def test_a_phase_ends_with_an_error_and_may_decorate_a_function_that_is_called_twice(clock):
    phases = Phases()

    @phases.phase("store")
    def fails():
        clock(1)
        raise OSError("full")

    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            fails()
    clock(1)
    assert phases.spent() == {"store": Spent(2.0, 1.0), REST: Spent(1.0, 0.5)}


def test_the_table_adds_up():
    lines = lines_of({"epochs": Spent(3.0, 6.0), REST: Spent(1.0, 0.5)})
    assert lines == [
        "phase     seconds  CPU seconds   share",
        "epochs        3.0          6.0   75.0%",
        "rest          1.0          0.5   25.0%",
        "together      4.0          6.5  100.0%",
    ]
