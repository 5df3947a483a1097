"""Maps of a scan to files, as window and command ask for it: a figure, or DICOM."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from vlm_explorer.errors import UsageError
from vlm_explorer.export.dicom_map import (
    KINDS,
    PARAMETRIC_MAP,
    DicomMap,
    write_parametric_map,
    write_secondary_capture,
)
from vlm_explorer.export.dicom_source import read_source
from vlm_explorer.export.map_figure import MapStyle, build_map_figure
from vlm_explorer.export.map_files import figure_pixels, write_map_figure, write_record
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import render_for_encoder
from vlm_explorer.saliency.explanation import Explanation

MapKind = Literal["figure", "parametric-map", "secondary-capture"]
MAP_KINDS: tuple[MapKind, ...] = ("figure", "parametric-map", "secondary-capture")
_LEAST_WIDTH = 640  # px, of a capture: its words must be readable
_CAPTURED = 1600  # px, of a capture at most


@dataclass(frozen=True, slots=True)
class Scan:
    """The picture that was explained: a file's frame, from 0, and CT through which window."""

    path: Path
    frame: int = 0
    ct_window: str = DEFAULT


@dataclass(frozen=True, slots=True)
class MapExport:
    """What is wanted.

    Attributes:
        to: the file.
        kind: a figure (PNG or SVG by the file's name), or a DICOM object.
        style: how it looks.
        salt: of the keys that stand for identities in DICOM; one of its own by default, so that
            two exports cannot be joined.
        keep_uids: keep the source's UIDs in DICOM, so that viewers lay the map over the scan.
        with_file: name the scan's file.
        sidecar: write the record beside DICOM, too; a figure always has it.
    """

    to: Path
    kind: MapKind = "figure"
    style: MapStyle = field(default_factory=MapStyle)
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    keep_uids: bool = False
    with_file: bool = False
    sidecar: bool = False


def export_maps(
    wanted: MapExport, scan: Scan, maps: Sequence[Explanation], *, context: JobContext
) -> list[Path]:
    """Write maps of one scan, of one prompt each; return the files, those beside them left out.

    A figure or a Secondary Capture shows all maps; of Parametric Maps there is one a map, in one
    series: `out.dcm`, or `out-1.dcm`, `out-2.dcm` and so on.

    Raises:
        UsageError: nothing to export, or a file's name that does not fit.
        NotSupported: DICOM without highdicom.
        FileProblem, StorageProblem: as they say.
    """
    if not maps:
        raise UsageError("There is no map to export.", "Explain a scan first.")
    context.report(0, 2, "Drawing the maps")
    frame = read_frame(scan.path, scan.frame)
    pixels = render_for_encoder(frame, scan.ct_window).pixels
    file = str(scan.path) if wanted.with_file else ""
    style = wanted.style
    if wanted.kind in KINDS:
        across = min(max(pixels.shape[1], _LEAST_WIDTH) * min(len(maps), 3), _CAPTURED)
        style = replace(style, theme="dark", width=across, scale=1.0)
    figure = build_map_figure(pixels, maps, style, file=file, frame=scan.frame)
    context.report(1, 2, "Writing the maps")
    context.check()
    if wanted.kind == "figure":
        write_map_figure(figure, style, wanted.to)
        return [wanted.to]
    source = read_source(scan.path, frame, scan.frame, salt=wanted.salt, keep_uids=wanted.keep_uids)
    if wanted.kind != PARAMETRIC_MAP:
        made = DicomMap(maps[0], source, frame)
        write_secondary_capture(made, figure_pixels(figure, style), wanted.to)
        written = [wanted.to]
    else:
        written = _numbered(wanted.to, len(maps))
        for number, (found, path) in enumerate(zip(maps, written, strict=True), start=1):
            context.check()
            write_parametric_map(DicomMap(found, source, frame, number), path)
    if wanted.sidecar:
        write_record(figure.facts, wanted.to)
    return written


def _numbered(path: Path, count: int) -> list[Path]:
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{number + 1}{path.suffix}") for number in range(count)]
