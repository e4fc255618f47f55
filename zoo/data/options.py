"""What a user says about the data besides their name."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from zoo.data.layout import FIRST, NONE
from zoo.data.numbers import TASKS
from zoo.data.shapes import INPUTS
from zoo.errors import ZooError, check_count

LONGEST_WORD = 40  # letters of an option in the name of a folder
LARGEST = 10**12  # examples that anybody may ask for


@dataclass(frozen=True)
class TableOptions:
    """What a user says about a table.

    Attributes:
        target: The target's name, or its position from 1, or from the end as a negative number.
        drop: Names of columns to leave out.
        keep: Names of columns that would be left out; of the target, so that labels such as NA are
            a class.
        header: `none` if the first line is an example, `first` if it has the names; `None` to find
            out.
        examples: How many examples to take, drawn so that classes keep their shares; `None` for
            all. Of any data, not only of tables, besides a test part of their own.
        inputs: `images` or `signals`, which an array of shape (examples, rows, columns) holds;
            `None` to find out.
        task: `classification`, or `regression` if the target is a number to be predicted; `None` to
            find out. Of any data.
    """

    target: str | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    header: str | None = None
    examples: int | None = None
    task: str | None = None
    inputs: str | None = None

    def __post_init__(self) -> None:
        """Checks what can be checked without a table."""
        if self.examples is not None:
            check_count("--examples", self.examples, most=LARGEST)
        if self.task not in (None, *TASKS):
            raise ZooError(f"`--task` must be {' or '.join(TASKS)}. Received: {self.task!r}")
        if self.inputs not in (None, *INPUTS):
            raise ZooError(f"`--inputs` must be {' or '.join(INPUTS)}. Received: {self.inputs!r}")
        if self.header not in (None, NONE, FIRST):
            raise ZooError(f"`--header` must be {NONE} or {FIRST}. Received: {self.header!r}")

    def words(self) -> dict[str, str]:
        """Returns what differs from leaving everything to the zoo, but for the target."""
        given = {"drop": self.drop, "keep": self.keep}
        found = {name: _word("+".join(sorted(names))) for name, names in given.items() if names}
        others: dict[str, Any] = {"header": self.header, "examples": self.examples}
        others |= {"task": self.task, "inputs": self.inputs}
        return found | {name: str(value) for name, value in others.items() if value is not None}

    @property
    def of_tables(self) -> bool:
        """Whether anything is said that is for tables alone."""
        return dataclasses.replace(self, examples=None, task=None, inputs=None) != TableOptions()


def _word(text: str) -> str:
    """Returns a text that may be part of a folder's name: the start and a digest of a long one."""
    plain = re.sub(r"[^\w.+]+", "_", text)
    if len(plain) <= LONGEST_WORD:
        return plain
    return f"{plain[:LONGEST_WORD]}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
