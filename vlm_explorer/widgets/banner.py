"""The quiet banner that says what the bundled encoder knows, and leads to a real one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from vlm_explorer.viewmodels.encoder_list import biomedclip_size
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import GlyphLabel, IconButton, Words, text_button

HEIGHT = 36


class Banner(QWidget):
    """Shown while the bundled encoder looks at other people's images; until dismissed.

    Signals:
        wanted(): the user asks for the better encoder.
    """

    wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dismissed = False
        self.setProperty("banner", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.words = Words("Demo encoder: it has only ever seen synthetic scans.", parent=self)
        self.get = text_button(f"Get BiomedCLIP ({biomedclip_size()})", "link", self)
        self.close_button = IconButton("ph.x", "Dismiss", parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(GlyphLabel("ph.info", "warning", parent=self))
        row.addWidget(self.words)
        row.addWidget(self.get)
        row.addStretch(1)
        row.addWidget(self.close_button)
        self.get.clicked.connect(self.wanted)
        self.close_button.clicked.connect(self._dismiss)
        session.encoder_changed.connect(self._decide)
        session.collection_changed.connect(self._decide)
        self._decide()

    @Slot()
    def _dismiss(self) -> None:
        self._dismissed = True
        self._decide()

    @Slot()
    def _decide(self) -> None:
        self.setVisible(self._session.foreign and not self._dismissed)
