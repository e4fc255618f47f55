"""Plans and runs what is put together from several runs of an experiment, each as if alone."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.runner import trained
from zoo.runner.how import How
from zoo.runner.prepare import Prepared


def plan_of(name: str, parts: Sequence[Prepared]) -> str:
    """Returns how much there is to train, a line for each part and one for all.

    Args:
        name: What they are put together as.
        parts: What is run.
    """
    different = len({job.run.key for part in parts for job in part.jobs})
    lines = [trained.plan_of(part) for part in parts]
    return "\n".join([*lines, f"{name}: {different} runs in all"])


def run_each(parts: Sequence[Prepared], how: How) -> list[str]:
    """Trains every part and writes its results.

    Returns:
        A line a part that says what was done, then what was said besides, each sentence once.

    Raises:
        Interrupted: If the user interrupts; says how many runs are kept.
    """
    lines: list[str] = []
    said: dict[str, None] = {}  # of every part, such as what a key cannot know
    for part in parts:
        folder, (done, *others) = trained.run(part, how)
        lines.append(f"{folder.name}: {done}")
        said |= dict.fromkeys(each for each in others if str(folder) not in each)
    return [*lines, *said]
