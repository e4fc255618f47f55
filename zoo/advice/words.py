"""What was found, as a table and in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.advice.clock import LOOKS, TOGETHER
from zoo.advice.knobs import LEARNING_RATE
from zoo.advice.models import GUESS, TREE
from zoo.advice.verdicts import ALPHA, HELPS, UNDECIDED
from zoo.errors import capital
from zoo.results.advised import ordered, rate_words, stricter_words, title_of

COLUMNS = ("knob", "from", "to", "difference", "low", "high", "p", "splits", "verdict", "rows")
TO_SHOW = 0.05  # below which p the held-out rows show a difference
NO_TREES = f"{TREE} were left out, as no time was left for them"
NEW_SPLITS = "Rows are split anew, so that the score of nothing turned differs from that above."
NETWORKS = {"baseline": "baseline network", "advised": "advised network"}


def points(value: float | None, sign: bool = True) -> str:
    """Returns a share as points with one decimal, with its sign unless that is not wanted."""
    if value is None:
        return ""
    text = f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"
    return "0.0" if text.lstrip("+-") == "0.0" else text


def interval(row: Mapping[str, Any], sign: bool = True) -> str:
    """Returns `[low, high]` in points, nothing where it has no ends."""
    ends = [points(row[name], sign) for name in ("low", "high")]
    return f"[{ends[0]}, {ends[1]}]" if all(ends) else ""


def sentence_of(record: Mapping[str, Any]) -> str:
    """Returns what to do, in a sentence or two.

    Args:
        record: As `advice.json` has it.
    """
    said = _of_others(record)
    advised = _advised(record)
    helping = [row for row in record["items"] if row["verdict"] == HELPS]
    if advised:
        turned = " and ".join(advised)
        said.append(f"Change {turned}{_gain(record)}.")
    elif helping and _untested(record):
        untested = " and ".join(_told(record, label) for label in _untested(record))
        said.append(
            f"{capital(untested)} helped, but no time was left to test it on new "
            "splits and on the rows kept back: take a larger --budget before you change it."
        )
    elif helping:
        said.append("What helped alone did not on new splits: change nothing.")
    else:
        said.append("Change nothing: of what was asked nothing is shown to help.")
    undecided = [row for row in record["items"] if row["verdict"] == UNDECIDED]
    if undecided:
        said.append(_of_undecided(record, undecided))
    return " ".join(said)


def _of_undecided(record: Mapping[str, Any], undecided: Sequence[Mapping[str, Any]]) -> str:
    """Returns how many are undecided, and what it would take."""
    least = points(record["smallest_difference"], sign=False)
    half = "for half of what was asked " if len(record["items"]) > 1 else ""
    are = "are" if len(undecided) > 1 else "is"
    said = (
        f"{len(undecided)} of {len(record['items'])} {are} undecided: {half}your "
        f"{record['rows']:,} rows cannot reliably tell less than {least} points."
    )
    if any(row["splits"] < LOOKS[-1] for row in undecided):
        said += f" More time would look at more splits of {'them' if len(undecided) > 1 else 'it'}."
    return said


def _advised(record: Mapping[str, Any]) -> list[str]:
    """Returns what advice turns, in words with from and to."""
    if not record["together"]:
        labels = []
        best = [row for row in record["items"] if row["verdict"] == HELPS]
        if best:
            row = max(best, key=lambda each: each["difference"])
            labels = [_label(row)]
    else:
        labels = record["together"]["best"]
    return [_told(record, each) for each in labels]


def _told(record: Mapping[str, Any], label: str) -> str:
    """Returns what is turned, from what to what."""
    row = next(row for row in record["items"] if _label(row) == label)
    return f"{row['knob']} from {row['from']} to {row['to']}"


def _label(row: Mapping[str, Any]) -> str:
    """Returns what a question is called."""
    return f"{row['knob']}: {row['to']}"


def _untested(record: Mapping[str, Any]) -> list[str]:
    """Returns what helps, for which no time was left."""
    return list((record["together"] or {}).get("left", ()))


def not_advised(record: Mapping[str, Any]) -> list[str]:
    """Returns what helps alone and is not advised, with the reason, an entry each."""
    together = record["together"]
    if not together:
        return []
    tried = {label for cell in together["cells"] for label in cell["turned"]}
    turned = {label.partition(":")[0] for label in tried}
    found = []
    for row in ordered(record["items"]):
        label = _label(row)
        if row["verdict"] != HELPS or label in together["best"]:
            continue
        why = f"of what helps only the {TOGETHER} largest are turned together"
        if label in _untested(record):
            why = "no time was left to test it on new splits"
        elif label in tried:
            why = "on new splits the best combination does without it"
        elif row["knob"] in turned:
            why = f"another {row['knob']} helps more"
        elif {row["knob"], *turned} >= {LEARNING_RATE, "optimizer"}:
            why = "it belongs to the optimizer that is changed"
        found.append(f"{label} ({why})")
    return found


def _gain(record: Mapping[str, Any]) -> str:
    """Returns what the advice gains on the rows that were kept back."""
    held = record["held_out"]
    if not held or not held["gain"]:
        return " (not yet tested on the rows kept back)"
    gain, rows = held["gain"], f"{held['rows']:,} rows kept back"
    told = f"{points(gain['mean'])} {interval(gain)} points of {record['score']}"
    if gain["low"] > 0:
        return f": {told} on {rows} (p {_p(gain['p'])})"
    say = "speak against it" if gain["high"] < 0 else "do not confirm it"
    return f", but the {rows} {say}: {told}"


def _of_others(record: Mapping[str, Any]) -> list[str]:
    """Returns a sentence that another model wins, the best of those that do (Bonferroni)."""
    held = record["held_out"]
    others = held["others"] if held else []
    winning = [each for each in others if each["mean"] > 0 and each["p"] * len(others) < TO_SHOW]
    if not winning:
        return []
    best = max(winning, key=lambda each: each["mean"])
    score = next(each for each in held["scores"] if each["model"] == best["model"])
    name = capital(best["model"])
    do = "do" if best["model"] == TREE else "does"
    return [
        f"{name} {do} better here than these networks: {points(score['mean'], False)} % on "
        f"the rows kept back, {points(best['mean'])} points (p {_p(best['p'])})."
    ]


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def verdict_words(row: Mapping[str, Any]) -> str:
    """Returns a verdict; of the undecided with the rows that would decide."""
    if row["verdict"] != UNDECIDED or not row["rows"]:
        return str(row["verdict"])
    return f"{UNDECIDED}; about {row['rows']:,} rows would decide"


def table_lines(record: Mapping[str, Any]) -> list[str]:
    """Returns the table as lines of Markdown."""
    head = ["knob", "from", "to", "difference", "95 % interval", "verdict", "splits", "s a run"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in ordered(record["items"]):
        cells = [row["knob"], row["from"], row["to"], points(row["difference"]), interval(row)]
        cells += [verdict_words(row), str(row["splits"]), f"{row['seconds']:g}"]
        lines.append(f"| {' | '.join(_cell(each) for each in cells)} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def markdown(record: Mapping[str, Any]) -> str:
    """Returns the whole advice as Markdown.

    Args:
        record: As `advice.json` has it.
    """
    classes = f"{record['classes']} classes" if record["classes"] > 1 else "a number to predict"
    lines = [
        f"# Advice on {title_of(record)}",
        "",
        record["sentence"],
        "",
        f"{record['rows']:,} rows were asked ({classes}), {record['kept_back']:,} were kept back. "
        f"The baseline ({record['network']}) has {points(record['baseline'], False)} % "
        f"{record['score']}. Differences are in points, at {rate_words(record)}; what lies within "
        f"{points(record['margin'], False)} does not matter.",
        "",
        *table_lines(record),
        "",
        "Intervals take rows and splits as clusters. Verdicts are stricter: each of three looks "
        f"(8, 16 and 32 splits) has {100 * ALPHA:.1f} %, adjusted for all rows of the table "
        f"(Benjamini and Hochberg). {record['looks']} of 3 looks are complete, "
        f"{record['epochs']} epochs a run.",
    ]
    if stricter_words(record["items"]):
        lines[-1] += " So a row may be undecided though its interval is clear of 0."
    if notes := record.get("notes"):
        lines += ["", f"Data: {'; '.join(notes)}."]
    if others := not_advised(record):
        lines += ["", f"Helps alone and is not advised: {'; '.join(others)}."]
    if record["not_asked"]:
        lines += ["", "Not asked: " + "; ".join(not_asked(record["not_asked"])) + "."]
    if record["together"] and len(record["together"]["cells"]) > 1:
        lines += ["", "## Together, on new splits", "", NEW_SPLITS, ""]
        lines += _cells(record["together"])
    if record["held_out"]:
        lines += ["", "## On the rows kept back", "", *_scores(record)]
    lines += ["", "![Differences](effects.svg)", "", "Again:", "", f"    {record['command']}", ""]
    lines += ["The network as Keras code: [advice.py](advice.py)."]
    return "\n".join(lines) + "\n"


def held_line(record: Mapping[str, Any]) -> str:
    """Returns what every model has on the rows kept back, in a line; empty before that."""
    held = record["held_out"]
    if not held:
        return ""
    told = [
        f"{NETWORKS.get(row['model'], row['model'])} {points(row['mean'], False)} %"
        for row in held["scores"]
    ]
    line = f"{record['score']} on {held['rows']:,} rows kept back: {', '.join(told)}"
    return line if _has_trees(held) else f"{line}; {NO_TREES}"


def _has_trees(held: Mapping[str, Any]) -> bool:
    return any(row["model"] == TREE for row in held["scores"])


def not_asked(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Returns what was not asked, by reason.

    Args:
        rows: As `advice.json` has them.
    """
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        by_reason.setdefault(row["why"], []).append(row["what"])
    return [f"{', '.join(whats)} ({why})" for why, whats in by_reason.items()]


