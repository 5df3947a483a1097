"""The legend of a figure: categories in rows, or the words of a scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vlm_explorer.export import fonts
from vlm_explorer.export.figure import Entry, Figure
from vlm_explorer.export.figure_parts import BODY, GAP, LINE, MARGIN, SMALL, Dot, Words, cut, short
from vlm_explorer.rendering.label_placement import Rect

_DOT = 4.5  # px, radius
_MOST_ROWS = 6


@dataclass(frozen=True, slots=True)
class Item:
    """An entry, or how many more there are, and how far across its row it stands (px)."""

    entry: Entry | None
    title: str
    counts: str
    width: float
    x: float = 0.0


def legend_rows(entries: tuple[Entry, ...], room: float) -> list[list[Item]]:
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


def _item(entry: Entry | None, title: str, counts: str) -> Item:
    width = fonts.width(title, BODY) + fonts.width(f"  {counts}", SMALL) + 2 * _DOT + GAP
    return Item(entry, title, counts, width)


def _flow(items: list[Item], room: float) -> list[list[Item]]:
    rows: list[list[Item]] = []
    x = math.inf
    for item in items:
        if x + item.width > room:
            rows.append([])
            x = 0.0
        rows[-1].append(Item(item.entry, item.title, item.counts, item.width, x))
        x += item.width + 2.5 * GAP
    return rows


def place_rows(rows: list[list[Item]], top: float) -> tuple[list[Words], list[Dot]]:
    """Return the words and colours of rows, of which the first begins at `top`."""
    words: list[Words] = []
    dots: list[Dot] = []
    for number, row in enumerate(rows):
        y = top + number * BODY * LINE + BODY
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


def scale_words(figure: Figure, bar: Rect) -> list[Words]:
    """Return the words over and under the colours of the figure's scale."""
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
