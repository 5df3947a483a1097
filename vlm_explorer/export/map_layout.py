"""Where everything in a figure of saliency maps goes, in logical pixels; nothing overlaps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vlm_explorer.export import fonts
from vlm_explorer.export.figure import Scale
from vlm_explorer.export.figure_parts import BODY, GAP, MARGIN, SMALL, TITLE, Words
from vlm_explorer.export.map_figure import MapFigure, Tile
from vlm_explorer.rendering.label_placement import Rect

_LINE = 1.45  # heights of letters from line to line
_BAR = 240.0, 9.0  # px, of a scale at most
_LEAST = 180.0  # px, of a tile's width
_MOST = 5  # tiles in a row
_TALLEST = 760.0  # px, of a single map


@dataclass(frozen=True, slots=True, eq=False)
class PlacedMaps:
    """A figure of maps with places.

    Attributes:
        width, height: of all of it.
        pictures: where each tile's picture is.
        bars: colours with their places.
        words: all of them.
    """

    width: float
    height: float
    pictures: tuple[Rect, ...]
    bars: tuple[tuple[Scale, Rect], ...]
    words: tuple[Words, ...]


class _Page:
    """Collects words and bars from top to bottom."""

    def __init__(self) -> None:
        self.words: list[Words] = []
        self.bars: list[tuple[Scale, Rect]] = []

    def write(
        self, x: float, y: float, text: str, room: float, size: float, role: str, bold: bool = False
    ) -> float:
        """Write words over as many lines as they need; return where the next line begins."""
        for line in wrap(text, size, room, bold=bold):
            y += size * _LINE
            self.words.append(Words(x, y - size * 0.35, line, size, role, bold))
        return y

    def draw(self, scale: Scale, x: float, y: float, room: float) -> float:
        """Draw a bar with its unit above and its numbers below."""
        width = min(_BAR[0], room)
        y = self.write(x, y, scale.title, room, SMALL, "secondary") + 4
        self.bars.append((scale, Rect(x, y, width, _BAR[1])))
        under = y + _BAR[1] + SMALL + 3
        high = x + width - fonts.width(scale.high, SMALL)
        self.words.append(Words(x, under, scale.low, SMALL, "secondary"))
        between = high - x - fonts.width(scale.low, SMALL) - 2 * GAP
        if (across := fonts.width(scale.middle, SMALL)) < between:
            middle = x + (width - across) / 2
            self.words.append(Words(middle, under, scale.middle, SMALL, "secondary"))
        self.words.append(Words(high, under, scale.high, SMALL, "secondary"))
        return under + SMALL * 0.5


def lay_out_maps(figure: MapFigure, width: float) -> PlacedMaps:
    """Place title and caption above, the maps in rows, bars and notice below."""
    room = width - 2 * MARGIN
    page = _Page()
    y = page.write(MARGIN, MARGIN, figure.title, room, TITLE, "text", bold=True) + 4
    for line in figure.details:
        y = page.write(MARGIN, y, line, room, SMALL, "secondary")
    y += 2 * GAP
    pictures: list[Rect] = []
    across, columns = _columns(figure, room)
    for first in range(0, len(figure.tiles), columns):
        bottom = y
        for column, tile in enumerate(figure.tiles[first : first + columns]):
            x = MARGIN + column * (across + 2 * GAP)
            end = _place_tile(page, pictures, figure, tile, x, y, across)
            bottom = max(bottom, end)
        y = bottom + 2 * GAP
    if figure.scale is not None:
        y = page.draw(figure.scale, MARGIN, y, room) + GAP
    for line in figure.foot:
        y = page.write(MARGIN, y, line, room, SMALL, "secondary")
    return PlacedMaps(
        width, math.ceil(y + MARGIN), tuple(pictures), tuple(page.bars), tuple(page.words)
    )


def _columns(figure: MapFigure, room: float) -> tuple[float, int]:
    """Return how wide a tile is, and how many stand in a row."""
    count = len(figure.tiles)
    fit = max(1, int((room + 2 * GAP) // (_LEAST + 2 * GAP)))
    columns = min(count, fit, _MOST)
    columns = math.ceil(count / math.ceil(count / columns))  # rows as even as can be
    across = (room - (columns - 1) * 2 * GAP) / columns
    rows, wide = figure.tiles[0].picture.shape[:2]
    return min(across, max(_LEAST, _TALLEST * wide / rows)), columns


def _place_tile(
    page: _Page,
    pictures: list[Rect],
    figure: MapFigure,
    tile: Tile,
    x: float,
    y: float,
    room: float,
) -> float:
    rows, wide = tile.picture.shape[:2]
    picture = Rect(x, y, room, room * rows / wide)
    pictures.append(picture)
    y = picture.y + picture.height + 4
    if len(figure.tiles) > 1:
        y = page.write(x, y, tile.title, room, BODY, "text", bold=True)
    for line in tile.lines:
        y = page.write(x, y, line, room, SMALL, "secondary")
    return y if figure.scale is not None else page.draw(tile.scale, x, y + 4, room)


def wrap(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """Return a text in lines no wider than `room`; a word that is wider is broken."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if fonts.width(longer, size, bold=bold) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while fonts.width(line, size, bold=bold) > room and len(line) > 1:
            part = line
            while len(part) > 1 and fonts.width(part, size, bold=bold) > room:
                part = part[:-1]
            lines.append(part)
            line = line[len(part) :]
    return [*lines, line] if line else lines
