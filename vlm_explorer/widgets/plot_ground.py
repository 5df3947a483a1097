"""What small plots have in common: their place, what they say without a plot, keys of a legend."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

DOT = 2.5  # px
GAP = 4.0  # px
KEY = 12.0  # px, length of a line in the legend


class PlotGround(QWidget):
    """Keeps the place of a plot; where there is none it says why."""

    def __init__(self, name: str, least: QSize, hint: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = hint
        self._why = ""
        self.setFont(font(ANNOTATION))
        self.setAccessibleName(name)
        self.setMinimumSize(least)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Small."""
        return self._hint

    def say(self, words: str, why: str) -> None:
        """Take what the plot says, or, without one, why there is none."""
        self._why = why
        self.setAccessibleDescription(words or why)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the plot, or say why there is none."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.paint(painter):
            painter.setPen(theme().colour("secondary"))
            wrapped = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(4, 4, -4, -4), wrapped, self._why)
        painter.end()

    def paint(self, painter: QPainter) -> bool:
        """Draw the plot; return whether there is one."""
        raise NotImplementedError

    def paint_key(self, painter: QPainter, pen: QPen, name: str, at: QPointF) -> float:
        """Name a line in the legend, from the middle of its left side on; return where it ends."""
        metrics = QFontMetricsF(self.font())
        width, line = metrics.horizontalAdvance(name), metrics.height()
        painter.setPen(pen)
        painter.drawLine(at, at + QPointF(KEY, 0))
        painter.setPen(theme().colour("text"))
        words = QRectF(at.x() + KEY + GAP, at.y() - line / 2, width + 1, line)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        return at.x() + KEY + 2.5 * GAP + width


def paint_dots(painter: QPainter, colour: QColor, points: list[QPointF]) -> None:
    """Mark points."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for point in points:
        painter.drawEllipse(point, DOT, DOT)
    painter.setBrush(Qt.BrushStyle.NoBrush)
