"""Pictures as inline SVG, each with its legend and its numbers as a table. Pure.

The script finds what it reads out in the table, and what it toggles by `data-series`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from zoo.report.scales import Scale, fitting, linear, log
from zoo.report.svg import coordinate, element, fitted, joined, number, width_of

COLOURS, DASHES = 7, 5  # that figures.css has; neighbours differ in both
WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 8, 40
ROW = 22
LABELS, LEAST = 170, 110  # units of labels at most, and of the axes of `rows` at least
MOST_PLACES = 60  # of a line; more are thinned out


@dataclass(frozen=True)
class Point:
    """A value with its interval, `NaN` where there is none.

    Attributes:
        x: Where it stands.
        y: The value.
        low: Low end of its interval.
        high: High end.
        mark: `ring` or `pale` for one around it, `cross` for runs that diverged there, or nothing.
        note: What its cell in the table says besides.
    """

    x: float
    y: float
    low: float = math.nan
    high: float = math.nan
    mark: str = ""
    note: str = ""


@dataclass(frozen=True)
class Series:
    """A line of a chart.

    Attributes:
        label: Its name.
        points: Its points, in rising order of x.
        style: Number of its colour and dashes; negative for the baseline's.
    """

    label: str
    points: Sequence[Point]
    style: int = -1


@dataclass(frozen=True)
class Row:
    """A row of a chart of values beside each other.

    Attributes:
        label: Its name.
        value: The value, with its interval.
        text: The same in words.
        style: As of `Series`.
    """

    label: str
    value: Point
    text: str
    style: int = -1


@dataclass(frozen=True)
class Chart:
    """A picture with its numbers.

    Attributes:
        title: What it shows.
        kind: `lines` or `rows`.
        svg: The picture.
        columns: Head of the table.
        rows: Its rows, as text.
        legend: By series its number, its name and a sample of its line; none of `rows`.
        note: How to read it.
    """

    title: str
    kind: str
    svg: Markup
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[int, str, Markup]] = field(default=())
    note: str = ""


def look(style: int) -> str:
    """Returns the classes of a colour and of dashes; the baseline has its own."""
    return "base" if style < 0 else f"c{style % COLOURS} d{style % DASHES}"


def lines(
    title: str,
    series: Sequence[Series],
    x: str,
    y: str,
    *,
    log_x: bool = False,
    log_y: bool | None = None,
    text: Callable[[float], str] = number,
    note: str = "",
) -> Chart:
    """Draws lines with the bands of their intervals.

    Args:
        title: What it shows.
        series: The lines, at least one.
        x: What the horizontal axis says.
        y: What the vertical axis says.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical one is; `None` where the values decide.
        text: Says a value.
        note: How to read it.
    """
    series = [Series(each.label, _thinned(each.points), each.style) for each in series]
    points = [point for each in series for point in each.points]
    places = sorted({point.x for point in points if not log_x or point.x > 0})
    across = (log if log_x else linear)(places, WIDTH - LEFT - RIGHT)
    across = replace(across, whole=all(place == round(place) for place in places))
    ends = [point.y for point in points]
    if log_y is not True:
        ends += [end for point in points for end in (point.low, point.high)]
    length = HEIGHT - TOP - BOTTOM
    up = {True: log, False: linear, None: fitting}[log_y](ends, length)
    drawn = joined(_series(nth, each, across, up) for nth, each in enumerate(series))
    picture = _frame(title, drawn, (across, up), (x, y), HEIGHT, places, LEFT)
    cells = [{point.x: _cell(point, text) for point in each.points} for each in series]
    table = [[number(place), *(own.get(place, "") for own in cells)] for place in places]
    legend = [(nth, each.label, _sample(each.style)) for nth, each in enumerate(series)]
    return Chart(title, "lines", picture, [x, *(s.label for s in series)], table, legend, note)


def rows(
    title: str,
    found: Sequence[Row],
    x: str,
    *,
    zero: float | None = 0.0,
    floor: float = math.nan,
    reach: Sequence[float] = (),
    note: str = "",
    heads: tuple[str, str] = ("variant", "value"),
) -> Chart:
    """Draws values with their intervals below each other.

    Args:
        title: What it shows.
        found: The rows, from the top.
        x: What the axis says.
        zero: Where a line stands, such as at no difference.
        floor: Half the width of a grey band around it.
        reach: Values that the axis must reach; by default all there are.
        note: How to read it.
        heads: Head of the table.
    """
    values = [end for row in found for end in (row.value.y, row.value.low, row.value.high)]
    ends = [*(reach or values), *([] if zero is None else [zero])]
    left = 22 + min(LABELS - 22, max(width_of(row.label) for row in found))
    texts = max(width_of(row.text) for row in found)
    right = 10 + min(WIDTH - left - LEAST - 10, texts)
    width = WIDTH - left - right
    across = fitting(ends, width) if zero is None else linear(ends, width, 0.06)
    height = ROW * len(found)
    parts = []
    if zero is not None and math.isfinite(floor):
        low, high = across.within(zero - floor), across.within(zero + floor)
        parts.append(element("rect", x=low, y=0, width=high - low, height=height, class_="floor"))
    if zero is not None:
        parts.append(_line(across.at(zero), 0.0, across.at(zero), float(height), "zero"))
    parts += [_row(nth, row, across, left, right) for nth, row in enumerate(found)]
    down = Scale(0, 1, height)
    whole = _frame(title, joined(parts), (across, down), (x, ""), height + TOP + BOTTOM, (), left)
    table = [[row.label, row.text] for row in found]
    return Chart(title, "rows", whole, heads, table, (), note)


def small(points: Sequence[Point], zero: float | None, title: str) -> Markup:
    """Draws effects below each other as a picture the size of a word, each with its interval."""
    ends = [end for point in points for end in (point.y, point.low, point.high)]
    across = linear([*ends, *([] if zero is None else [zero])], 96)
    height = 9 * len(points) + 4
    parts = [element("title", title)]
    if zero is not None:
        parts.append(_line(across.at(zero), 0.0, across.at(zero), float(height), "zero"))
    for nth, point in enumerate(points):
        y = 9.0 * nth + 6.5
        parts.append(_interval(point, across, y))
        parts.append(_dot(across.at(point.y), y))
    return element(
        "svg", joined(parts), class_="small", viewBox=f"0 0 96 {height}", width=96, height=height,
        role="img", aria_label=title,
    )  # fmt: skip


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Returns at most about `MOST_PLACES` of the points, evenly, the first and last among them."""
    if len(points) <= MOST_PLACES:
        return points
    every = math.ceil((len(points) - 1) / (MOST_PLACES - 1))
    kept = list(points[::every])
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def _series(nth: int, series: Series, across: Scale, up: Scale) -> Markup:
    placed = [
        (across.at(p.x), up.length - up.at(p.y), up.length - up.within(p.low),
         up.length - up.within(p.high), p.mark)
        for p in series.points
    ]  # fmt: skip
    seen = [each for each in placed if math.isfinite(each[0]) and math.isfinite(each[1])]
    band = [each for each in seen if math.isfinite(each[2]) and math.isfinite(each[3])]
    parts = []
    if len(band) > 1:
        edge = [(a, low) for a, _, low, _, _ in band]
        edge += [(a, high) for a, _, _, high, _ in reversed(band)]
        parts.append(element("path", d=_path(edge) + "Z", class_="band"))
    if seen:
        d = _path([each[:2] for each in seen])
        parts.append(element("path", d=d, class_="line"))
        if len(seen) <= 12:
            dots = "".join(f"M{coordinate(a)},{coordinate(b)}h0" for a, b, *_ in seen)
            parts.append(element("path", d=dots, class_="dots"))
    for a, b, _, _, mark in seen:
        if mark in ("ring", "pale"):
            spot = f"M{coordinate(a)},{coordinate(b)}h0"
            parts += [element("path", d=spot, class_=mark), element("path", d=spot, class_="hole")]
    crosses = [across.at(point.x) for point in series.points if point.mark == "cross"]
    for a in crosses:
        if math.isfinite(a):
            d = f"M{coordinate(a - 3)},{coordinate(up.length - 9)}l6,6m0,-6l-6,6"
            parts.append(element("path", d=d, class_="cross"))
    return element("g", joined(parts), class_=look(series.style), data_series=nth)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{coordinate(x)},{coordinate(y)}" for x, y in points)


