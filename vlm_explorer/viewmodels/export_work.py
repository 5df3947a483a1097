"""What an export does off the GUI thread. No Qt here."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    import numpy as np

    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.export.figure import Style
    from vlm_explorer.export.request import ExportRequest
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.export_figure import ShownMap
    from vlm_explorer.viewmodels.image_table import ImageTable


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, in words: what went out, and what the user should know of it."""

    path: Path
    text: str
    hint: str


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Which images go out: those selected, or those shown, bool (N,); all where both are None."""

    images: ImageTable
    selected: Set[str] | None
    shown: np.ndarray | None

    @property
    def ids(self) -> tuple[str, ...] | None:
        """Their ids in the order of the collection; None for all."""
        images = self.images
        if self.selected is not None:
            return tuple(str(key) for key in images.ids[images.rows_of(self.selected)])
        return None if self.shown is None else tuple(str(key) for key in images.ids[self.shown])


def export_images(
    opened: Opened,
    chosen: Chosen,
    request: ExportRequest,
    encoder: Encoder | None,
    *,
    context: JobContext,
) -> Exported:
    """Write tables, vectors, lists or copies.

    Raises:
        ExplorerError: see `export.exporting.export`.
    """
    from vlm_explorer.errors import UsageError
    from vlm_explorer.export.exporting import export

    def load() -> Encoder:
        if encoder is None:
            raise UsageError("The encoder is still loading.", "Try again in a moment.")
        return encoder

    context.check()
    request = replace(request, image_ids=chosen.ids)
    report = export(
        opened.collection, request, load=load, model=opened.model or None, context=context
    )
    files = "" if report.files is None else f", {report.files:,} files"
    hints = list(report.warnings)
    if report.left_out:
        hints.append(f"{report.left_out:,} images have no vector and were left out.")
    text = f"Exported {report.images:,} of {report.of:,} images{files}."
    return Exported(report.path, text, " ".join(hints))


def export_figure(
    opened: Opened,
    shown: ShownMap,
    style: Style,
    request: ExportRequest,
    _encoder: Encoder | None,
    *,
    context: JobContext,
) -> Exported:
    """Draw the map into a file.

    Raises:
        UsageError, StorageProblem: see `export.drawing.write_figure`.
    """
    from vlm_explorer.export.drawing import write_figure
    from vlm_explorer.viewmodels.export_figure import figure_of

    context.check()
    figure = figure_of(opened.collection, shown, request, style)
    write_figure(figure, style, request.to, context=context)
    return Exported(request.to, "Exported the figure.", "")
