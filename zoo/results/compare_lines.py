"""Says in aligned lines what differs between two results. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from zoo.claims import ALPHA
from zoo.errors import printable
from zoo.results.compare import Accuracy, Changes, Settled
from zoo.results.ledger_text import Z_NOTE
from zoo.results.scores import ACCURACY

LONGEST = 400  # letters of a line
INDENT = " " * 6


def lines_of(changes: Changes, names: tuple[str, str]) -> list[str]:
    """Returns what differs, the most important first; no line is longer than `LONGEST`.

    Args:
        changes: What differs.
        names: What A and B are called.
    """
    lines = _aligned(
        (side, name, _count(number, "experiment"))
        for side, name, number in zip("AB", names, changes.experiments[:2], strict=True)
    )
    if changes.none:
        lines.append(
            f"Nothing differs: {_count(changes.claims, 'verdict')} and "
            f"{_count(len(changes.accuracies), 'trained variant')} are the same, number for number."
        )
    else:
        both = _count(changes.experiments[2], "experiment")
        lines.append(f"A and B share {both}, {changes.same} of them the same in every number.")
        for part in (_verdicts, _rates, _accuracies, _only, _declared):
            lines += ["", *part(changes)]
    if any("z = " in told for claim in changes.verdicts for told in claim.evidence):
        lines += ["", Z_NOTE]
    return [fitting for line in lines for fitting in _fitted(line)]


def _verdicts(changes: Changes) -> list[str]:
    turned = changes.turned
    others = changes.verdicts[len(turned) :]
    if not changes.verdicts:
        return [f"No verdict changed: {_count(changes.claims, 'claim')}."]
    lines = ["No claim went from supported to refuted or back."]
    if turned:
        lines = [
            f"SUPPORTED BECAME REFUTED, OR REFUTED SUPPORTED: {len(turned)} of {changes.claims}"
        ]
    for claim in turned:
        lines += _claim(claim, loud=True)
    if others:
        lines += ["", f"Other verdicts that changed: {len(others)} of {changes.claims}"]
    for claim in others:
        lines += _claim(claim)
    return lines


def _claim(claim: Settled, loud: bool = False) -> list[str]:
    change = " -> ".join(claim.verdicts)
    lines = [
        f"  {change.upper() if loud else change}  {claim.id}  {claim.experiment}  {claim.says}"
    ]
    lines += [f"{INDENT}{side}  {told}" for side, told in zip("AB", claim.evidence, strict=True)]
    if len(set(claim.rules)) > 1:
        lines.append(f"{INDENT}another rule  {' -> '.join(claim.rules)}")
    if claim.moved or (loud and claim.has_rates):
        rates = ", ".join(f"{label} {_move(*ends)}" for label, *ends in claim.moved)
        lines.append(f"{INDENT}learning rates  {rates or 'as before'}")
    return lines


def _rates(changes: Changes) -> list[str]:
    number = len(changes.accuracies)
    if not changes.rates:
        return [f"No chosen learning rate moved: {_count(number, 'trained variant')}."]
    rows = [("", name, label, _move(*ends)) for name, label, *ends in changes.rates]
    return [f"Chosen learning rates that moved: {len(rows)} of {number}", *_aligned(rows)]


def _move(before: float, after: float) -> str:
    return f"{before:g} -> {after:g}"


def _accuracies(changes: Changes) -> list[str]:
    known = [each for each in changes.accuracies if each.difference.low <= each.difference.high]
    differ = [each for each in known if each.differs]
    mixed = sum(len(set(each.scores)) > 1 for each in changes.accuracies)
    lost = len(changes.accuracies) - len(known) - mixed
    without = f"; {lost} more have no interval" if lost else ""
    without += f"; {mixed} more have accuracy on one side and R2 on the other" if mixed else ""
    words = dict.fromkeys(each.scores[0] for each in known) or (ACCURACY,)
    of = f"Mean test {' or '.join(words)}: of {_count(len(known), 'variant')}"
    if not differ:
        return [f"{of}, none differs{without}."]
    chance = f"by chance about {ALPHA * len(known):.0f} would"
    head = f"{of}, {len(differ)} differ{without}"
    return [
        f"{head} (B minus A in points, 95 % interval; {chance}):",
        *_aligned(("", each.experiment, each.variant, *_difference(each)) for each in differ),
    ]


def _difference(found: Accuracy) -> tuple[str, str, str]:
    mean, low, high = (
        f"{100 * part:+.1f}"
        for part in (found.difference.mean, found.difference.low, found.difference.high)
    )
    n, m = found.numbers
    return mean, f"[{low}, {high}]", f"paired, n = {n}" if found.paired else f"n = {n} and {m}"


def _only(changes: Changes) -> list[str]:
    lines = []
    for side, only in zip("AB", changes.only, strict=True):
        parts = [f"{kind} {', '.join(names)}" for kind, names in only.items() if names]
        lines.append(f"Only in {side}: {'; '.join(parts) or 'nothing'}")
    return lines


def _declared(changes: Changes) -> list[str]:
    """Returns a line for each group of experiments with the same differences."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for text, names in changes.declared.items():
        groups.setdefault(tuple(names), []).append(text)
    if not groups:
        return ["Declared: no difference"]
    everywhere = changes.experiments[2]
    return [
        f"Declared {'everywhere' if len(names) == everywhere else 'in ' + ', '.join(names)}: "
        + "; ".join(texts)
        for names, texts in groups.items()
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Returns rows of texts as lines with their columns below each other."""
    cells = [[printable(cell, kept="") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _fitted(line: str) -> list[str]:
    text = printable(line, kept="")
    return textwrap.wrap(text, LONGEST, subsequent_indent=INDENT, break_on_hyphens=False) or [""]
