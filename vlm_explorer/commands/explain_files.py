"""The files that `vlm-explorer explain` writes."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.export.places import in_words
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.export.map_exporting import MapKind
    from vlm_explorer.export.map_figure import MapStyle
    from vlm_explorer.saliency.explanation import Explanation


def write_map_files(
    arguments: Namespace, source: Path, explanation: Explanation, context: JobContext
) -> list[str]:
    """Write what was asked for; return the figures and DICOM files."""
    from vlm_explorer.export.map_exporting import MapExport, Scan, export_maps
    from vlm_explorer.saliency.difference import single

    maps = [single(explanation, row) for row in range(len(explanation.grid))]
    scan = Scan(source, arguments.frame, arguments.ct_window)
    style = _style(arguments)
    written: list[str] = []
    if arguments.npz:
        _save_arrays(Path(arguments.npz), explanation)
    if arguments.png:
        _draw(arguments, scan.path, maps[0], style)
    kinds: tuple[tuple[str, MapKind], ...] = (
        ("figure", "figure"),
        ("dicom", arguments.dicom_as or "parametric-map"),
    )
    for option, kind in kinds:
        if (to := getattr(arguments, option)) is None:
            continue
        wanted = MapExport(
            Path(to).expanduser(),
            kind,
            style,
            keep_uids=arguments.keep_uids,
            with_file=arguments.with_files,
            sidecar=arguments.sidecar,
        )
        written += map(str, export_maps(wanted, scan, maps, context=context))
    return written


def _style(arguments: Namespace) -> MapStyle:
    """Return how maps look."""
    from vlm_explorer.export.map_figure import MapStyle, with_colours

    style = MapStyle(scaling=arguments.scale, theme=arguments.theme)
    return with_colours(style, arguments.colours) if arguments.colours else style


def _save_arrays(path: Path, explanation: Explanation) -> None:
    try:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                grid=explanation.grid,
                overlay=explanation.overlay,
                score=explanation.score,
            )
    except OSError as error:
        raise in_words(error, path) from error


def _draw(arguments: Namespace, source: Path, found: Explanation, style: MapStyle) -> None:
    """Write the first map over the picture that the encoder was given, at its own size."""
    from vlm_explorer.export.map_figure import build_map_figure
    from vlm_explorer.export.map_files import write_picture, write_record
    from vlm_explorer.pixels.encoding_window import render_file_for_encoder

    pixels = render_file_for_encoder(source, arguments.frame, arguments.ct_window).pixels
    file = str(source) if arguments.with_files else ""
    figure = build_map_figure(pixels, [found], style, file=file, frame=arguments.frame)
    write_picture(figure.tiles[0].picture, figure.facts, Path(arguments.png))
    if arguments.sidecar:
        write_record(figure.facts, Path(arguments.png))
