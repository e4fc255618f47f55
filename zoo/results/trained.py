"""The table of a trained experiment: accuracies and differences from the baseline."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.evidence.statistics import share_interval
from zoo.results.examples import fixes_test, with_rights
from zoo.results.files import (
    overlap_of,
    read_frame,
    read_spec,
    read_table,
    write_frame,
    write_text,
)
from zoo.results.rates import with_rates
from zoo.results.schema import damaged
from zoo.results.scores import R2, RMSE, in_files, of_numbers
from zoo.results.summary import BALANCED, table_frame

R2_LINE = (
    "R2: the share of the target's variance on that part that is explained; guessing its mean has "
    "0, and below -100 % it counts as that. RMSE: root mean squared error in the target's unit."
)
ONE_TEST_PART = (
    "The test part is the same for all seeds: intervals and p cover the seeds, not the choice of "
    "its examples."
)


def rows_of(folder: Path) -> pd.DataFrame:
    """Returns the rows that claims are settled on: one a run.

    Where all seeds have the same test examples, the column `right` says which are right.
    """
    return with_rights(folder, read_spec(folder), read_frame(folder / "runs.csv"))


def rates_of(folder: Path, runs: pd.DataFrame) -> dict[str, float]:
    """Returns the chosen learning rate of each variant, as the runs have it.

    It is that of spec.json, or of the table where an older spec.json has none: the runs in the file
    are rounded, so choosing once more could break a tie the other way.
    """
    spec, table = read_spec(folder), read_table(folder)
    stored = spec.get("rates", dict(zip(table["variant"], table["learning_rate"], strict=True)))
    found = {}
    for variant in table["variant"]:
        own = runs.loc[runs["variant"] == variant, "learning_rate"].unique()
        if not len(own):
            raise damaged(folder / "runs.csv", f"it has no run of {variant}, which table.csv has")
        if variant not in stored:
            told = f"`rates` has none of {variant}, which table.csv has"
            raise damaged(folder / "spec.json", told)
        rate = stored[variant]
        found[str(variant)] = float(min(own, key=lambda each: abs(each - rate)))
    return found


def told_spec(folder: Path) -> dict[str, Any]:
    """Returns the declaration in a folder; with its rates, chosen if an older one has none."""
    spec = read_spec(folder)
    has_rates = spec.get("kind", "trained") == "trained" and (folder / "runs.csv").is_file()
    if "rates" in spec or not has_rates:
        return spec
    runs = rows_of(folder)
    return with_rates(spec, runs, rates_of(folder, runs))


def write_again(folder: Path) -> None:
    """Writes spec.json, table.csv and table.md of a results folder from its rows.

    The rates stay those that were chosen; an older spec.json without them gets them.
    """
    spec, runs = told_spec(folder), rows_of(folder)
    there = set(read_table(folder)["variant"])
    chosen = {label: rate for label, rate in rates_of(folder, runs).items() if label in there}
    write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
    present = [label for label in spec["variants"] if label in chosen]
    numbers = of_numbers(spec)
    table = table_frame(runs, present, chosen, spec["baseline"], overlap_of(spec), numbers)
    write_frame(folder / "table.csv", in_files(spec, table))


def blocks(spec: Mapping[str, Any], table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Returns the one table of a trained experiment as text, without a heading."""
    shown = readable(table, spec["baseline"], spec.get("tied", {}))
    if of_numbers(spec):
        shown = shown.rename(columns={name: _of_r2(name) for name in shown.columns})
    guess = spec["data"].get("guess")
    if guess is not None:
        row = _guessed(guess, table, spec)
        shown.loc[len(shown)] = [row.get(name, "") for name in shown.columns]
    return [("", shown)]


def _guessed(
    guess: Mapping[str, Any], table: pd.DataFrame, spec: Mapping[str, Any]
) -> dict[str, str]:
    """Returns the row of always guessing the most frequent class, or the mean."""
    if of_numbers(spec):
        row = {
            "variant": "the mean",
            _of_r2("test %"): percent(guess["accuracy"]).removeprefix("-0.0") or "0.0",
            "test RMSE": f"{guess['rmse']:.4g}",
        }
    else:
        row = {
            "variant": f"always {guess['class']}",
            "test %": percent(guess["accuracy"]),
            "balanced %": percent(guess["balanced_accuracy"]),
        }
    if "Crossentropy" in spec["recipe"].get("loss", ""):
        row["test loss"] = f"{guess['log_loss']:.3f}"
    for own in table[table["variant"] == spec["baseline"]].itertuples():
        ends = (own.test_accuracy, own.test_high, own.test_low)
        gap, low, high = (guess["accuracy"] - end for end in ends)
        row["difference (points)"] = with_interval(gap, low, high, sign="+")
    return row


