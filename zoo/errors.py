"""What ends a command: the user's words or files, or the user. And how texts of others are said."""

from __future__ import annotations

import contextlib
import errno
import re
import unicodedata
from collections.abc import Iterator, Sequence

# Control and format characters (among them those that turn the direction of writing), halves of
# characters, and separators of lines and paragraphs.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
LONGEST_WORD = 300

ELSEWHERE = "Check its permissions, or name another folder with --results."
SPACE = "Make room, then run the same command again: what is finished is kept."
# What the user can do about an error of the file system; any other is a mistake of the zoo's.
REMEDIES = {
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EFBIG: SPACE,
    errno.EROFS: ELSEWHERE,
    errno.EACCES: ELSEWHERE,
    errno.EPERM: ELSEWHERE,
    errno.ENOTDIR: "Name a folder.",
    errno.EISDIR: "Name a file.",
    errno.EEXIST: "A file is in its place: move it away, or name another folder with --results.",
    errno.ELOOP: "Its links lead in a circle.",
}


class ZooError(ValueError):
    """Wrong words or wrong files: the command line prints the message and exits with code 2.

    The message says what was expected, what was received and what to do, in one or two lines.
    """


class Interrupted(Exception):
    """The user has interrupted: the message says what is kept and how to go on.

    It is no `KeyboardInterrupt`, which the command line would end without a word.
    """


class MistakeError(ZooError):
    """Something in the user's own code is wrong: the message names file and line."""


class FullError(ZooError):
    """This process can compile no more: another one goes on from what is stored.

    Attributes:
        left: The files of the experiments that are left, begun or not; empty if nobody has said.
        failed: The names of those that have failed.
    """

    left: Sequence[str] = ()
    failed: Sequence[str] = ()


class MissingDataError(ZooError):
    """A data set is neither there nor to be had."""


class VariedError(ZooError):
    """What an experiment varies cannot be set."""


class NeedsClassesError(ZooError):
    """An experiment is about classes, and the target of the data is a number."""


def check_count(name: str, number: int, most: int = 1_000_000) -> None:
    """Raises ZooError unless a number of things lies between 1 and what can ever be made.

    Args:
        name: How the user writes it, such as `--trials`.
        number: What was given.
        most: The largest that makes sense.
    """
    if number < 1:
        raise ZooError(f"`{name}` must be at least 1. Received: {number}")
    if number > most:
        raise ZooError(f"`{name}` must be at most {most}. Received: {number}")


def printable(text: str, kept: str = "\n\t") -> str:
    r"""Returns a text of somebody else's that a terminal, a table or a page can show.

    Names and messages may hold characters that a terminal obeys instead of showing, or bytes that
    were no UTF-8. They are written as Python writes them: `\x1b`, `\udcff`.

    Args:
        text: Any text.
        kept: Characters that stay as they are; none where the text must stay on its line.
    """
    if text.isprintable():
        return text
    return "".join(
        mark.encode("unicode_escape").decode("ascii")
        if mark not in kept and unicodedata.category(mark) in UNPRINTABLE
        else mark
        for mark in text
    )


def capital(text: str) -> str:
    """Returns a text with a capital first letter, and all others as they are."""
    return text[:1].upper() + text[1:]


def shortened(text: str) -> str:
    """Returns a text whose very long words, such as paths of thousands of letters, are cut."""
    pattern = rf"\S{{{LONGEST_WORD},}}"
    return re.sub(pattern, lambda found: f"{found[0][:80]}...{found[0][-80:]}", text)


def closest(name: str, names: list[str]) -> str:
    """Returns a half sentence that offers the names most like `name`, or lists them all."""
    from difflib import get_close_matches

    matches = get_close_matches(name, names, n=3, cutoff=0.5)
    if matches:
        return f"Did you mean {' or '.join(matches)}?"
    return f"Choose from: {', '.join(names)}."


def in_words(error: Exception) -> Exception:
    """Returns an error of the file system about which the user can do something as a ZooError."""
    if not isinstance(error, OSError) or error.errno not in REMEDIES:
        return error
    name = "" if error.filename is None else f"{error.filename}: "
    return ZooError(f"{name}{error.strerror}. {REMEDIES[error.errno]}")


@contextlib.contextmanager
def file_errors_in_words() -> Iterator[None]:
    """Raises an error of the file system in this block as `in_words` says it."""
    try:
        yield
    except OSError as error:
        told = in_words(error)
        if told is error:
            raise
        raise told from error
