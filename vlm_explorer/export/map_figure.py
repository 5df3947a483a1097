"""Saliency maps as a figure: one, or several beside each other. Frozen, whoever draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError
from vlm_explorer.export.figure import Ink, Scale
from vlm_explorer.export.figure_colours import ink_of
from vlm_explorer.export.map_record import (
    caption,
    number,
    prompt_of,
    record,
    score_words,
)
from vlm_explorer.export.provenance import NOTICE
from vlm_explorer.rendering.colour_maps import DIVERGING, SEQUENTIAL, colour_map
from vlm_explorer.rendering.map_scaling import Limits, Scaling, limits
from vlm_explorer.rendering.overlays import blend
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.geometry import on_image
from vlm_explorer.saliency.method_words import CAVEAT, title_of

FLAT_WORDS = "No signal: the map is the same everywhere."
_SIGNED = "Warm: for the prompt; blue: against it."
_CONTRAST = "Warm: more for the first prompt; blue: more for the second."


@dataclass(frozen=True, slots=True)
class MapStyle:
    """How maps look.

    Attributes:
        scaling: which values the ends of the colours stand for. Maps of several prompts always
            share one range; `scaling` then says of what kind.
        sequential, diverging: palettes of unsigned and of signed values.
        opacity: of the strongest value, 0 to 1.
        theme: `light` or `dark`, of the ground and the words.
        width: logical pixels, of which there are 96 an inch; the height follows.
        scale: device pixels for each, in pictures.
    """

    scaling: Scaling = "minmax"
    sequential: str = SEQUENTIAL[0]
    diverging: str = DIVERGING[0]
    opacity: float = 0.6
    theme: str = "light"
    width: int = 900
    scale: float = 2.0

    def palette(self, ends: Limits) -> str:
        """Return the name of the colours that suit a range."""
        return self.diverging if ends.diverging else self.sequential


def with_colours(style: MapStyle, name: str) -> MapStyle:
    """Return a style with other colours for the maps that these are made for.

    Raises:
        UsageError: there are no such colours.
    """
    if name in SEQUENTIAL:
        return replace(style, sequential=name)
    if name in DIVERGING:
        return replace(style, diverging=name)
    raise UsageError(
        f"There are no colours “{name}”.",
        f"Unsigned maps: {', '.join(SEQUENTIAL)}; signed ones: {', '.join(DIVERGING)}.",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A map over its scan, uint8 (rows, columns, 3), and what stands beside it."""

    title: str
    lines: tuple[str, ...]
    picture: NDArray[np.uint8]
    scale: Scale


@dataclass(frozen=True, slots=True, eq=False)
class MapFigure:
    """Maps with all that is said about them.

    Attributes:
        tiles: in reading order.
        scale: of all tiles alike; None where each has its own.
        ink: colours of the ground and of words.
        title, details: above the maps.
        foot: below them.
        facts: for programs, in the file's metadata and beside it.
        maps: the explanations, one a tile.
    """

    tiles: tuple[Tile, ...]
    scale: Scale | None
    ink: Ink
    title: str
    details: tuple[str, ...]
    foot: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    maps: tuple[Explanation, ...] = ()


def ends_of(maps: Sequence[Explanation], scaling: Scaling) -> list[Limits]:
    """Return the ends of the colours of maps that stand beside each other.

    Maps of one unit share one range: with a range each, a weak map would look like a strong one.
    Maps of different units cannot, and differences of maps have a range of their own.
    """
    kinds = [_kind(found) for found in maps]
    one = {
        kind: limits(
            [_on_image(f) for f, own in zip(maps, kinds, strict=True) if own == kind],
            signed=any(f.signed for f, own in zip(maps, kinds, strict=True) if own == kind),
            scaling=scaling,
        )
        for kind in set(kinds)
    }
    return [one[kind] for kind in kinds]


def _on_image(found: Explanation) -> NDArray[np.float32]:
    """Return the values of patches that the image touches: those on padding are not seen."""
    return found.grid[:, on_image(found.geometry) > 0]


def _kind(found: Explanation) -> tuple[str, str, bool]:
    return found.method, found.unit, found.target["kind"] == "contrast"


def build_map_figure(
    pixels: NDArray[np.uint8],
    maps: Sequence[Explanation],
    style: MapStyle,
    *,
    file: str = "",
    frame: int = 0,
) -> MapFigure:
    """Return a figure of maps over the picture that the encoder was given.

    Args:
        pixels: uint8 (rows, columns) or (rows, columns, 3).
        maps: of one prompt each.
        file: the image's file, only where it is to be named.
    """
    ends = ends_of(maps, style.scaling)
    several = len(maps) > 1
    shared = len(set(map(_kind, maps))) == 1
    display: dict[str, Any] = {
        "scaling": "shared" if shared and several else style.scaling,
        "palette": " and ".join(dict.fromkeys(map(style.palette, ends))),
        "opacity": style.opacity,
    }
    if several:
        display["range"] = style.scaling
    tiles = tuple(_tile(pixels, f, own, style) for f, own in zip(maps, ends, strict=True))
    methods = list(dict.fromkeys(found.method for found in maps))
    title = _title(maps) if len(methods) == 1 else "Saliency by several methods"
    if len(methods) == 1:
        details = caption(maps[0], display)
    else:
        whole = caption(maps[0], display)
        methods_told = (caption(_first(maps, name), display)[0] for name in methods)
        details = (*methods_told, *whole[1:], "Units differ: each map has a bar of its own.")
    return MapFigure(
        tiles=tiles,
        scale=tiles[0].scale if shared else None,
        ink=ink_of(style.theme),
        title=title,
        details=(*details, f"{file}, frame {frame}") if file else details,
        foot=(f"{CAVEAT} {NOTICE}",),
        facts=record(maps, ends, display, file=file, frame=frame),
        maps=tuple(maps),
    )


def _meaning(found: Explanation, ends: Limits) -> str:
    if not ends.diverging:
        return ""
    return f". {_CONTRAST if found.target['kind'] == 'contrast' else _SIGNED}"


def _first(maps: Sequence[Explanation], method: str) -> Explanation:
    return next(found for found in maps if found.method == method)


def _title(maps: Sequence[Explanation]) -> str:
    name = title_of(maps[0].method)
    prompt = prompt_of(maps[0])
    return f"{name}: {prompt}" if len(maps) == 1 and prompt else name


def _tile(pixels: NDArray[np.uint8], found: Explanation, ends: Limits, style: MapStyle) -> Tile:
    table = colour_map(ends.diverging, style.palette(ends))
    overlay = found.overlay_of(0)
    picture = blend(
        pixels, overlay, signed=found.signed, opacity=style.opacity, ends=ends, colours=table
    )
    score = score_words(found)
    flat = (FLAT_WORDS,) if limits([_on_image(found)], signed=found.signed).flat else ()
    scale = Scale(
        title=f"{found.unit.capitalize()}{_meaning(found, ends)}",
        colours=table,
        low=number(ends.low),
        middle=number((ends.low + ends.high) / 2),
        high=number(ends.high),
    )
    title = ", ".join(filter(None, [title_of(found.method), prompt_of(found)]))
    return Tile(title, (score, *flat, *found.warnings), picture, scale)
