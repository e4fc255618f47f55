"""What the columns of a table hold: numbers, categories, dates, or nothing to learn from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.layout import MISSING
from zoo.errors import ZooError

Array = NDArray[Any]

NUMBER, CATEGORY, DATE = "number", "category", "date"
MOST_CATEGORIES = 40  # of a column with more only --keep makes features
FEW_CATEGORIES = 10  # may be numbers and words, like 0, 1, 2, 3+
NO_VALUE = "missing"  # the category of what is missing
LIKE_A_DATE = re.compile(r"\d.*[-/.: ].*\d|[A-Za-z]{3,}\D*\d{4}")
LIKE_A_KEY = re.compile(
    r"(?:^|[\W_])(?:id|ID|Id|index|Index|key|Key|uuid|UUID)$|[a-z]I[dD]$|^[Uu]nnamed:? \d+$"
)
MOSTLY = 0.75  # of the texts that look like dates, for them to be taken for dates
SECONDS_A_DAY = 86400.0
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
GERMAN = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+")
MARKS = str.maketrans("", "", "%$€£ ")


@dataclass(frozen=True, eq=False)
class Column:
    """A column that can be learned from.

    Attributes:
        name: Its name.
        kind: `number`, `category` or `date`.
        values: Of shape (examples,): numbers, NaN where missing, or places in `categories`. Of a
            date (examples, parts).
        categories: Of a category all that occur, sorted; `missing` last, if any is.
        missing: How many values are missing.
        counts: Whether its numbers may count the rows, which amounts and percentages do not.
    """

    name: str
    kind: str
    values: Array
    categories: tuple[str, ...] = ()
    missing: int = 0
    counts: bool = False


def column_of(name: str, series: Any, comma: str, where: Callable[[int], str]) -> Column | str:
    """Returns what a column holds, or why nothing can be learned from it.

    Args:
        name: Its name.
        series: A pandas series of any type, one value for each example.
        comma: What commas in numbers are: `decimal` or `thousands`.
        where: Function of an example's place that says where it stands, such as `line 7`.

    Raises:
        ZooError: If numbers are infinite, or some are words.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return _date(name, series)
    if not (pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series)):
        series = cleaned(series)
        found = series.isna() | series.map(lambda value: isinstance(value, bool))
        series = (
            series.astype(float) if found.all() else series.where(series.isna(), series.map(str))
        )
    if series.isna().all():
        return "is empty"
    numbers = _numbers(series, comma)
    if numbers is not None:
        return _number(name, series, numbers, where)
    return _words(name, series, comma, where)


def cleaned(series: Any) -> Any:
    """Returns a series of objects without blanks around texts, and None where one is missing."""
    objects = series.astype(object)
    texts = objects.map(lambda value: value.strip() if isinstance(value, str) else value)
    return texts.where(~(texts.isna() | texts.isin(MISSING)), None)


def numbers_in(series: Any, comma: str) -> Array | None:
    """Returns what a column holds as float64 numbers, NaN where one is missing.

    `None` if it holds something else, such as words, dates or truth values, or nothing.

    Args:
        series: A pandas series of any type.
        comma: What commas in numbers are: `decimal` or `thousands`.
    """
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(series.dtype) or kinds.is_bool_dtype(series):
        return None
    series = series if kinds.is_numeric_dtype(series.dtype) else cleaned(series)
    if series.isna().all() or series.map(lambda value: isinstance(value, bool)).any():
        return None
    return _numbers(series, comma)


def _numbers(series: Any, comma: str) -> Array | None:
    """Returns a series as float64 numbers, NaN where one is missing; None if one is a word."""
    import pandas as pd

    numbers = pd.to_numeric(series, errors="coerce")
    if (numbers.isna() & series.notna()).any():
        numbers = pd.to_numeric(
            series.map(lambda v: _plain(v, comma), na_action="ignore"), "coerce"
        )
        if (numbers.isna() & series.notna()).any():
            return None
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))


def _plain(text: Any, comma: str) -> str:
    """Returns a number as Python writes it: without percent signs, currencies and commas."""
    plain = str(text).translate(MARKS)
    if comma == "thousands" and THOUSANDS.fullmatch(plain):
        return plain.replace(",", "")
    if GERMAN.fullmatch(plain):
        return plain.replace(".", "").replace(",", ".")
    return plain


def _number(name: str, series: Any, numbers: Array, where: Callable[[int], str]) -> Column | str:
    missing = np.isnan(numbers)
    with np.errstate(over="ignore"):
        wrong = np.flatnonzero(~missing & ~np.isfinite(numbers.astype(np.float32)))
    if wrong.size:
        raise ZooError(
            f"column {name!r} has {wrong.size} values that are infinite or beyond float32; the "
            f"first is {series.iloc[wrong[0]]} in {where(int(wrong[0]))}. Leave it empty if it is "
            f"missing, or leave the column out with --drop {_quoted(name)}."
        )
    counts = not missing.any() and bool((numbers % 1 == 0).all()) and not _has_marks(series)
    return Column(name, NUMBER, numbers, missing=int(missing.sum()), counts=counts)


def _has_marks(series: Any) -> bool:
    return not isinstance(series.iloc[0], int | float | np.number)


