"""The tab that shows how images and texts lie towards each other."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.pages_panel import PagesPanel

MATRIX, WORDING = "Matrix", "Wording"


class AlignmentPanel(PagesPanel):
    """Pages about cosines of many images and texts."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, (MATRIX, WORDING), "alignment.page", parent)
