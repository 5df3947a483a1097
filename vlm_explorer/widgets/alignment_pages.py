"""Which pages the tab "Alignment" has; what each of them shows is its own affair."""

from __future__ import annotations

from vlm_explorer.viewmodels.matrix_model import MatrixModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.wording_model import WordingModel
from vlm_explorer.widgets.alignment_panel import MATRIX, WORDING, AlignmentPanel
from vlm_explorer.widgets.matrix_page import MatrixPage
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.wording_page import WordingPage


def add_alignment_pages(panel: AlignmentPanel, session: Session, painter: ThumbnailPainter) -> None:
    """Add all pages."""
    panel.add_page(
        MATRIX,
        MatrixPage(MatrixModel(session, panel), painter),
        tip="Selected images and texts, each with each, and the loss of the pairs",
    )
    panel.add_page(
        WORDING,
        WordingPage(WordingModel(session, panel)),
        tip="What hangs on the wording of a prompt, on single words, and on a denial",
    )