def _words(name: str, series: Any, comma: str, where: Callable[[int], str]) -> Column | str:
    """Returns what a column of texts holds."""
    import pandas as pd

    known = series.dropna()
    distinct = known.nunique()
    if _maybe_dates(known):
        dates = _parsed(series)
        if dates is not None:
            return _date(name, dates)
        if (wrong := _no_date(series)) is not None:
            raise ZooError(
                f"feature column {name!r} holds no date: {series.iloc[wrong]!r} in {where(wrong)}, "
                f"where most values are dates.\nCorrect it, write NA if it is missing, or leave "
                f"the column out with --drop {_quoted(name)}."
            )
    few = distinct <= FEW_CATEGORIES and distinct * 2 < len(known)
    plain = pd.to_numeric(series.map(lambda v: _plain(v, comma), na_action="ignore"), "coerce")
    if not few and plain.notna().sum() * 2 > len(known):
        row = int(np.flatnonzero(plain.isna() & series.notna())[0])
        raise ZooError(
            f"feature column {name!r} holds text: {series.iloc[row]!r} in {where(row)}, where most "
            f"values are numbers.\nCorrect it, write NA if it is missing, or leave the column out "
            f"with --drop {_quoted(name)}."
        )
    categories = sorted(known.unique())
    missing = int(series.isna().sum())
    code = {word: place for place, word in enumerate(categories)}
    values = series.map(code, na_action="ignore").fillna(len(code)).to_numpy(np.float64)
    return Column(name, CATEGORY, values, (*categories, *[NO_VALUE] * (missing > 0)), missing)


def _maybe_dates(known: Any) -> bool:
    found = [LIKE_A_DATE.search(text) is not None for text in known.iloc[:20]]
    return sum(found) >= MOSTLY * len(found)


def _no_date(series: Any) -> int | None:
    """Returns the place of the first text that is none of the dates that most others are."""
    import pandas as pd

    known = series.dropna()
    parsed = pd.to_datetime(known, errors="coerce", format="mixed", utc=True).notna()
    if parsed.all() or parsed.mean() < MOSTLY or _parsed(known[parsed]) is None:
        return None
    return int(np.flatnonzero(series.notna())[np.flatnonzero(~parsed)[0]])


def _parsed(series: Any) -> Any:
    """Returns a series as dates, None if some are none."""
    # skrub takes seconds to import, which tables without dates need not wait for.
    from skrub import ToDatetime
    from skrub.core import RejectColumn

    try:
        dates = ToDatetime().fit_transform(series.astype("str").where(series.notna(), None))
    except RejectColumn:
        return None
    return None if (dates.isna() & series.notna()).any() else dates


def _date(name: str, dates: Any) -> Column | str:
    """Returns a date's parts: year, month, day, weekday, perhaps hour, and days since the first."""
    from skrub import DatetimeEncoder

    missing = int(dates.isna().sum())
    if missing == len(dates):
        return "is empty"
    clock = bool((dates.dropna() != dates.dropna().dt.normalize()).any())
    encoder = DatetimeEncoder(
        resolution="hour" if clock else "day", add_weekday=True, add_total_seconds=False
    )
    parts = encoder.fit_transform(dates.rename(name)).to_numpy(np.float64)
    # skrub's seconds are float32, which are minutes apart today.
    days = (dates - dates.min()).dt.total_seconds().to_numpy(np.float64) / SECONDS_A_DAY
    parts = np.column_stack([parts, days])
    varied = [place for place in range(parts.shape[1]) if len(np.unique(parts[:, place])) > 1]
    return Column(name, DATE, parts[:, varied or [0]], missing=missing)


def useless(
    column: Column,
    labels: Array,
    rows: Array,
    repeats: Callable[[Array, Array], bool] | None = None,
) -> str:
    """Returns why a column should be left out, nothing if it should not.

    Args:
        column: The column.
        labels: Labels of shape (examples,).
        rows: The examples' places in the file, which has examples without a label, too.
        repeats: Function of values and labels that returns whether they say the same; `None` for
            that of classes.
    """
    if column.kind == DATE:
        return "holds one value" if len(np.unique(column.values, axis=0)) == 1 else ""
    values = column.values
    distinct = len(np.unique(values))
    if distinct == 1:
        return "holds one value"
    if column.counts and _number_rows(values, rows):
        return "numbers the rows"
    if distinct == len(values) > 2 and column.kind == CATEGORY:
        return "has another value in every row"
    if distinct == len(values) and column.counts and LIKE_A_KEY.search(column.name):
        return "has another value in every row"
    if (repeats or _repeats)(values, labels):
        return "repeats the target"
    if column.kind == CATEGORY and not 2 * distinct <= max(2 * FEW_CATEGORIES, len(values)):
        return f"has {distinct} different texts in {len(values)} rows"
    if column.kind == CATEGORY and distinct > MOST_CATEGORIES:
        return f"has {distinct} different texts, more than {MOST_CATEGORIES}"
    return ""


def numbers_rows(values: Array) -> bool:
    """Returns whether numbers of all rows count them, none missing."""
    whole = bool((np.isfinite(values) & (values == np.floor(values))).all())
    return whole and _number_rows(values, np.arange(len(values)))


def _number_rows(values: Array, rows: Array) -> bool:
    """Returns whether whole numbers count the rows, in their order or in any other."""
    if len(values) < 3:
        return False
    if (values - values[0] == rows - rows[0]).all():
        return True
    start = values.min()
    in_order = np.array_equal(np.sort(values), np.arange(start, start + len(values)))
    return bool(in_order and start in (0, 1) and len(values) >= 20)


def _repeats(values: Array, labels: Array) -> bool:
    """Returns whether each value goes with one label, and each label with one value."""
    distinct, value_codes = np.unique(values, return_inverse=True)
    classes, label_codes = np.unique(labels, return_inverse=True)
    if len(distinct) != len(classes):
        return False
    return len(np.unique(value_codes * len(classes) + label_codes)) == len(classes)


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def quoted(names: Sequence[str]) -> str:
    """Returns names as the command line takes them."""
    return ",".join(map(_quoted, names))
