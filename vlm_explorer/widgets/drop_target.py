"""What the window shows while something is dragged over it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from vlm_explorer.widgets.theme import RADIUS, TITLE, font, theme


def dropped_paths(data: QMimeData) -> list[Path]:
    """Return the local files and folders in what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


class DropTarget(QWidget):
    """A frame in the accent around the window, and what will happen."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def open(self) -> None:
        """Cover the window."""
        self.setGeometry(self._host.rect())
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw veil, frame and words."""
        roles = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), roles.colour("overlay", 0.7))
        painter.setPen(QPen(roles.colour("accent"), 2))
        frame = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        painter.setPen(roles.colour("text"))
        painter.setFont(font(TITLE))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Drop to open")
        painter.end()