def _cells(together: Mapping[str, Any]) -> list[str]:
    lines = ["| turned | score % | difference | 95 % interval |", "|---|---|---|---|"]
    for cell in together["cells"]:
        label = " and ".join(cell["turned"]) or "nothing"
        best = " (the best)" * (cell["turned"] == together["best"])
        lines.append(
            f"| {label}{best} | {points(cell['score'], False)} | {points(cell['mean'])} | "
            f"{interval(cell)} |"
        )
    for row in together["interactions"]:
        both = " with ".join(row["knobs"])
        told = f"{points(row['mean'])} {interval(row)}"
        lines += ["", f"{both}: {told} points more than the sum of both."]
    return lines


def _scores(record: Mapping[str, Any]) -> list[str]:
    held = record["held_out"]
    lines = [f"| model | {record['score']} % | 95 % interval over rows |", "|---|---|---|"]
    for row in held["scores"]:
        name = NETWORKS.get(row["model"], row["model"])
        lines.append(f"| {name} | {points(row['mean'], False)} | {interval(row, False)} |")
    told = "McNemar's exact test of the first of the networks alone"
    told = told if record["classes"] > 1 else "bootstrap over rows"
    pairs = [("Advised less baseline", held["gain"])] if held["gain"] else []
    network = NETWORKS["advised" if held["gain"] else "baseline"]
    pairs += [(f"{each['model'].capitalize()} less {network}", each) for each in held["others"]]
    for what, gap in pairs:
        found = f"{points(gap['mean'])} {interval(gap)} points (p {_p(gap['p'])}, {told})"
        lines += ["", f"{what}: {found}."]
    lines += [
        "",
        "Networks: mean of five, each with a validation part of its own that chooses its rate. "
        "The others are scikit-learn's, as they come, on the same features and all rows asked.",
    ]
    if any(row["model"].startswith(GUESS) for row in held["scores"]):
        lines[-1] += " A guess needs no features."
    if not _has_trees(held):
        lines[-1] += f" {capital(NO_TREES)}."
    return lines
