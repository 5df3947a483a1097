"""The tab that shows how images and texts lie towards each other."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.pages_panel import PagesPanel
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

MATRIX, SENSITIVITY = "Matrix", "Wording"


class AlignmentPanel(PagesPanel):
    """Pages about cosines of many images and texts."""

    def __init__(
        self, session: Session, painter: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(session, (MATRIX, SENSITIVITY), "alignment.page", parent)
