"""The tab that looks behind the overlay."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.pages_panel import PagesPanel

ORDER = ("Checks", "Words", "Heads", "Hide", "Compare", "Boxes")


class ExplainPanel(PagesPanel):
    """Pages about the explanation of the active scan."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, ORDER, "explain.page", parent)
