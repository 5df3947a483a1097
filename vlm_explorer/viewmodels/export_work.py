"""What an export does off the GUI thread. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.export.figure import Figure, Style
    from vlm_explorer.export.request import ExportRequest
    from vlm_explorer.viewmodels.background import Opened


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, in words: what went out, and what the user should know of it."""

    path: Path
    text: str
    hint: str


def export_images(
    opened: Opened, request: ExportRequest, encoder: Encoder | None, *, context: JobContext
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

    report = export(
        opened.collection, request, load=load, model=opened.model or None, context=context
    )
    files = "" if report.files is None else f", {report.files:,} files"
    hints = list(report.warnings)
    if report.left_out:
        hints.append(f"{report.left_out:,} images have no vector and were left out.")
    text = f"Exported {report.images:,} of {report.of:,} images{files}."
    return Exported(report.path, text, " ".join(hints))


def export_figure(figure: Figure, style: Style, path: Path, *, context: JobContext) -> Exported:
    """Draw the map into a file.

    Raises:
        UsageError, StorageProblem: see `export.drawing.write_figure`.
    """
    from vlm_explorer.export.drawing import write_figure

    write_figure(figure, style, path, context=context)
    return Exported(path, "Exported the figure.", "")