def _frame(
    title: str, drawn: Markup, scales: tuple[Scale, Scale], said: tuple[str, str],
    height: int, places: Sequence[float], left: float,
) -> Markup:  # fmt: skip
    """Returns a whole picture: what is drawn, axes and their names."""
    across, up = scales
    lined = bool(said[1])
    inner = element(
        "svg", drawn, class_="plot", x=float(left), y=TOP, width=across.length, height=up.length,
        viewBox=f"0 0 {coordinate(across.length)} {coordinate(up.length)}",
        preserveAspectRatio="none" if lined else None,
    )  # fmt: skip
    parts = [element("title", title), _ticks(across, "x", left, up.length)]
    if lined:
        parts.append(_ticks(up, "y", left, across.length))
    parts.append(inner)
    middle = left + across.length / 2 if lined else WIDTH / 2
    parts.append(
        element("text", fitted(said[0], WIDTH - 40), x=middle, y=height - 6, class_="axis")
    )
    if lined:
        turn = f"translate(11 {coordinate(TOP + up.length / 2)}) rotate(-90)"
        parts.append(element("text", fitted(said[1], up.length), transform=turn, class_="axis"))
    spots = " ".join(coordinate(across.at(place)) for place in places)
    return element(
        "svg", joined(parts), viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=title,
        data_x=spots or None, data_across=_told(across), data_up=_told(up) if lined else None,
    )  # fmt: skip