def readable(
    table: pd.DataFrame, baseline: str, tied: Mapping[str, Sequence[float]] | None = None
) -> pd.DataFrame:
    """Returns the table in words and percent, as text.

    Args:
        table: One row a variant, as in `table.csv`.
        baseline: Label of the baseline.
        tied: By variant the rates that validate as well as the chosen one.
    """
    rows = []
    for row in table.itertuples():
        rows.append(
            {
                "variant": row.variant,
                "learning rate": f"{row.learning_rate:g}"
                + "*" * bool(row.at_edge)
                + "=" * (row.variant in (tied or {})),
                "validation %": percent(row.val_accuracy),
                "test %": with_interval(row.test_accuracy, row.test_low, row.test_high),
                "at the baseline's rate %": percent(row.same_rate_accuracy),
                "difference (points)": "baseline"
                if row.variant == baseline
                else with_interval(
                    row.difference, row.difference_low, row.difference_high, sign="+"
                ),
                "p": "" if math.isnan(row.p) else f"{row.p:.2g}",
                "diverged": _diverged(row.diverged, row.n),
                **_balanced(row),
            }
        )
    return pd.DataFrame(rows)


def _of_r2(heading: str) -> str:
    """Returns the heading of a column of accuracies as one of R2: `test R2 %` for `test %`."""
    return heading.replace("%", f"{R2} %")


def _balanced(row: Any) -> dict[str, str]:
    """Returns balanced accuracy and loss of a variant, or its RMSE, where the table has them."""
    if hasattr(row, RMSE):
        return {"test RMSE": "" if math.isnan(row.test_rmse) else f"{row.test_rmse:.4g}"}
    if not hasattr(row, BALANCED):
        return {}
    loss = "" if math.isnan(row.test_loss) else f"{row.test_loss:.3f}"
    return {"balanced %": percent(row.balanced_accuracy), "test loss": loss}


