"""What arrays in a file or folder of anybody's are: examples or labels, and of which part."""

from __future__ import annotations

import re
from collections.abc import Sequence

X, Y = "x", "y"
WHOLE, TRAIN, VALIDATION, TEST = "", "train", "validation", "test"
LETTERS = {
    X: ("x", "xs", "data", "image", "images", "feature", "features", "input", "inputs", "signals"),
    Y: ("y", "ys", "label", "labels", "target", "targets", "class", "classes"),
}
PARTS = {
    WHOLE: ("",),
    TRAIN: ("train", "training", "tr"),
    VALIDATION: ("val", "valid", "validation", "dev"),
    TEST: ("test", "testing", "te"),
}

Role = tuple[str, str]


def role_of(name: str) -> Role | None:
    """Returns what an array of this name is: `x` or `y`, and its part; None for anything else.

    Args:
        name: Such as `x`, `X_train`, `trainY`, `test_images` or `labels`.
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    parted = re.sub(r"^([XxYy])(?=train|test|val)", r"\1_", parted)
    words = [word for word in re.split(r"[\W_]+", parted.lower()) if word]
    for letter, own in LETTERS.items():
        for part, called in PARTS.items():
            for first in own:
                for second in called:
                    if sorted(words) == sorted(filter(None, (first, second))):
                        return letter, part
    return None


def roles_in(names: Sequence[str]) -> dict[Role, str]:
    """Returns the arrays by what they are; where two would be the same, the one called x or y."""
    found: dict[Role, str] = {}
    for name in sorted(names, key=lambda each: not re.match(r"[XxYy](?![a-z])|[xy]_", each)):
        role = role_of(name)
        if role is not None:
            found.setdefault(role, name)
    return found


def wanted(roles: dict[Role, str]) -> list[Role]:
    """Returns what is to be read: examples and labels to train on, and of other parts there are.

    Args:
        roles: What is there; perhaps not all of it.
    """
    parts = {part for _, part in roles}
    first = WHOLE if WHOLE in parts and TRAIN not in parts else TRAIN
    others = [part for part in (VALIDATION, TEST) if part in parts]
    if not parts:
        others = [TEST]
    return [(letter, part) for part in (first, *others) for letter in (X, Y)]


def called(role: Role) -> str:
    """Returns the usual name of an array, such as `x_train`."""
    return "_".join(filter(None, role))
