"""A figure of the map, frozen: what is drawn and what is said, whoever draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.points import Brush, Points

MOST_CIRCLES = 5000  # points that a drawing holds as circles; more are a picture within it


@dataclass(frozen=True, slots=True)
class Style:
    """How a figure looks.

    Attributes:
        theme: `light` or `dark`.
        width, height: logical pixels, of which there are 96 an inch.
        scale: device pixels for each, in pictures.
        colour_by: a column of categories, `similarity`, or "" for the best there is.
    """

    theme: str = "light"
    width: int = 1200
    height: int = 900
    scale: float = 2.0
    colour_by: str = ""

    def options(self) -> tuple[str, ...]:
        """Return the options of the command line that ask for it."""
        words = ["--theme", self.theme, "--size", f"{self.width}x{self.height}"]
        words += ["--scale", f"{self.scale:g}"]
        return (*words, "--colour-by", self.colour_by) if self.colour_by else tuple(words)


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of ground and words, each "#rrggbb"."""

    ground: str
    text: str
    secondary: str
    line: str
    accent: str
    star: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A category of the legend: what it is, in which colour, how many it has."""

    title: str
    colour: str
    counts: str
    hidden: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """A scale of values: its colours uint8 (S, 3), low to high, and the numbers at its ends."""

    title: str
    colours: Rgb
    low: str
    middle: str
    high: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A star with its words; `prompt` tells a prompt from a label."""

    x: float
    y: float
    words: str
    prompt: bool = True


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a part of the map, the larger ones first served.

    Attributes:
        body: x0, y0, x1, y1 of the box around most of the part, in world coordinates.
        count: how many points it has.
        after: what follows the name more quietly.
    """

    words: str
    count: int
    body: tuple[float, float, float, float]
    after: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A map with all that is said about it.

    Attributes:
        points: back to front, in world coordinates; `brush`: how they are drawn.
        ink: colours of all else.
        title: how the map was made.
        details: lines below it: counts, trust, encoder.
        legend, scale: what the colours stand for; one of them is empty.
        region: x, y and width of the part of the world that is shown; None for all of it.
        notice: what stands at the foot.
        provenance: what the file's metadata says.
    """

    points: Points
    brush: Brush
    ink: Ink
    title: str
    details: tuple[str, ...]
    legend: tuple[Entry, ...] = ()
    scale: Scale | None = None
    marks: tuple[Mark, ...] = ()
    names: tuple[Name, ...] = ()
    region: tuple[float, float, float] | None = None
    notice: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
