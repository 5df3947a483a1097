"""The slim bar over two scans: how they go along, in words, and the switches for it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.widgets.controls import IconButton, Words

HEIGHT = 32  # px


class CompareBar(QWidget):
    """Seen only while two scans are."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.words = Words(role="secondary", parent=self)
        self.link = IconButton("ph.link", "Link scrolling", "Shift+X", checkable=True, parent=self)
        self.windows = IconButton(
            "ph.circle-half-tilt", "Both under one window", checkable=True, parent=self
        )
        self.done = IconButton("ph.x", "Back to one scan", "X", parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 4, 0)
        row.setSpacing(0)
        row.addWidget(self.words, 1)
        for button in (self.link, self.windows, self.done):
            row.addWidget(button)
        self.link.toggled.connect(comparison.set_linked)
        self.windows.toggled.connect(comparison.set_windows_linked)
        self.done.clicked.connect(comparison.close)
        comparison.changed.connect(self._take)
        self._take()

    @Slot()
    def _take(self) -> None:
        comparison = self._comparison
        self.setVisible(comparison.comparing)
        self.words.setText(comparison.words)
        for button, on in (
            (self.link, comparison.linked),
            (self.windows, comparison.windows_linked),
        ):
            with QSignalBlocker(button):
                button.setChecked(on)
