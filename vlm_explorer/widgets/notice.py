"""A sentence in place: what went wrong here, or why something cannot be had."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vlm_explorer.widgets.controls import GlyphLabel

GLYPHS = {"warning": ("ph.info", "warning"), "error": ("ph.warning-circle", "danger")}


class Notice(QWidget):
    """A card of two sentences, what is and what to do; hidden while there is nothing to say."""

    def __init__(self, level: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("notice", level)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = self._words("")
        self.hint = self._words("secondary")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        sign = GlyphLabel(*GLYPHS[level], parent=self)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        self.column = QVBoxLayout()
        self.column.setSpacing(4)
        self.column.addWidget(self.text)
        self.column.addWidget(self.hint)
        row.addLayout(self.column, 1)
        self.hide()

    def _words(self, role: str) -> QLabel:
        label = QLabel("", self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def say(self, text: str, hint: str) -> None:
        """Say what is, and what to do; with no text the card goes."""
        self.text.setText(text)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.setAccessibleName(f"{text} {hint}".strip())
        self.setVisible(bool(text))
