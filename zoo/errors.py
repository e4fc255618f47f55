"""What ends a command: the user's words or files, or the user."""


class ZooError(ValueError):
    """Wrong words or wrong files: the command line prints the message and exits with code 2.

    The message says what was expected, what was received and what to do, in one or two lines.
    """


class Interrupted(Exception):
    """The user has interrupted: the message says what is kept and how to go on.

    It is no `KeyboardInterrupt`, which the command line would end without a word.
    """


class MissingDataError(ZooError):
    """A data set is neither there nor to be had."""


def closest(name: str, names: list[str]) -> str:
    """Returns a half sentence that offers the names most like `name`, or lists them all."""
    from difflib import get_close_matches

    matches = get_close_matches(name, names, n=3, cutoff=0.5)
    if matches:
        return f"Did you mean {' or '.join(matches)}?"
    return f"Choose from: {', '.join(names)}."
