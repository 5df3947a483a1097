"""Saliency maps to files: figures with their record and raw arrays, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError
from vlm_explorer.export import fonts
from vlm_explorer.export.figure_png import INCH, write_words
from vlm_explorer.export.figure_svg import draw_bar, draw_words, embedded, plain
from vlm_explorer.export.map_figure import MapFigure, MapStyle
from vlm_explorer.export.map_layout import PlacedMaps, lay_out_maps
from vlm_explorer.export.places import whole_file
from vlm_explorer.export.provenance import as_ascii_json, as_json
from vlm_explorer.saliency.explanation import Explanation

LEAST, MOST = 320, 8000  # logical px, of a figure's width
FORMATS = (".png", ".svg")


def sidecar_of(path: Path) -> Path:
    """Return the file beside another that says where it comes from."""
    return path.with_name(f"{path.name}.json")


def arrays_of(path: Path) -> Path:
    """Return the file beside a figure that holds its raw arrays."""
    return path.with_name(f"{path.name}.npz")


def write_map_figure(figure: MapFigure, style: MapStyle, path: Path) -> None:
    """Write a figure as the file's suffix says, its record and its arrays beside it.

    Raises:
        UsageError: no such format, or too narrow or wide.
        StorageProblem: it cannot be written; nothing is left behind.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(
            f"A figure cannot be written as “{path.suffix or path.name}”.",
            "End it on .png or .svg.",
        )
    if not LEAST <= style.width <= MOST:
        raise UsageError(
            f"A figure cannot be {style.width} wide.", f"Choose {LEAST} to {MOST} pixels."
        )
    placed = lay_out_maps(figure, style.width)
    draw: Callable[[Path], None]
    if suffix == ".svg":

        def draw(partial: Path) -> None:
            text = "\n".join(_svg(figure, placed))
            partial.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    else:

        def draw(partial: Path) -> None:
            _save_png(figure, placed, style, partial)

    with ExitStack() as files:
        # left in the opposite order: the figure takes its place last
        draw(files.enter_context(whole_file(path)))
        _save_arrays(files.enter_context(whole_file(arrays_of(path))), figure.maps)
        beside = files.enter_context(whole_file(sidecar_of(path)))
        beside.write_text(f"{as_json(figure.facts)}\n", encoding="utf-8")


def write_record(facts: dict[str, Any], path: Path) -> None:
    """Write the record of a file beside it."""
    with whole_file(sidecar_of(path)) as partial:
        partial.write_text(f"{as_json(facts)}\n", encoding="utf-8")


def write_picture(pixels: NDArray[np.uint8], facts: dict[str, Any], path: Path) -> None:
    """Write a map over its scan, uint8 (rows, columns, 3), at the scan's own size, as a PNG."""
    from PIL import Image

    with whole_file(path) as partial:
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        picture.save(partial, format="PNG", pnginfo=_texts("Saliency map", facts))


def _save_arrays(path: Path, maps: Sequence[Explanation]) -> None:
    """Write raw arrays: `overlay` of all maps; `grid` too, or one a map where they differ."""
    arrays: dict[str, Any] = {"overlay": np.stack([found.overlay_of(0) for found in maps])}
    if len({found.grid.shape for found in maps}) == 1:
        arrays["grid"] = np.stack([found.grid[0] for found in maps])
    else:
        arrays |= {f"grid_{row}": found.grid[0] for row, found in enumerate(maps)}
    known = [found.score[0] if len(found.score) else np.nan for found in maps]
    arrays["score"] = np.array(known, np.float32)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def figure_pixels(figure: MapFigure, style: MapStyle) -> NDArray[np.uint8]:
    """Return a figure as a picture, uint8 (rows, columns, 3)."""
    return np.asarray(_drawn(figure, lay_out_maps(figure, style.width), style.scale))


def _drawn(figure: MapFigure, placed: PlacedMaps, scale: float) -> Any:
    from PIL import Image, ImageDraw

    size = round(placed.width * scale), round(placed.height * scale)
    picture = Image.new("RGB", size, figure.ink.ground)
    for tile, place in zip(figure.tiles, placed.pictures, strict=True):
        across = round(place.width * scale), max(round(place.height * scale), 1)
        resized = Image.fromarray(tile.picture).resize(across, Image.Resampling.LANCZOS)
        picture.paste(resized, (round(place.x * scale), round(place.y * scale)))
    for bar, place in placed.bars:
        colours = Image.fromarray(np.ascontiguousarray(bar.colours[None]))
        across = max(round(place.width * scale), 1), max(round(place.height * scale), 1)
        picture.paste(colours.resize(across), (round(place.x * scale), round(place.y * scale)))
    draw = ImageDraw.Draw(picture)
    for words in placed.words:
        write_words(draw, words, figure.ink, scale)
    return picture


def _save_png(figure: MapFigure, placed: PlacedMaps, style: MapStyle, path: Path) -> None:
    dots = INCH * style.scale
    picture = _drawn(figure, placed, style.scale)
    picture.save(path, format="PNG", pnginfo=_texts(figure.title, figure.facts), dpi=(dots, dots))


def _texts(title: str, facts: dict[str, Any]) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("Title", title)
    info.add_text("Software", str(facts["program"]))
    info.add_text("Comment", f"{facts['caveat']} {facts['notice']}")
    info.add_text("vlm-explorer", as_ascii_json(facts))
    return info


def _svg(figure: MapFigure, placed: PlacedMaps) -> Iterator[str]:
    width, height = f"{placed.width:g}", f"{placed.height:g}"
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{fonts.FAMILIES}">'
    )
    yield f"<title>{plain(figure.title)}</title>"
    yield f"<desc>{plain(' '.join((*figure.details, *figure.foot)))}</desc>"
    yield f'<metadata id="vlm-explorer">{plain(as_json(figure.facts))}</metadata>'
    yield f'<rect width="{width}" height="{height}" fill="{figure.ink.ground}"/>'
    for tile, place in zip(figure.tiles, placed.pictures, strict=True):
        box = f'x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{place.height:g}"'
        yield f'<image {box} preserveAspectRatio="none" href="{embedded(tile.picture)}"/>'
    for row, (bar, place) in enumerate(placed.bars):
        yield from draw_bar(bar.colours, place, f"scale{row}")
    for words in placed.words:
        yield from draw_words(words, figure.ink)
    yield "</svg>"
