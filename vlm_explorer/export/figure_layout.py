"""Where everything in a figure goes: words, legend, map, in logical pixels; nothing overlaps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vlm_explorer.export import fonts
from vlm_explorer.export.figure import Entry, Figure, Mark, Name, Style
from vlm_explorer.rendering.label_placement import Clutter, Label, Rect, around, beside, place
from vlm_explorer.rendering.points import Level
from vlm_explorer.rendering.rasteriser import diameter
from vlm_explorer.rendering.view import View, bounds

MARGIN, GAP = 24.0, 8.0
TITLE, BODY, SMALL = 18.0, 13.0, 11.0  # px
STAR = 8.0  # px, radius
_LINE = 1.45  # heights of letters from line to line
_DOT = 4.5  # px, radius in the legend
_BAR = 220.0, 9.0  # px, of a scale
_LONGEST = 40  # characters of a name or a category
_MOST_ROWS = 6  # of the legend
_APART = 110.0  # px between parts of one name that are both named
_PAD = 4.0  # px around words on the map


@dataclass(frozen=True, slots=True)
class Words:
    """Words from the start of their baseline; on the map they have a halo."""

    x: float
    y: float
    text: str
    size: float
    role: str
    bold: bool = False
    halo: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """The colour of a category."""

    x: float
    y: float
    radius: float
    colour: str
    hollow: bool


@dataclass(frozen=True, slots=True)
class Star:
    """A star of five points, its corners (10)."""

    corners: tuple[tuple[float, float], ...]
    role: str


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A figure with places.

    Attributes:
        map: where the map is.
        view: from where it is seen.
        diameter: of a point, logical pixels.
        bar: where the scale's colours are; None without one.
    """

    map: Rect
    view: View
    diameter: float
    words: tuple[Words, ...]
    dots: tuple[Dot, ...]
    stars: tuple[Star, ...]
    bar: Rect | None


def lay_out(figure: Figure, style: Style) -> Placed:
    """Place title above, legend below, and the map between them as large as it can be."""
    room = style.width - 2 * MARGIN
    words: list[Words] = []
    y = MARGIN + TITLE
    words.append(Words(MARGIN, y, cut(figure.title, TITLE, room, bold=True), TITLE, "text", True))
    for line in figure.details:
        y += SMALL * _LINE + 3
        words.append(Words(MARGIN, y, cut(line, SMALL, room), SMALL, "secondary"))
    top = y + 2 * GAP
    foot = style.height - MARGIN
    words.append(Words(MARGIN, foot, cut(figure.notice, SMALL, room), SMALL, "secondary"))
    bottom = foot - SMALL - GAP
    rows = _legend_rows(figure.legend, room)
    legend: list[Words] = []
    dots: list[Dot] = []
    bar = None
    if figure.scale is not None:
        bar = Rect(MARGIN, bottom - SMALL - GAP - _BAR[1], *_BAR)
        legend = _scale_words(figure, bar)
        bottom = bar.y - SMALL - 2 * GAP
    elif rows:
        height = len(rows) * BODY * _LINE
        legend, dots = _place_rows(rows, bottom - height)
        bottom -= height + GAP
    area = Rect(MARGIN, top, room, max(bottom - top, 1.0))
    view, zoom = _view(figure, area)
    on_map, stars = _on_map(figure, view, area)
    return Placed(
        map=area,
        view=view,
        diameter=diameter(len(figure.points), zoom),
        words=(*words, *legend, *on_map),
        dots=tuple(dots),
        stars=stars,
        bar=bar,
    )