def notes(spec: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the lines below a table that say how to read it."""
    data, recipe = spec["data"], spec["recipe"]
    seeds, most = len(spec["seeds"]), int(table["n"].max())
    more = f", up to {most} where a claim was undecided" if most > seeds else ""
    drawn = table["test_low"].notna().any()
    over = "seeds and test examples" if _error(table).notna().all() else "seeds"
    brackets = (
        f"Brackets: 95 % interval over {over}." if drawn else "Too few seeds for an interval."
    )
    test = "exact sign-flip test"
    if data.get("overlap") or _error(table).notna().any():
        test += " or corrected t test, the larger"
    numbers = of_numbers(spec)
    lines = [
        f"Data {data['name']}: {data['train']} training, {data['validation']} validation and "
        f"{data['test']} test examples. {recipe['epochs']} epochs, batch {recipe['batch_size']}, "
        f"{seeds} seeds{more}.",
        *_drawn(data),
        *([R2_LINE] if numbers else []),
        *(_tested(data, table) if drawn and fixes_test(spec) and not numbers else []),
        *([ONE_TEST_PART] if drawn and fixes_test(spec) and numbers else []),
        f"Learning rate: each variant's best on validation data. {brackets} "
        f"Difference from the baseline on test data, paired by seed; p: {test}, "
        "not corrected for the number of variants.",
    ]
    changed = _sides_changed(table, spec["baseline"])
    if changed:
        lines.append(
            f"At the baseline's learning rate {', '.join(changed)} would be on the other side of "
            f"{spec['baseline']}."
        )
    if (table["diverged"] > 0).any():
        lines.append("Diverged: runs, with the 95 % interval of their share (Wilson).")
    if table["at_edge"].any():
        lines.append("Rates with a *: an end of the grid, a wider grid may do better.")
    return [*lines, *tied_lines(spec), *_guess_lines(data.get("guess"), table)]


def _guess_lines(guess: Mapping[str, Any] | None, table: pd.DataFrame) -> list[str]:
    """Returns what is to be said about always guessing the most frequent class."""
    if guess is None:
        return []
    better = (table["test_low"].fillna(table["test_accuracy"]) > guess["accuracy"]).any()
    if RMSE in table.columns:
        lines = ["the mean: always predicting the training part's mean; no network."]
        return lines if better else [*lines, "None of these networks is better than that."]
    lines = [
        f"always {guess['class']}: the most frequent class, {percent(guess['share'])} % of the "
        "training examples, whatever the features are; no network."
    ]
    if BALANCED in table.columns:
        lines.append(
            "Where one class is that frequent accuracy says little. balanced %: mean over classes "
            "of the share that is right. Test loss of guessing: with the classes' shares."
        )
    if not better:
        lines.append(f"None of these networks is better than guessing always {guess['class']}.")
    return lines


def tied_lines(spec: Mapping[str, Any]) -> list[str]:
    """Returns the line that says which rates validate as well as the chosen ones, if any do."""
    parts = []
    for label, others in spec.get("tied", {}).items():
        named = " and ".join(f"{rate:g}" for rate in others)
        verb = "validates" if len(others) == 1 else "validate"
        parts.append(f"{label}: {named} {verb} as well as {spec['rates'][label]:g}")
    if not parts:
        return []
    return [
        "Rates with a =: others validate as well (paired t test over the seeds, one-sided, 5 %); "
        f"verdicts hold at each of them or are undecided. {'; '.join(parts)}."
    ]


def _drawn(data: Mapping[str, Any]) -> list[str]:
    """Returns what to say about data that seeds draw, a line or none."""
    if data.get("split") != "resampled":
        return []
    if not data.get("overlap"):
        return ["Each seed its own draw of the data, which shares no examples with the others."]
    return [
        "Each seed its own draw of the data. Draws share examples: intervals and p are corrected "
        f"for it (Nadeau and Bengio 2003, held-out over training examples {data['overlap']:.3g})."
    ]


def _tested(data: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the line that says whether intervals cover the choice of test examples."""
    kept = "its owner's, " if data.get("keeps_test") else ""
    head = f"The test part is {kept}the same for all seeds: intervals and p"
    unknown = table["variant"][_error(table).isna()].tolist()
    if not unknown:
        # With one draw of the data no seed shows what other training examples would have given.
        besides = "" if kept else ", not the choice of the training examples"
        crossed = "crossed random effects, Searle, Casella and McCulloch 1992"
        return [f"{head} cover the choice of its examples and the seeds ({crossed}){besides}."]
    some = f" of {', '.join(map(str, unknown))}" if len(unknown) < len(table) else ""
    return [
        f"{head}{some} cover the seeds, not the choice of its examples: not all runs say which "
        "they have right. Of runs that an older version stored, --fresh finds out."
    ]


def _error(table: pd.DataFrame) -> pd.Series:
    """Returns the standard errors that come from the choice of test examples; NaN if unknown."""
    return table.get("examples_error", pd.Series(math.nan, table.index))


def _sides_changed(table: pd.DataFrame, baseline: str) -> list[str]:
    """Returns the variants that beat the baseline at one choice of the rate and not at the other.

    Differences within the baseline's interval do not count.
    """
    own = table.set_index("variant")
    if baseline not in own.index:
        return []
    reference = own.loc[baseline]
    noise = reference["test_high"] - reference["test_accuracy"]
    best = own["test_accuracy"] - reference["test_accuracy"]
    same = own["same_rate_accuracy"] - reference["test_accuracy"]
    changed = (best * same < 0) & (best.abs() > noise) & (same.abs() > noise)
    return [str(label) for label in own.index[changed]]


def _diverged(runs: int, n: int) -> str:
    """Returns how many runs diverged, with the interval of their share; empty for none."""
    if not runs:
        return ""
    share = share_interval(runs, n)
    return f"{runs} of {n} [{100 * share.low:.0f}, {100 * share.high:.0f}] %"


def percent(share: float) -> str:
    """Returns a share in percent, empty for none."""
    return "" if math.isnan(share) else f"{100 * share:.1f}"


def with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    """Returns a share and its interval in percent; `sign` is `+` to show it of positive ones."""
    if math.isnan(mean):
        return ""
    text = f"{100 * mean:{sign}.1f}"
    return text if math.isnan(low) else f"{text} [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"
