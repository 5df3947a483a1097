"""From a PNG, JPEG, TIFF, BMP or WebP to a Frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vlm_explorer.errors import UnsupportedImage, UsageError
from vlm_explorer.files.image_header import count_raster_frames, opened_raster
from vlm_explorer.files.open_errors import unreadable_file
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.pixels.codec_process import decode_apart
from vlm_explorer.pixels.colour_profile import to_srgb
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.raster_loading import CUT_NOTE, load_raster
from vlm_explorer.pixels.windowing import Window, full_range

# LINEAR with these two maps 0..255 onto itself (PS3.3 C.11.2.1.2.1).
_EIGHT_BIT = Window(128.0, 256.0, "full range")
_TIFF_STARTS = (b"II", b"MM")
_ROWS = 256
_WHITE_IS_ZERO = 262, 0


def read_raster_frame(path: Path, frame: int) -> Frame:
    """Decode one page; see `decode.read_frame` for what it raises."""
    try:
        with path.open("rb") as file:
            is_tiff = file.read(2) in _TIFF_STARTS
    except OSError as error:
        raise unreadable_file(error) from error
    # libtiff and the codecs behind it print, and have crashed, on damaged files.
    return decode_apart(_read_page, path, frame) if is_tiff else _read_page(path, frame)


def _read_page(path: Path, frame: int) -> Frame:
    """Decode one page in this process.

    Grey pictures stay grey; those of 16 bits or more keep their values, and their window goes
    from the least to the greatest. Transparency is laid on black. The rotation of EXIF
    and the profile of colours are applied. Of a file that ends early, what is there is shown.
    """
    with quiet_readers(), opened_raster(path) as (opened, file):
        frames = count_raster_frames(opened)
        if frame >= frames:
            raise UsageError(f"There is no page {frame}; the last is {frames - 1}.")
        if frame:
            opened.seek(frame)
        image, incomplete = load_raster(opened, file)
        inverted = image.mode.startswith("I;16") and _is_white_zero(image)
        warnings: tuple[str, ...] = (CUT_NOTE,) if incomplete else ()
        if getattr(image, "is_animated", False) and image.format in ("PNG", "WEBP"):
            warnings = (*warnings, "The picture is animated; its first frame is shown.")
        profile = image.info.get("icc_profile")
        ImageOps.exif_transpose(image, in_place=True)  # a copy only where there is a rotation
        values = _to_values(image)
    if values.ndim == 2:
        shown = _grey_frame(values, inverted, frames, warnings)
    else:
        colours = to_srgb(values.astype(np.uint8, copy=False), profile)
        shown = Frame(values=colours, photometric="RGB", frames=frames, warnings=warnings)
    return replace(shown, incomplete=incomplete)


def _grey_frame(
    values: NDArray[np.float32] | NDArray[np.uint8],
    inverted: bool,
    frames: int,
    warnings: tuple[str, ...],
) -> Frame:
    if values.dtype == np.uint8:
        windows, padding = (_EIGHT_BIT,), None
        grey = values.astype(np.float32)
    else:
        finite = np.isfinite(values)
        padding = None if finite.all() else ~finite
        known = values[finite].astype(np.float32)
        windows = (full_range(known),)
        grey = np.where(finite, values, windows[0].centre - windows[0].width / 2)
        grey = grey.astype(np.float32)
    return Frame(
        values=grey,
        photometric="MONOCHROME1" if inverted else "MONOCHROME2",
        inverted=inverted,
        windows=windows,
        padding=padding,
        frames=frames,
        warnings=warnings,
    )


def _is_white_zero(image: Image.Image) -> bool:
    """Return whether a TIFF's zero is white; Pillow turns only 1 and 8 bits round itself."""
    tag, value = _WHITE_IS_ZERO
    tags = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(tag) == value


def _to_values(image: Image.Image) -> NDArray[np.float32] | NDArray[np.uint8]:
    """Return float32 or uint8 (rows, columns), or uint8 (rows, columns, 3)."""
    if image.mode.startswith("I;16"):
        order = ">u2" if image.mode.endswith("B") else "<u2"
        wide = np.frombuffer(image.tobytes(), dtype=order)
        return wide.reshape(image.height, image.width).astype(np.float32)
    if image.mode in ("I", "F"):
        return np.asarray(image).astype(np.float32)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.has_transparency_data:
        return _on_black(image)
    if image.mode == "P":
        image = image.convert("L" if _is_grey_palette(image) else "RGB")
    if image.mode == "L":
        return np.array(image)
    try:
        return np.array(image if image.mode == "RGB" else image.convert("RGB"))
    except ValueError as error:
        raise UnsupportedImage(f"Pictures of the colour mode {image.mode} are not read.") from error


def _is_grey_palette(image: Image.Image) -> bool:
    palette = np.array(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    used = palette[np.unique(np.asarray(image)).clip(0, len(palette) - 1)]
    return bool((used == used[:, :1]).all())


def _on_black(image: Image.Image) -> NDArray[np.uint8]:
    """Compose a picture with an alpha channel or a transparent colour on black."""
    grey = image.mode in ("L", "LA", "La") or (image.mode == "P" and _is_grey_palette(image))
    image = image.convert("RGBA")
    composed = np.empty((image.height, image.width, 3), dtype=np.uint8)
    for top in range(0, image.height, _ROWS):  # in floating point it is five times as large
        bottom = min(top + _ROWS, image.height)
        part = np.asarray(image.crop((0, top, image.width, bottom)), dtype=np.float32)
        composed[top:bottom] = np.floor(part[..., :3] * (part[..., 3:] / 255.0) + 0.5)
    return np.ascontiguousarray(composed[..., 0]) if grey else composed
