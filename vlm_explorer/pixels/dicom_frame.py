"""From a DICOM file to a Frame: modality values, windows, inversion, geometry.

The order is that of PS3.3 and PS3.4 annex N: stored values, modality LUT, (here the Frame ends),
VOI LUT or window, inversion last. 60xx overlays are not drawn.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from vlm_explorer.errors import UnreadableImage, UsageError
from vlm_explorer.files.dicom_dataset import (
    OpenedDicom,
    items,
    number,
    open_dicom,
    text,
    texts,
)
from vlm_explorer.files.dicom_header import refuse
from vlm_explorer.files.open_errors import unreadable_file
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.pixels.facts import collect_facts, find_laterality, find_lossy
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.functional_groups import FrameElements
from vlm_explorer.pixels.geometry import find_orientation, find_position, find_spacing
from vlm_explorer.pixels.layout import PixelLayout, read_layout
from vlm_explorer.pixels.lookup_tables import apply_palette, look_up, read_table, voi_table
from vlm_explorer.pixels.overlays import read_overlays
from vlm_explorer.pixels.playback import find_frame_rate
from vlm_explorer.pixels.stored_pixels import read_stored
from vlm_explorer.pixels.windowing import FUNCTIONS, Window, spanning

_FLOAT32_MOST = float(np.finfo(np.float32).max)


def read_dicom_frame(path: Path, frame: int) -> Frame:
    """Decode one frame; see `decode.read_frame` for what it raises."""
    with quiet_readers():
        opened = _open(path)
        dataset = opened.dataset
        refuse(opened)
        layout, warnings = read_layout(dataset)
        if frame >= layout.frames:
            raise UsageError(f"There is no frame {frame}; the last is {layout.frames - 1}.")
        stored = read_stored(path, opened, layout, frame)
        elements = FrameElements(dataset, frame)
        warnings += stored.notes
        if text(dataset, "BurnedInAnnotation").upper() == "YES":
            warnings.append("Text is burned into the picture; it may name the patient.")
        colour = layout.samples == 3 or layout.photometric == "PALETTE COLOR"
        make = _colour_frame if colour else _grey_frame
        decoded = make(stored.values, elements, layout, warnings)
        shape = layout.rows, layout.columns
        overlays = read_overlays(dataset, frame, shape, stored.raw)
        return replace(decoded, overlays=overlays, incomplete=stored.incomplete)


def _open(path: Path) -> OpenedDicom:
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable_file(error) from error
    return _open_unchanged(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _open_unchanged(path: Path, mtime_ns: int, size: int) -> OpenedDicom:  # noqa: ARG001
    """Keep the last headers: one of a thousand frames takes a second to parse."""
    return open_dicom(path)


def _colour_frame(
    stored: NDArray[Any], elements: FrameElements, layout: PixelLayout, warnings: list[str]
) -> Frame:
    indices = None
    if layout.samples == 1:
        indices = stored
        try:
            values = apply_palette(stored, elements.root)
        except ValueError as error:
            raise UnreadableImage("The colour palette is missing or damaged.") from error
    elif stored.dtype == np.uint8 and layout.bits_stored == 8:
        values = np.ascontiguousarray(stored)
    else:
        scale = 255.0 / float((1 << layout.bits_stored) - 1)
        values = np.floor(stored * scale + 0.5).clip(0, 255).astype(np.uint8)
    return Frame(values=values, stored=indices, **_common(elements, layout, warnings))


def _grey_frame(
    stored: NDArray[Any], elements: FrameElements, layout: PixelLayout, warnings: list[str]
) -> Frame:
    padding = _find_padding(stored, elements.root)
    values, unit, notes = _modality_values(stored, elements)
    windows, notes_on_windows = _file_windows(elements, real=stored.dtype.kind == "f")
    table = _voi_table(elements)
    if table is not None:
        grey, first = table
        windows = (spanning(first, first + max(grey.size - 1, 1), "lut"), *windows)
    shape = text(elements.root, "PresentationLUTShape").upper()
    return Frame(
        values=values,
        inverted=layout.photometric == "MONOCHROME1" or shape == "INVERSE",
        windows=windows,
        voi_lut=table,
        unit=unit,
        padding=padding,
        stored=None if np.array_equal(values, stored) else stored,
        **_common(elements, layout, warnings + notes + notes_on_windows),
    )


def _common(elements: FrameElements, layout: PixelLayout, warnings: list[str]) -> dict[str, Any]:
    spacing, kind = find_spacing(elements)
    return {
        "photometric": layout.photometric,
        "modality": elements.text("Modality"),
        "spacing": spacing,
        "spacing_kind": kind,
        "frames": layout.frames,
        "warnings": tuple(warnings),
        "orientation": find_orientation(elements),
        "facts": collect_facts(elements),
        "frame_rate": find_frame_rate(elements),
        "position": find_position(elements),
        "frame_of_reference": elements.text("FrameOfReferenceUID"),
        "laterality": find_laterality(elements),
        "lossy": find_lossy(elements),
    }


def _find_padding(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_] | None:
    """Return where Pixel Padding Value (to its Range Limit) or no number stands.

    Both are stored values (PS3.3 C.7.5.1.1.2), compared before the modality LUT.
    """
    if stored.dtype.kind == "f":
        mask = ~np.isfinite(stored)
        for keyword in ("FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue"):
            if (value := number(dataset, keyword)) is not None:
                mask |= stored == stored.dtype.type(value)
    else:
        low = number(dataset, "PixelPaddingValue")
        if low is None:
            return None
        high = number(dataset, "PixelPaddingRangeLimit")
        ends = sorted(_as_stored(end, stored.dtype) for end in (low, low if high is None else high))
        mask = (stored >= ends[0]) & (stored <= ends[1])
    return mask if mask.any() and not mask.all() else None


def _as_stored(value: float, dtype: np.dtype[Any]) -> int:
    """Read a padding value as the pixels are read: 63536 is -2000 where they are signed."""
    bits = 8 * dtype.itemsize
    wrapped = int(value) % (1 << bits)
    return wrapped - (1 << bits) if dtype.kind == "i" and wrapped >> (bits - 1) else wrapped


def _modality_values(
    stored: NDArray[Any], elements: FrameElements
) -> tuple[NDArray[np.float32], str, list[str]]:
    """Apply the modality LUT (PS3.3 C.11.1): a table, else slope and intercept.

    Returns:
        float32 values, their unit, and what is wrong in words.
    """
    dataset = elements.root
    if stored.dtype.kind == "f":
        return _finite(stored), "", []
    for item in items(dataset, "ModalityLUTSequence")[:1]:
        little_endian = dataset.original_encoding[1] is not False
        if table := read_table(item, little_endian=little_endian):
            unit = text(item, "ModalityLUTType")
            values = look_up(stored, table[0], table[1]).astype(np.float32)
            return values, "" if unit == "US" else unit, []
    slope, intercept = elements.number("RescaleSlope"), elements.number("RescaleIntercept")
    if (scaling := number(dataset, "DoseGridScaling")) is not None:
        unit = "Gy" if text(dataset, "DoseUnits").upper() == "GY" else ""
        return _finite(stored * scaling), unit, []
    if slope is None or intercept is None:
        return stored.astype(np.float32), "", []
    if slope == 0:
        note = "The rescale slope is 0 and was ignored."
        return stored.astype(np.float32), "", [note]
    return _finite(_rescaled(stored, slope, intercept)), _unit(elements), []


def _rescaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    exact = slope == 1.0 and intercept.is_integer() and abs(intercept) < 1 << 16
    if exact and stored.dtype.itemsize <= 2:
        return stored.astype(np.float32) + np.float32(intercept)
    return stored * slope + intercept


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return float32 values, with the smallest of them where there is no number."""
    if values.dtype == np.float32 and bool(np.isfinite(values).all()):
        return np.ascontiguousarray(values, dtype=np.float32)
    finite = np.isfinite(values)
    least = float(values[finite].min()) if finite.any() else 0.0
    clean = np.where(finite, values, least)
    return np.clip(clean, -_FLOAT32_MOST, _FLOAT32_MOST).astype(np.float32)