def cut(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Return as much of a text as fits, on one line."""
    line = " ".join(text.split())
    if fonts.width(line, size, bold=bold) <= room:
        return line
    while line and fonts.width(f"{line}…", size, bold=bold) > room:
        line = line[:-1]
    return f"{line.rstrip()}…"


def short(text: str) -> str:
    """Return a name that is not too long, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"


# The legend


@dataclass(frozen=True, slots=True)
class _Item:
    entry: Entry | None
    title: str
    counts: str
    width: float
    x: float = 0.0


def _legend_rows(entries: tuple[Entry, ...], room: float) -> list[list[_Item]]:
    """Share the entries out among rows; what does not fit in them is counted at the end."""
    items = []
    for entry in entries:
        left = room - fonts.width(f"   {entry.counts}", BODY) - 2 * _DOT - 2 * GAP
        items.append(_item(entry, cut(short(entry.title), BODY, left), entry.counts))
    rows = _flow(items, room)
    if len(rows) > _MOST_ROWS:
        kept = [item for row in rows[:_MOST_ROWS] for item in row]
        while True:
            kept.pop()
            more = _item(None, f"and {len(items) - len(kept)} more", "")
            rows = _flow([*kept, more], room)
            if len(rows) <= _MOST_ROWS:
                return rows
    return rows


def _item(entry: Entry | None, title: str, counts: str) -> _Item:
    width = fonts.width(title, BODY) + fonts.width(f"  {counts}", SMALL) + 2 * _DOT + GAP
    return _Item(entry, title, counts, width)


def _flow(items: list[_Item], room: float) -> list[list[_Item]]:
    rows: list[list[_Item]] = []
    x = math.inf
    for item in items:
        if x + item.width > room:
            rows.append([])
            x = 0.0
        rows[-1].append(_Item(item.entry, item.title, item.counts, item.width, x))
        x += item.width + 2.5 * GAP
    return rows


def _place_rows(rows: list[list[_Item]], top: float) -> tuple[list[Words], list[Dot]]:
    words: list[Words] = []
    dots: list[Dot] = []
    for number, row in enumerate(rows):
        y = top + number * BODY * _LINE + BODY
        for item in row:
            x = MARGIN + item.x
            if item.entry is not None:
                colour, hidden = item.entry.colour, item.entry.hidden
                dots.append(Dot(x + _DOT, y - BODY * 0.36, _DOT, colour, hidden))
            x += 2 * _DOT + GAP
            words.append(Words(x, y, item.title, BODY, "text"))
            x += fonts.width(f"{item.title} ", BODY) + 3
            words.append(Words(x, y, item.counts, SMALL, "secondary"))
    return words, dots


def _scale_words(figure: Figure, bar: Rect) -> list[Words]:
    scale = figure.scale
    assert scale is not None
    under = bar.y + bar.height + SMALL + 3
    middle = bar.x + bar.width / 2 - fonts.width(scale.middle, SMALL) / 2
    high = bar.x + bar.width - fonts.width(scale.high, SMALL)
    return [
        Words(bar.x, bar.y - 6, scale.title, BODY, "text"),
        Words(bar.x, under, scale.low, SMALL, "secondary"),
        Words(middle, under, scale.middle, SMALL, "secondary"),
        Words(high, under, scale.high, SMALL, "secondary"),
    ]


# The map


def _view(figure: Figure, area: Rect) -> tuple[View, float]:
    """Return from where the map is seen, and how much nearer than all of it."""
    drawn = figure.points.xy[figure.points.level > Level.ABSENT]
    blank = View(width=area.width, height=area.height)
    whole = blank.fitted_to(bounds(drawn))
    if figure.region is None:
        return whole, 1.0
    x, y, across = figure.region
    view = View(x, y, area.width / across, area.width, area.height)
    return view, view.scale / whole.scale


def _on_map(figure: Figure, view: View, area: Rect) -> tuple[tuple[Words, ...], tuple[Star, ...]]:
    """Return names that do not overlap, and stars; both in the figure's pixels."""
    stars: list[Star] = []
    taken: list[Rect] = []
    wishes: list[_Wish] = []
    for mark in figure.marks:
        x, y = (float(part) for part in view.to_screen(np.array([mark.x, mark.y])))
        if not (0 <= x <= view.width and 0 <= y <= view.height):
            continue
        radius = STAR if mark.prompt else 0.7 * STAR
        role = "star" if mark.prompt else "secondary"
        stars.append(Star(tuple(_corners(area.x + x, area.y + y, radius)), role))
        taken.append(Rect(x - STAR, y - STAR, 2 * STAR, 2 * STAR))
        wishes.append(_mark_wish(mark, x, y, len(wishes)))
    wishes += [_name_wish(name, view) for name in _distinct(figure.names, view)]
    shown = figure.points.level >= Level.FADED
    columns = view.to_columns(figure.points.xy[shown])
    clutter = Clutter(*columns, view.width, view.height)
    labels = [
        Label(w.places, w.priority, tuple(float(clutter.count(p)) for p in w.places))
        for w in wishes
    ]
    found = place(labels, Rect(0, 0, view.width, view.height), taken)
    words = [
        part
        for wish, rect in zip(wishes, found, strict=True)
        if rect is not None
        for part in wish.words(area.x + rect.x + _PAD, area.y + rect.y + _PAD)
    ]
    return tuple(words), tuple(stars)


def _distinct(names: tuple[Name, ...], view: View) -> list[Name]:
    """Return the names, of equal ones close together only that of the largest part."""
    kept: list[tuple[Name, float, float]] = []
    for name in sorted(names, key=lambda name: -name.count):
        middle = np.array([name.body[:2], name.body[2:]]).mean(axis=0)
        x, y = (float(part) for part in view.to_screen(middle))
        near = (other.words == name.words and math.hypot(x - a, y - b) < _APART
                for other, a, b in kept)  # fmt: skip
        if not any(near):
            kept.append((name, x, y))
    return [name for name, _, _ in kept]


@dataclass(frozen=True, slots=True)
class _Wish:
    places: tuple[Rect, ...]
    priority: float
    text: str
    after: str
    size: float
    role: str

    def words(self, x: float, y: float) -> Iterator[Words]:
        baseline = y + self.size * 0.95
        yield Words(x, baseline, self.text, self.size, self.role, True, halo=True)
        if self.after:
            x += fonts.width(f"{self.text}  ", self.size, bold=True)
            yield Words(x, baseline, self.after, SMALL, "secondary", halo=True)


def _measured(text: str, after: str, size: float) -> tuple[float, float]:
    across = fonts.width(text, size, bold=True)
    if after:
        across += fonts.width("  ", size, bold=True) + fonts.width(after, SMALL)
    return across + 2 * _PAD, size * 1.2 + 2 * _PAD


def _mark_wish(mark: Mark, x: float, y: float, number: int) -> _Wish:
    text = short(mark.words)
    size = BODY if mark.prompt else SMALL
    role = "star" if mark.prompt else "secondary"
    places = beside(x, y, *_measured(text, "", size), STAR + 6)
    return _Wish(places, (1e12 if mark.prompt else -1.0) - number, text, "", size, role)


def _name_wish(name: Name, view: View) -> _Wish:
    """Wish for a place around a part of the map, or in its middle where few points lie there."""
    text = short(name.words)
    x0, y0, x1, y1 = name.body
    left, bottom = (float(part) for part in view.to_screen(np.array([x0, y0])))
    right, top = (float(part) for part in view.to_screen(np.array([x1, y1])))
    width, height = _measured(text, name.after, BODY)
    box = Rect(left, top, right - left, bottom - top)
    beside_it, left_of, above, below = around(box, width, height, 6.0)
    middle = Rect((left + right - width) / 2, (top + bottom - height) / 2, width, height)
    places = (above, below, beside_it, left_of, middle)
    return _Wish(places, float(name.count), text, name.after, BODY, "text")


def _corners(x: float, y: float, radius: float) -> Iterator[tuple[float, float]]:
    for corner in range(10):
        angle = -math.pi / 2 + corner * math.pi / 5
        away = radius if corner % 2 == 0 else radius * 0.45
        yield x + math.cos(angle) * away, y + math.sin(angle) * away
