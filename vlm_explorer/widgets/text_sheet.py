"""Sheets of words: how to add an encoder, what the program is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from vlm_explorer import __version__
from vlm_explorer.widgets.controls import IconButton, Words, text_button
from vlm_explorer.widgets.sheets import Sheet
from vlm_explorer.widgets.status_line import NOTICE


class TextSheet(Sheet):
    """A title, paragraphs, and a line of text that can be copied."""

    def __init__(self, host: QWidget, title: str, paragraphs: Sequence[str], copied: str) -> None:
        super().__init__(host, 560)
        self._copied = copied
        close = IconButton("ph.x", "Close", "Esc", parent=self.panel)
        close.clicked.connect(self.dismiss)
        head = QHBoxLayout()
        head.addWidget(Words(title, "title", parent=self.panel), 1)
        head.addWidget(close)
        self.column.addLayout(head)
        for paragraph in paragraphs:
            words = QLabel(paragraph, self.panel)
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.column.addWidget(words)
        if copied:
            self.column.addLayout(self._command())

    def _command(self) -> QHBoxLayout:
        row = QHBoxLayout()
        line = QLabel(self._copied, self.panel)
        line.setProperty("code", True)
        line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy = text_button("Copy", parent=self.panel)
        copy.clicked.connect(self._copy)
        row.addWidget(line, 1)
        row.addWidget(copy)
        return row

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._copied)


def about(host: QWidget) -> TextSheet:
    """Return the sheet that says what the program is."""
    return TextSheet(
        host,
        f"VLM Explorer {__version__}",
        (
            "Explore medical images and words in one embedding space: search by words, label "
            "without training, and see what moved a score.",
            "Apache-2.0 licence. Nothing leaves this machine.",
            NOTICE,
        ),
        "",
    )
