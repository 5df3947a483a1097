"""A figure as an SVG: words are text, points circles while they are few, else a picture."""

from __future__ import annotations

import base64
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.export import fonts
from vlm_explorer.export.figure import MOST_CIRCLES, Figure, Ink, Style
from vlm_explorer.export.figure_layout import Placed
from vlm_explorer.export.figure_parts import Words
from vlm_explorer.export.figure_png import map_picture
from vlm_explorer.export.provenance import as_json
from vlm_explorer.rendering import colours
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.label_placement import Rect
from vlm_explorer.rendering.painter import HALO
from vlm_explorer.rendering.points import Level

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
_PICTURE_SCALE = 2.0  # at least, of points that are a picture


def write_svg(figure: Figure, placed: Placed, style: Style, path: Path) -> None:
    """Draw a figure, its provenance as JSON in the drawing's metadata."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in _lines(figure, placed, style):
            file.write(f"{line}\n")


def _lines(figure: Figure, placed: Placed, style: Style) -> Iterator[str]:
    width, height = style.width, style.height
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{fonts.FAMILIES}">'
    )
    yield f"<title>{plain(figure.title)}</title>"
    yield f"<desc>{plain(' '.join((*figure.details, figure.notice)))}</desc>"
    yield f'<metadata id="vlm-explorer">{plain(as_json(figure.provenance))}</metadata>'
    yield f'<rect width="{width}" height="{height}" fill="{figure.ink.ground}"/>'
    yield from _points(figure, placed, style)
    if figure.scale is not None and placed.bar is not None:
        yield from draw_bar(figure.scale.colours, placed.bar, "scale")
    for dot in placed.dots:
        paint = f'fill="none" stroke="{dot.colour}"' if dot.hollow else f'fill="{dot.colour}"'
        yield f'<circle cx="{dot.x:.1f}" cy="{dot.y:.1f}" r="{dot.radius}" {paint}/>'
    for star in placed.stars:
        corners = " ".join(f"{x:.2f},{y:.2f}" for x, y in star.corners)
        yield f'<polygon points="{corners}" fill="{getattr(figure.ink, star.role)}"/>'
    for words in placed.words:
        yield from draw_words(words, figure.ink)
    yield "</svg>"


def plain(words: str) -> str:
    """Return words as XML can hold them."""
    return escape(_FORBIDDEN.sub("", words))


def draw_words(words: Words, ink: Ink) -> Iterator[str]:
    """Draw words, on the map above a halo: not every program knows `paint-order`."""
    place = f'x="{words.x:.1f}" y="{words.y:.1f}" font-size="{words.size:g}"'
    weight = ' font-weight="600"' if words.bold else ""
    text = plain(words.text)
    if words.halo:
        ground = ink.ground
        yield (
            f'<text {place}{weight} fill="{ground}" stroke="{ground}" stroke-width="5" '
            f'stroke-linejoin="round" aria-hidden="true">{text}</text>'
        )
    yield f'<text {place}{weight} fill="{getattr(ink, words.role)}">{text}</text>'


def draw_bar(table: Rgb, bar: Rect, name: str) -> Iterator[str]:
    """Draw a scale's colours; `name` is the drawing's own for them."""
    yield f'<defs><linearGradient id="{name}">'
    for share in np.linspace(0, 1, 18):
        colour = _hex(table[round(share * (len(table) - 1))])
        yield f'<stop offset="{share:.4f}" stop-color="{colour}"/>'
    yield "</linearGradient></defs>"
    yield (
        f'<rect x="{bar.x}" y="{bar.y}" width="{bar.width}" height="{bar.height}" rx="3" '
        f'fill="url(#{name})"/>'
    )


def _hex(colour: Rgb) -> str:
    return f"#{bytes(colour.tolist()).hex()}"


def _points(figure: Figure, placed: Placed, style: Style) -> Iterator[str]:
    """Draw points within the map's rectangle."""
    area = placed.map
    box = f'x="{area.x:g}" y="{area.y:g}" width="{area.width:g}" height="{area.height:g}"'
    x, y = placed.view.to_columns(figure.points.xy)
    seen = (x >= 0) & (x <= area.width) & (y >= 0) & (y <= area.height)
    seen &= figure.points.level > Level.ABSENT
    if int(seen.sum()) > MOST_CIRCLES:
        data = quoteattr(_picture(figure, placed, style))
        yield f'<image {box} preserveAspectRatio="none" href={data}/>'
        return
    yield f'<g transform="translate({area.x:g} {area.y:g})">'
    yield from _circles(figure, placed, x, y, np.flatnonzero(seen))
    yield "</g>"


def _picture(figure: Figure, placed: Placed, style: Style) -> str:
    return embedded(map_picture(figure, placed, max(style.scale, _PICTURE_SCALE))[..., :3])


def embedded(pixels: NDArray[np.uint8]) -> str:
    """Return a picture, uint8 (rows, columns, 3), as an address that holds it whole."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"


def _circles(
    figure: Figure, placed: Placed, x: np.ndarray, y: np.ndarray, seen: np.ndarray
) -> Iterator[str]:
    """Draw circles back to front, those in a row of one look in a group."""
    points, brush = figure.points, figure.brush
    radii = points.radii(np.arange(len(points)), placed.diameter)
    palettes = {
        Level.GHOST: np.repeat(brush.ghost[None], len(brush.palette), axis=0),
        Level.FADED: colours.fade(brush.palette, brush.ground),
        Level.PLAIN: brush.palette,
        Level.SELECTED: brush.palette,
    }
    layers: dict[int, list[int]] = defaultdict(list)
    for index in seen.tolist():
        layers[int(points.level[index])].append(index)
    if layers[Level.SELECTED]:
        yield f'<g fill="{_hex(brush.accent)}">'
        for index in layers[Level.SELECTED]:
            radius = radii[index] + HALO + 0.7
            yield f'<circle cx="{x[index]:.2f}" cy="{y[index]:.2f}" r="{radius:.2f}"/>'
        yield "</g>"
    ground = _hex(brush.ground)
    for level in sorted(layers):
        before = None
        for index in layers[level]:
            radius = radii[index]
            look = int(points.codes[index]), bool(points.hollow[index])
            if look != before:
                yield "</g>" if before is not None else ""
                colour = _hex(palettes[Level(level)][look[0]])
                yield (
                    f'<g fill="none" stroke="{colour}" stroke-width="{0.32 * radius + 0.4:.2f}">'
                    if look[1]
                    else f'<g fill="{colour}" stroke="{ground}" stroke-width="0.6">'
                )
                before = look
            size = radius * 0.75 if look[1] else radius
            yield f'<circle cx="{x[index]:.2f}" cy="{y[index]:.2f}" r="{size:.2f}"/>'
        yield "</g>" if before is not None else ""
