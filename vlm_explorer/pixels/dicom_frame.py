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

from vlm_explorer.errors import UnreadableImage, UsageError
from vlm_explorer.files.dicom_dataset import (
    OpenedDicom,
    open_dicom,
    text,
    value,
)
from vlm_explorer.files.dicom_header import ImageHeader, header_of, refuse
from vlm_explorer.files.open_errors import unreadable_file
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.whole_slide import slide_size
from vlm_explorer.pixels.colour_map import DOSE
from vlm_explorer.pixels.colour_profile import to_srgb
from vlm_explorer.pixels.colour_reading import ColourReading, to_rgb
from vlm_explorer.pixels.facts import collect_facts, find_laterality, find_lossy
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.functional_groups import FrameElements
from vlm_explorer.pixels.geometry import find_orientation, find_position, find_spacing
from vlm_explorer.pixels.layout import PixelLayout, read_layout
from vlm_explorer.pixels.lookup_tables import apply_palette, voi_table
from vlm_explorer.pixels.modality_values import read_modality_values
from vlm_explorer.pixels.notices import find_notices, is_capture
from vlm_explorer.pixels.overlays import read_overlays
from vlm_explorer.pixels.padding import find_padding
from vlm_explorer.pixels.pet import is_pet
from vlm_explorer.pixels.playback import find_frame_rate
from vlm_explorer.pixels.slide_pixels import read_slide
from vlm_explorer.pixels.stored_pixels import read_stored
from vlm_explorer.pixels.supplement import lay_colours
from vlm_explorer.pixels.ultrasound_regions import read_regions
from vlm_explorer.pixels.windowing import FUNCTIONS, Window, spanning


def read_header_to_decode(path: Path) -> ImageHeader:
    """Read the header of a file that is about to be decoded, which then need not parse it again.

    Raises:
        FileProblem: as `files.dicom_header.read_header`.
    """
    with quiet_readers():
        return header_of(path, _open(path))


def read_dicom_frame(path: Path, frame: int, colours: ColourReading = ColourReading.FILE) -> Frame:
    """Decode one frame; see `decode.read_frame` for what it raises."""
    with quiet_readers():
        opened = _open(path)
        dataset = opened.dataset
        refuse(opened)
        layout, warnings = read_layout(dataset)
        if layout.samples == 3:
            layout = replace(layout, colours=colours)
        size = slide_size(dataset)
        frames = layout.frames if size is None else 1
        if frame >= frames:
            raise UsageError(f"There is no frame {frame}; the last is {frames - 1}.")
        if size is None:
            stored = read_stored(path, opened, layout, frame)
        else:
            stored = read_slide(path, opened, layout)
            layout = replace(layout, rows=size[0], columns=size[1], frames=1)
        elements = FrameElements(dataset, frame)
        warnings += [*stored.notes, *find_notices(elements)]
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
    values = to_srgb(to_rgb(values, layout.colours), _colour_profile(elements))
    return Frame(values=values, stored=indices, **_common(elements, layout, warnings))


def _colour_profile(elements: FrameElements) -> bytes | None:
    """Return the ICC profile, of the first optical path where there are such."""
    for place in (elements.root, *elements.items("OpticalPathSequence")[:1]):
        profile = value(place, "ICCProfile")
        if isinstance(profile, bytes):
            return profile
    return None


def _grey_frame(
    stored: NDArray[Any], elements: FrameElements, layout: PixelLayout, warnings: list[str]
) -> Frame:
    modality = read_modality_values(stored, elements)
    real = stored.dtype.kind == "f" or modality.scale != 1.0
    windows, notes = _file_windows(elements, modality.scale, real=real)
    table = _voi_table(elements) if modality.scale == 1.0 else None
    if table is not None:
        grey, first = table
        windows = (spanning(first, first + max(grey.size - 1, 1), "lut"), *windows)
    frame = Frame(
        values=modality.values,
        inverted=_is_inverted(elements, layout),
        windows=windows,
        voi_lut=table,
        unit=modality.unit,
        padding=find_padding(stored, elements.root),
        colour_map=DOSE if elements.text("Modality") == "RTDOSE" else "",
        stored=None if modality.as_stored else stored,
        **_common(elements, layout, [*warnings, *modality.notes, *notes]),
    )
    return lay_colours(frame, stored, elements)


def _is_inverted(elements: FrameElements, layout: PixelLayout) -> bool:
    """Return whether low values are bright; PET is read so: dark where there is uptake."""
    shape = text(elements.root, "PresentationLUTShape").upper()
    return layout.photometric == "MONOCHROME1" or shape == "INVERSE" or is_pet(elements)


def _common(elements: FrameElements, layout: PixelLayout, warnings: list[str]) -> dict[str, Any]:
    spacing, kind = find_spacing(elements)
    return {
        "photometric": layout.photometric,
        "modality": elements.text("Modality"),
        "spacing": spacing,
        "spacing_kind": kind,
        "regions": read_regions(elements.root),
        "frames": layout.frames,
        "warnings": tuple(warnings),
        "orientation": find_orientation(elements),
        "facts": collect_facts(elements),
        "frame_rate": find_frame_rate(elements),
        "position": find_position(elements),
        "frame_of_reference": elements.text("FrameOfReferenceUID"),
        "laterality": find_laterality(elements),
        "lossy": find_lossy(elements),
        "is_capture": is_capture(elements),
        "colours": layout.colours if layout.samples == 3 else None,
    }


def _file_windows(
    elements: FrameElements, scale: float, *, real: bool
) -> tuple[tuple[Window, ...], list[str]]:
    """Return the windows of the frame or file; those without a width are left out, and said.

    Their centres and widths are multiplied by `scale`, as the values were.

    LINEAR counts steps of whole numbers: for `real` values, maps of 0..1 or SUV for instance, it
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
            source = f"file: {name}" if name else "file"
            windows.append(Window(centre * scale, width * scale, source, function))
    if centres and not windows:
        return (), ["The window of the file has no width and was ignored."]
    return tuple(windows), []


def _voi_table(elements: FrameElements) -> tuple[NDArray[np.uint8], float] | None:
    little_endian = elements.root.original_encoding[1] is not False
    for item in elements.items("VOILUTSequence")[:1]:
        return voi_table(item, little_endian=little_endian)
    return None
