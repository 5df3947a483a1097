"""Where everything in a figure goes: words, legend, map, in logical pixels; nothing overlaps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vlm_explorer.export import fonts
from vlm_explorer.export.figure import Figure, Mark, Name, Style
from vlm_explorer.export.figure_legend import legend_rows, place_rows, scale_words
from vlm_explorer.export.figure_parts import (
    BODY,
    GAP,
    LINE,
    MARGIN,
    SMALL,
    TITLE,
    Dot,
    Star,
    Words,
    cut,
    short,
)
from vlm_explorer.rendering.label_placement import Clutter, Label, Rect, around, beside, place
from vlm_explorer.rendering.points import Level
from vlm_explorer.rendering.rasteriser import diameter
from vlm_explorer.rendering.view import View, bounds

STAR = 8.0  # px, radius
_BAR = 220.0, 9.0  # px, of a scale
_APART = 110.0  # px between parts of one name that are both named
_PAD = 4.0  # px around words on the map


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
        y += SMALL * LINE + 3
        words.append(Words(MARGIN, y, cut(line, SMALL, room), SMALL, "secondary"))
    top = y + 2 * GAP
    foot = style.height - MARGIN
    words.append(Words(MARGIN, foot, cut(figure.notice, SMALL, room), SMALL, "secondary"))
    bottom = foot - SMALL - GAP
    rows = legend_rows(figure.legend, room)
    legend: list[Words] = []
    dots: list[Dot] = []
    bar = None
    if figure.scale is not None:
        bar = Rect(MARGIN, bottom - SMALL - GAP - _BAR[1], *_BAR)
        legend = scale_words(figure, bar)
        bottom = bar.y - SMALL - 2 * GAP
    elif rows:
        height = len(rows) * BODY * LINE
        legend, dots = place_rows(rows, bottom - height)
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
