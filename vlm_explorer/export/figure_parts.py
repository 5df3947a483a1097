"""What a figure is drawn of: words, dots and stars with their places, in logical pixels."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_explorer.export import fonts

MARGIN, GAP = 24.0, 8.0
TITLE, BODY, SMALL = 18.0, 13.0, 11.0  # px
LINE = 1.45  # heights of letters from line to line
_LONGEST = 40  # characters of a name or a category


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