def _told(scale: Scale) -> str:
    """Returns a scale for the script: lin or log, its ends, perhaps whole."""
    return (
        f"{'log' if scale.log else 'lin'} {scale.low:.6g} {scale.high:.6g}{' whole' * scale.whole}"
    )


def _ticks(scale: Scale, axis: str, left: float, other: float) -> Markup:
    parts = []
    for tick in scale.ticks(max(3, min(5, int(scale.length / 40)))):
        place = scale.at(tick)
        if axis == "x":
            x = left + place
            parts.append(_line(x, TOP, x, TOP + other, "grid"))
            parts.append(element("text", number(tick), x=x, y=TOP + other + 15))
        else:
            y = TOP + scale.length - place
            parts.append(_line(left, y, left + other, y, "grid"))
            parts.append(element("text", number(tick), x=left - 5, y=y + 4))
    return element("g", joined(parts), class_=f"ticks {axis}")


def _line(x: float, y: float, to_x: float, to_y: float, kind: str) -> Markup:
    return element(
        "line", x1=float(x), y1=float(y), x2=float(to_x), y2=float(to_y), class_=kind
    )  # fmt: skip


def _row(nth: int, row: Row, across: Scale, left: float, right: float) -> Markup:
    y = ROW * nth + ROW / 2
    label = element("text", fitted(row.label, left - 20), x=-8, y=y + 4, class_="label")
    if fitted(row.label, left - 20) != row.label:
        label = element("g", element("title", row.label) + label)
    told = row.text if fitted(row.text, right - 8) == row.text else row.text.partition(" [")[0]
    told = fitted(told, right - 8)  # the table below has it whole
    value = element("text", told, x=across.length + 8, y=y + 4, class_="value")
    x = across.at(row.value.y)
    dot = _dot(x, y) if 0 <= x <= across.length else Markup("")  # the mean of few may lie far off
    parts = [label, _interval(row.value, across, y), dot, value]
    return element("g", joined(parts), class_=look(row.style), data_row=nth)


def _interval(point: Point, across: Scale, y: float) -> Markup:
    ends = across.within(point.low), across.within(point.high)
    return _line(ends[0], y, ends[1], y, "bar") if all(map(math.isfinite, ends)) else Markup("")


def _dot(x: float, y: float) -> Markup:
    if not math.isfinite(x):
        return Markup("")
    return element("path", d=f"M{coordinate(x)},{coordinate(y)}h0", class_="dot")


def _cell(point: Point, text: Callable[[float], str]) -> str:
    told = text(point.y)
    if math.isfinite(point.low) and math.isfinite(point.high) and point.low != point.high:
        told += f" [{text(point.low)}, {text(point.high)}]"
    return f"{told} {point.note}".strip()


def _sample(style: int) -> Markup:
    line = element("path", d="M0,6H26", class_="line")
    drawn = element("g", line, class_=look(style))
    return element("svg", drawn, class_="key", viewBox="0 0 26 12", aria_hidden="true")
