"""Renders the ledger for people: as Markdown with short evidence, and for the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from zoo.claims import NOT_RUN, REFUTED, SUPPORTED
from zoo.errors import printable
from zoo.evidence.statistics import POWER
from zoo.results.ledger_kinds import headline
from zoo.results.ledger_order import Section
from zoo.results.ledger_words import metric_in_words

LONGEST = 400  # letters of a row or line
LEAST = 100  # letters that a long sentence leaves for the evidence
WIDE = 120  # letters of a line of ids
INDENT = " " * 11  # below the sentence's id
FEW = 2  # claims that were not run and are shown as the others are
LABEL = 9  # letters before what was tested, found and so on
Z_NOTE = (
    "z: distance of the mean over seeds from the stated number, in standard errors of the mean."
)
COLUMNS = ("id", "sentence", "verdict", "evidence", "experiment", "data set")
HOW_TO_READ = (
    "- A sentence in several rows was tested in several ways; the verdict is on what was tested. "
    "Where two are compared, the one that is said to have more stands first.",
    "- Brackets: 95 % interval over n seeds. Points are percentage points.",
    "- Several data sets: supported or refuted on at least two of them and on none the opposite; "
    "depends: they disagree.",
    '- Data set "-": nothing was trained but what the measurement itself trains; its file says it.',
    "- A claim of several lectures stands in the first and is named in the others.",
    "- The rules in words and all of the evidence: `python -m zoo claims EXPERIMENT`, or for "
    "machines `verdicts.csv` in its folder.",
)
NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf)"
STATED = re.compile(
    rf"; stated ({NUMBER})(?:, z = {NUMBER})?(?:, tolerance {NUMBER})?(?:, n = \d+)?"
)
FURTHEST = re.compile(
    rf" is ({NUMBER}), furthest from ({NUMBER}) \(tolerance ({NUMBER}), \d+ values\)"
)
REMARK = re.compile(r"\d+ of \d+ parts hold|p = .*")  # a part that says something of all others
ALIKE = re.compile(r"and (\d+) more alike")
EPOCHS_TO = re.compile(
    r"epochs to ((?:val )?(?:accuracy|loss|r2) \d+(?:\.\d+)?(?:e-?\d+)?(?: of best)?)"
)
IN_TRAINING = re.compile(r"(?<=[%\d] )(accuracy|loss|R2)(?=:)")


def markdown(
    ledger: pd.DataFrame, sections: Sequence[Section], title: str = "Ledger", up: str = ""
) -> str:
    """Returns the ledger with its headline and a table for each section.

    No line is longer than `LONGEST`. Experiments are links to their folders, whose targets stand at
    the end.

    Args:
        ledger: All rows, empty texts where a value is missing.
        sections: The same rows in sections.
        title: The heading of the whole.
        up: What leads from its folder to that of the results, such as "../".
    """
    first, *kinds = headline(ledger)
    torn = _torn(ledger)
    lines = [f"# {title}", "", first, "", *(f"- {line}" for line in kinds), ""]
    lines += ["How to read it:", "", *HOW_TO_READ]
    for section in sections:
        lines += ["", *([f"## {_in_a_cell(section.heading)}", ""] if section.heading else [])]
        if len(section.rows):
            lines += [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
            lines += [_row(row, row.id in torn) for row in section.rows.itertuples()]
        lines += [""] * bool(len(section.rows) and section.also) + _also(section)
    lines += ["", *note] if (note := _note_on_z(lines)) else []
    names = sorted(map(_in_a_cell, set(ledger["experiment"])))
    lines += ["", *(f"[{name}]: <{up}{name}/>" for name in names)]
    return "\n".join(lines) + "\n"


def short(ledger: pd.DataFrame) -> str:
    """Returns verdicts as a Markdown table without their experiments, of which they may be one.

    Args:
        ledger: Rows, empty texts where a value is missing.
    """
    torn = _torn(ledger)
    lines = [f"| {' | '.join(COLUMNS[:4])} |", "|---" * 4 + "|"]
    for row in ledger.itertuples():
        found = evidence_in(row, LONGEST // 2, row.id in torn)
        cells = map(_in_a_cell, (row.id, row.says, f"**{row.verdict}**", found))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _torn(ledger: pd.DataFrame) -> set[str]:
    """Returns the ids whose rows have different verdicts, so that each must say what it tested."""
    verdicts = ledger.groupby("id")["verdict"].nunique()
    return set(verdicts[verdicts > 1].index)


def _row(row: Any, torn: bool) -> str:
    cells = [row.id, row.says, f"**{row.verdict}**", "", f"[{row.experiment}]", row.data or "-"]
    texts = [_in_a_cell(cell) for cell in cells]
    room = LONGEST - len(f"| {' | '.join(texts)} |")
    if room < LEAST:
        texts[1] = cut(texts[1], max(len(texts[1]) + room - LEAST, 0))
    texts[3] = _in_a_cell(evidence_in(row, max(room, LEAST), torn))
    return f"| {' | '.join(texts)} |"


def _also(section: Section) -> list[str]:
    if not section.also:
        return []
    told = f"Said in this lecture too, and settled above: {', '.join(section.also)}."
    return textwrap.wrap(_in_a_cell(told), WIDE, break_on_hyphens=False)


def lines_of(ledger: pd.DataFrame, width: int = LONGEST) -> list[str]:
    """Returns verdicts with their whole evidence for the terminal, two lines a claim if they fit.

    Of several claims that were not run there are only the names.

    Args:
        ledger: Rows, empty texts where a value is missing.
        width: Letters of a line, at most `LONGEST`.
    """
    lines = []
    left_out = ledger[ledger["verdict"] == NOT_RUN]
    told = ledger if len(left_out) <= FEW else ledger.drop(left_out.index)
    for row in told.itertuples():
        lines += wrapped(f"{row.verdict.ljust(9)}  {row.id}  {row.says}", width, len(INDENT))
        lines += wrapped(INDENT + "".join(_evidence(row)), width, len(INDENT))
    if len(told) < len(ledger):
        names = ", ".join(left_out["id"])
        missing = f"{NOT_RUN.ljust(9)}  {names}: verdicts.csv says what each would need"
        lines += wrapped(missing, width, len(INDENT))
    return [*lines, *_note_on_z(lines, width)]


def terminal(
    ledger: pd.DataFrame, sections: Sequence[Section], whole: bool, width: int = LONGEST
) -> list[str]:
    """Returns the ledger for the terminal.

    Args:
        ledger: All rows, empty texts where a value is missing.
        sections: The same rows in sections.
        whole: Whether rules, sources and the whole evidence are shown.
        width: Letters of a line, at most `LONGEST`.
    """
    lines: list[str] = []
    torn = _torn(ledger)
    for section in sections:
        lines += ["", *([section.heading, ""] if section.heading else [])]
        for row in section.rows.itertuples():
            lines += wrapped(f"{row.verdict.ljust(9)}  {row.id}  {row.says}", width, len(INDENT))
            told = _whole(row) if whole else [_brief(row, row.id in torn)]
            indent = len(INDENT) + (LABEL if whole else 0)
            lines += [one for line in told for one in wrapped(INDENT + line, width, indent)]
        if section.also:
            lines += wrapped(f"Here too: {', '.join(section.also)}", width, len(INDENT))
    lines += ["", *note] if (note := _note_on_z(lines, width)) else []
    head = [one for line in headline(ledger) for one in wrapped(line, width, 4)]
    return [*head, *lines]


def _note_on_z(lines: Sequence[str], width: int = LONGEST) -> list[str]:
    text = " ".join(" ".join(lines).split())  # a line may end within "z = 0.5"
    return wrapped(Z_NOTE, width, 4) if re.search(rf"\bz = {NUMBER}", text) else []


def _whole(row: Any) -> list[str]:
    where = ", ".join(part for part in (row.experiment, row.data) if part)
    parts = {
        "tested": row.tested,
        "found": "".join(_evidence(row)),
        "in": f"{where} ({row.kind})",
        "source": row.source,
    }
    return [f"{name.ljust(LABEL)}{text}" for name, text in parts.items() if text]


def _brief(row: Any, torn: bool) -> str:
    where = ", ".join(part for part in (row.experiment, row.data) if part)
    return f"{evidence_in(row, LONGEST - len(INDENT) - len(where) - 4, torn)}  ({where})"


def wrapped(line: str, width: int, indent: int) -> list[str]:
    """Returns a line in pieces that fit; all but the first are indented by that many blanks."""
    text = printable(line, kept="")
    room = max(min(width, LONGEST), indent + 20)
    blanks = " " * indent
    return textwrap.wrap(text, room, subsequent_indent=blanks, break_on_hyphens=False) or [""]


def _evidence(row: Any) -> tuple[str, str, str, str]:
    """Returns the evidence, the deviation, the seeds that would decide and the other view."""
    differs = f". Differs: {row.deviation}" if row.deviation else ""
    decide = ""
    if row.seeds:
        decide = f". To decide: about {row.seeds} seeds (power {100 * POWER:.0f} %)"
    other = ""
    if row.at_baseline_rate not in ("", NOT_RUN, row.verdict):
        other = f". All at the baseline's learning rate: {row.at_baseline_rate}"
    return row.evidence, differs, decide, other


def evidence_in(row: Any, room: int, torn: bool = False) -> str:
    """Returns the evidence of a row in at most that many letters.

    What was found goes before what it would take to decide, and a deviation before parts of it.

    Args:
        row: A row of the ledger.
        room: Letters.
        torn: Whether another row of the same sentence has another verdict; what was tested is said.
    """
    found, differs, decide, other = _evidence(row)
    told, more, remarks = _parts(found, row.verdict)
    left = room - len(_joined(told[:1], more + len(told) - 1, remarks))
    tested = _tested(row.tested, left - len(differs)) if torn else ""
    kept = ""
    for text in (differs, other, decide):
        if len(tested) + len(kept) + len(text) <= left:
            kept += text
    return tested + shortened(found, row.verdict, room - len(tested) - len(kept)) + kept


def _tested(rules: str, room: int) -> str:
    """Returns what was tested, as many parts of it as fit, or nothing where the first does not."""
    told, more = rules.split("; "), 0
    while told:
        text = f"Tested: {_joined(told, more, ())}. Found: "
        if len(text) <= room:
            return text
        told, more = told[:-1], more + 1
    return ""


def shortened(evidence: str, verdict: str, room: int) -> str:
    """Returns evidence in fewer words and in at most `room` letters.

    Distances that rounding explains are left out, then parts from the end, which are counted. What
    is left of a single part that is too long is cut between words, never in a number.
    """
    told, more, remarks = _parts(evidence, verdict)
    while len(told) > 1 and len(_joined(told, more, remarks)) > room:
        told, more = told[:-1], more + 1
    return cut(_joined(told, more, remarks), room)


def _parts(evidence: str, verdict: str) -> tuple[list[str], int, list[str]]:
    """Returns the parts of the evidence, how many more there are, and what is said of them all."""
    parts = [_plain(part, verdict) for part in STATED.sub(r" (stated \1)", evidence).split("; ")]
    remarks = [part for part in parts if REMARK.fullmatch(part)]
    more = sum(int(found[1]) for found in map(ALIKE.fullmatch, parts) if found)
    told = [part for part in parts if not (REMARK.fullmatch(part) or ALIKE.fullmatch(part))]
    return list(dict.fromkeys(told)), more, remarks


def _joined(told: Sequence[str], more: int, remarks: Sequence[str]) -> str:
    return "; ".join([*told, *([f"and {more} more"] if more else []), *remarks])


def _plain(part: str, verdict: str) -> str:
    """Returns a part of the evidence with its metric in words and without what rounding explains.

    The numbers are rounded themselves, so the whole verdict says which side of the tolerance they
    are on: all parts that are told of a supported claim hold, of a refuted one none.
    """

    def said(found: re.Match[str]) -> str:
        value, expected, tolerance = found.groups()
        if verdict == SUPPORTED:
            return f" is {expected}" + (f" within {tolerance}" if float(tolerance) else "")
        if verdict == REFUTED and value != expected:
            return f" is {value}, not {expected}"
        return found[0]

    text = re.sub(r"@(?=-?\d)", " at ", FURTHEST.sub(said, part))
    if verdict == NOT_RUN:
        return text.replace("_", " ")  # it names what is missing
    text = text.replace("margin 1 points", "margin 1 point")
    text = IN_TRAINING.sub(r"training \1", text)
    name = EPOCHS_TO.search(text)
    if name is None:
        return text
    return text.replace(name[0], metric_in_words(name[0].replace(" ", "_")))


def cut(text: str, room: int) -> str:
    """Returns a text in at most `room` letters; its end is left out after a whole word."""
    if len(text) <= room:
        return text
    start = text[: max(room - 3, 0)]
    whole = start if text[len(start) : len(start) + 1] == " " else start.rpartition(" ")[0]
    opened = max(whole.rfind("["), whole.rfind("("))
    if opened > max(whole.rfind("]"), whole.rfind(")")):
        whole = whole[:opened]  # half an interval is none
    return whole.rstrip(" ,;:") + "..." if whole else "..."[:room]


def _in_a_cell(value: object) -> str:
    return printable(" ".join(str(value).replace("|", "/").split()))
