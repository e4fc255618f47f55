from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from zoo.experiment import Recipe
from zoo.runner import progress
from zoo.runner.progress import LINES_EVERY_SECONDS, Reporter
from zoo.runs.run import Job, Run


@pytest.fixture
def clock(monkeypatch):
    """Returns a clock that stands still until its `now` is set."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def screen():
    return StringIO()


@pytest.fixture
def console(screen):
    return Console(file=screen, force_terminal=False, width=80)


def jobs_of(runs, epochs, variant="relu"):
    recipe = Recipe(
        build_model=lambda input_shape, num_classes: None,
        optimizer=float,
        learning_rates=(0.1,),
        epochs=epochs,
        batch_size=8,
    )
    return [Job(recipe, Run(variant, 0.1, seed, f"{variant}{seed}")) for seed in range(runs)]


def test_epochs_and_runs_are_counted(console, clock):
    jobs = jobs_of(runs=3, epochs=2)
    with Reporter(console, runs=3, epochs=6) as reporter:
        for done, job in enumerate(jobs, start=1):
            for epoch in (1, 2):
                reporter.epoch([job], epoch)
                assert reporter.done_epochs == 2 * (done - 1) + epoch
            reporter.finished(job)
            assert (reporter.done_runs, reporter.done_epochs) == (done, 2 * done)


def test_an_epoch_of_a_population_counts_for_each_of_its_runs(console, clock):
    jobs = jobs_of(runs=4, epochs=3)
    with Reporter(console, runs=4, epochs=12) as reporter:
        reporter.epoch(jobs, 1)
        assert reporter.done_epochs == 4
        reporter.epoch(jobs[:2], 3)  # two go on by two epochs, two have stopped
        assert reporter.done_epochs == 4 + 2 * 2
        for job in jobs:
            reporter.finished(job)
    assert (reporter.done_runs, reporter.done_epochs) == (4, 12)


def test_a_run_that_stopped_early_counts_as_all_its_epochs(console, clock):
    first, second = jobs_of(runs=2, epochs=10)
    with Reporter(console, runs=2, epochs=20) as reporter:
        reporter.epoch([first], 1)
        reporter.finished(first)
        assert (reporter.done_runs, reporter.done_epochs) == (1, 10)
        reporter.finished(second)  # not even one epoch was reported
        assert (reporter.done_runs, reporter.done_epochs) == (2, 20)


def test_a_run_that_starts_over_takes_its_epochs_back(console, clock):
    (job,) = jobs_of(runs=1, epochs=4)
    with Reporter(console, runs=1, epochs=4) as reporter:
        for epoch in (1, 2, 1):
            reporter.epoch([job], epoch)
        assert reporter.done_epochs == 1
        reporter.finished(job)
    assert reporter.done_epochs == 4


def test_elsewhere_than_on_a_terminal_a_line_comes_now_and_then(console, screen, clock):
    jobs = jobs_of(runs=4, epochs=2)  # 8 epochs of 10 seconds, a line at most every 15
    with Reporter(console, runs=4, epochs=8) as reporter:
        for job in jobs:
            for epoch in (1, 2):
                clock.now += 10
                reporter.epoch([job], epoch)
            reporter.finished(job)
    assert 10 < LINES_EVERY_SECONDS < 20
    assert screen.getvalue().splitlines() == [
        "0 of 4 runs, 1:00 left",  # after 20 seconds and 2 of 8 epochs, told before the run's end
        "1 of 4 runs, 0:40 left",
        "2 of 4 runs, 0:20 left",
        "3 of 4 runs, 0:00 left",
    ]


def test_a_quick_training_says_nothing(console, screen, clock):
    (job,) = jobs_of(runs=1, epochs=2)
    with Reporter(console, runs=1, epochs=2) as reporter:
        clock.now += LINES_EVERY_SECONDS - 1
        reporter.epoch([job], 1)
        reporter.finished(job)
    assert screen.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "done", "left"),
    [(20, 1, "3:00"), (20, 5, "0:20"), (20, 9, "0:02"), (3600, 1, "540:00"), (60, 10, "0:00")],
)
def test_the_time_left_follows_from_the_epochs_done(console, screen, clock, seconds, done, left):
    (job,) = jobs_of(runs=1, epochs=10)
    with Reporter(console, runs=1, epochs=10) as reporter:
        clock.now += seconds
        reporter.epoch([job], done)
    assert screen.getvalue() == f"0 of 1 runs, {left} left\n"


def test_early_stopping_shortens_the_time_left(console, screen, clock):
    jobs = jobs_of(runs=4, epochs=100)
    with Reporter(console, runs=4, epochs=400) as reporter:
        reporter.epoch([jobs[0]], 5)
        clock.now += 30
        reporter.finished(jobs[0])  # 30 seconds a run: three more take 90
    assert screen.getvalue() == "1 of 4 runs, 1:30 left\n"


def test_before_the_first_epoch_the_time_left_is_unknown(console, screen, clock):
    (job,) = jobs_of(runs=1, epochs=10)
    with Reporter(console, runs=1, epochs=10) as reporter:
        clock.now += 20
        reporter.epoch([job], 0)
    assert screen.getvalue() == "0 of 1 runs, ? left\n"


def test_nothing_to_train_is_no_error(console, screen, clock):
    with Reporter(console, runs=0, epochs=0) as reporter:
        clock.now += 20
    assert (reporter.done_runs, screen.getvalue()) == (0, "")


def test_notes_are_printed_if_verbose_only(console, screen, clock):
    with Reporter(console, runs=1, epochs=1) as reporter:
        reporter.note("loops over 3 runs")
    assert screen.getvalue() == ""
    with Reporter(console, runs=1, epochs=1, verbose=True) as reporter:
        reporter.note("loops over 3 runs")
    assert screen.getvalue() == "loops over 3 runs\n"


def test_a_note_is_printed_as_it_is(console, screen, clock):
    with Reporter(console, runs=1, epochs=1, verbose=True) as reporter:
        reporter.note("shape [8, 10], see [/tmp/x]")
    assert screen.getvalue() == "shape [8, 10], see [/tmp/x]\n"


def test_on_a_terminal_a_bar_shows_runs_and_variant(screen, clock):
    console = Console(file=screen, force_terminal=True, width=120)
    relu, tanh = (jobs_of(runs=2, epochs=4, variant=label) for label in ("relu [a/b]", "tanh"))
    jobs = [*relu, *tanh]
    with Reporter(console, runs=4, epochs=16) as reporter:
        clock.now += 60
        reporter.finished(jobs[0])
        reporter.epoch(jobs[1:], 2)  # 4 + 3 * 2 of 16 epochs in 60 seconds: 36 left
    shown = screen.getvalue()
    assert "relu [a/b] and 1 more, 3 runs, epoch 2/4" in shown
    assert "1/4" in shown
    assert "0:36 left" in shown


def test_an_error_inside_ends_the_bar_and_goes_on(screen, clock):
    console = Console(file=screen, force_terminal=True, width=120)
    with pytest.raises(KeyboardInterrupt), Reporter(console, runs=1, epochs=1):
        raise KeyboardInterrupt
    assert screen.getvalue().rstrip().endswith("\x1b[2K")  # the line of the bar is wiped


def test_the_terminal_obeys_nothing_that_is_in_a_text(console, screen, clock):
    with Reporter(console, runs=1, epochs=1, verbose=True) as reporter:
        reporter.note("\x1b[2Jmine")
    assert screen.getvalue() == "\\x1b[2Jmine\n"
