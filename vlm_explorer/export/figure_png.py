"""A figure as a PNG, its provenance among the picture's texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vlm_explorer.export import fonts
from vlm_explorer.export.figure import Figure, Ink, Style
from vlm_explorer.export.figure_layout import Placed
from vlm_explorer.export.figure_parts import Words
from vlm_explorer.export.provenance import as_ascii_json
from vlm_explorer.rendering.discs import Canvas
from vlm_explorer.rendering.rasteriser import rasterise

INCH = 96.0  # logical pixels
_FINER = 4  # times as fine are shapes drawn before they are reduced
_HALO = 2.5  # px around words on the map


def map_picture(figure: Figure, placed: Placed, scale: float) -> Canvas:
    """Return the map without words: uint8 (rows, columns, 4), opaque."""
    brush = replace(figure.brush, diameter=placed.diameter)
    return rasterise(figure.points, brush, placed.view, scale)


def write_png(figure: Figure, placed: Placed, style: Style, path: Path) -> None:
    """Draw a figure; its size in inches stands in the file, too."""
    from PIL import Image, ImageDraw
    from PIL.PngImagePlugin import PngInfo

    scale = style.scale
    size = round(style.width * scale), round(style.height * scale)
    picture = Image.new("RGB", size, figure.ink.ground)
    points = Image.fromarray(map_picture(figure, placed, scale)[..., :3])
    picture.paste(points, (round(placed.map.x * scale), round(placed.map.y * scale)))
    if figure.scale is not None and placed.bar is not None:
        bar = placed.bar
        colours = Image.fromarray(np.ascontiguousarray(figure.scale.colours[None]))
        across = max(round(bar.width * scale), 1), max(round(bar.height * scale), 1)
        picture.paste(colours.resize(across), (round(bar.x * scale), round(bar.y * scale)))
    for dot in placed.dots:
        box = [(dot.x - dot.radius, dot.y - dot.radius), (dot.x + dot.radius, dot.y + dot.radius)]
        _shape(picture, box, dot.colour, scale, hollow=dot.hollow)
    for star in placed.stars:
        _shape(picture, star.corners, getattr(figure.ink, star.role), scale)
    draw = ImageDraw.Draw(picture)
    for words in placed.words:
        write_words(draw, words, figure.ink, scale)
    info = PngInfo()
    info.add_text("Title", figure.title)
    info.add_text("Software", str(figure.provenance.get("program", "VLM Explorer")))
    info.add_text("vlm-explorer", as_ascii_json(figure.provenance))
    dots = INCH * scale
    picture.save(path, format="PNG", pnginfo=info, dpi=(dots, dots))


def write_words(draw: Any, words: Words, ink: Ink, scale: float) -> None:
    """Write words with their halo."""
    font = fonts.font(words.size * scale, bold=words.bold)
    halo = round(_HALO * scale) if words.halo else 0
    draw.text(
        (words.x * scale, words.y * scale),
        words.text,
        fill=getattr(ink, words.role),
        font=font,
        anchor="ls",
        stroke_width=halo,
        stroke_fill=ink.ground,
    )
    if halo:  # the halo's rim eats into thin letters: once more on top
        draw.text(
            (words.x * scale, words.y * scale),
            words.text,
            fill=getattr(ink, words.role),
            font=font,
            anchor="ls",
        )


def _shape(picture: Any, corners: Any, colour: str, scale: float, *, hollow: bool = False) -> None:
    """Fill a polygon, or of two corners the ellipse between them, with smooth edges."""
    from PIL import Image, ImageDraw

    at = np.array(corners) * scale
    left, top = np.floor(at.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(at.max(axis=0)).astype(int) + 2
    size = int(right - left), int(bottom - top)
    mask = Image.new("L", (size[0] * _FINER, size[1] * _FINER))
    fine = [tuple(corner) for corner in (at - (left, top)) * _FINER]
    draw = ImageDraw.Draw(mask)
    if len(fine) > 2:
        draw.polygon(fine, fill=255)
    elif hollow:
        draw.ellipse(fine, outline=255, width=round(1.5 * scale * _FINER))
    else:
        draw.ellipse(fine, fill=255)
    smooth = mask.resize(size, Image.Resampling.BOX)
    picture.paste(colour, (int(left), int(top)), smooth)