def _unit(elements: FrameElements) -> str:
    """Return the unit of rescaled values; for CT that names none it is HU, but not in scouts."""
    named = elements.text("RescaleType").upper()
    modality = elements.text("Modality")
    if modality == "CT" and named in ("", "HU"):
        kind = [word.upper() for word in texts(elements.root, "ImageType")]
        return "" if "LOCALIZER" in kind else "HU"
    if modality == "PT":
        return elements.text("Units")
    return "" if named == "US" else named


def _file_windows(elements: FrameElements, *, real: bool) -> tuple[tuple[Window, ...], list[str]]:
    """Return the windows of the frame or file; those without a width are left out, and said.

    LINEAR counts steps of whole numbers: for `real` pixel data, maps of 0..1 for instance, it
    would be a mere threshold, and LINEAR_EXACT is meant.
    """
    centres, widths = elements.numbers("WindowCenter"), elements.numbers("WindowWidth")
    names = elements.texts("WindowCenterWidthExplanation")
    function = elements.text("VOILUTFunction").upper()
    if function not in FUNCTIONS or (real and function == "LINEAR"):
        function = "LINEAR_EXACT" if real else "LINEAR"
    windows = []
    for number_, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        name = names[number_] if number_ < len(names) else ""
        if width > 0:
            windows.append(Window(centre, width, f"file: {name}" if name else "file", function))
    if centres and not windows:
        return (), ["The window of the file has no width and was ignored."]
    return tuple(windows), []


def _voi_table(elements: FrameElements) -> tuple[NDArray[np.uint8], float] | None:
    little_endian = elements.root.original_encoding[1] is not False
    for item in elements.items("VOILUTSequence")[:1]:
        return voi_table(item, little_endian=little_endian)
    return None
