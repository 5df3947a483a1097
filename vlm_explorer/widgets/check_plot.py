"""A small plot of a check's curves, with numbers at its ends and the range of chance behind."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from vlm_explorer.viewmodels.check_plots import Curve, Plot
from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

_LEAST = QSize(168, 88)  # px
_DOT = 2.5  # px
_KEY = 12.0  # px, length of a line in the legend
_GAP = 4.0


class CheckPlot(QWidget):
    """Draws a `Plot`; with none it keeps its place and says why."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot: Plot | None = None
        self._why = ""
        self.setFont(font(ANNOTATION))
        self.setAccessibleName(name)
        self.setMinimumSize(_LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(220, 120)

    def show_plot(self, plot: Plot | None, why: str) -> None:
        """Draw a plot, or say why there is none."""
        self._plot, self._why = plot, why
        words = plot.words if plot is not None else why
        self.setToolTip(words)
        self.setAccessibleDescription(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, legend, band and curves."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._plot is None:
            painter.setPen(theme().colour("secondary"))
            wrapped = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), wrapped, self._why)
        else:
            self._paint(painter, self._plot)
        painter.end()

    def _paint(self, painter: QPainter, plot: Plot) -> None:
        metrics = QFontMetricsF(self.font())
        line = metrics.height()
        room = QRectF(self.rect())
        painter.setPen(theme().colour("secondary"))
        title = metrics.elidedText(plot.title, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(0, 0, room.width(), line), Qt.AlignmentFlag.AlignLeft, title)
        numbers = [plot.label(plot.high), plot.label(plot.low)]
        left = max(metrics.horizontalAdvance(number) for number in numbers) + _GAP
        area = room.adjusted(left, 2 * line + _GAP, -_DOT - 1, -line - 1)
        self._paint_legend(painter, plot, QRectF(0, line, room.width(), line))
        painter.setPen(theme().colour("secondary"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, y in zip(numbers, (area.top(), area.bottom()), strict=True):
            painter.drawText(QRectF(0, y - line / 2, left - _GAP, line), right, number)
        below = QRectF(area.left(), area.bottom() + 1, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, plot.x_low)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, plot.x_high)
        self._paint_curves(painter, plot, area)

    def _paint_legend(self, painter: QPainter, plot: Plot, room: QRectF) -> None:
        """Name the curves and the band, as far as there is room."""
        metrics, x, y = QFontMetricsF(self.font()), room.left(), room.center().y()
        for index, curve in enumerate(plot.curves):
            if len(plot.curves) > 1:
                painter.setPen(_pen(index, curve))
                painter.drawLine(QPointF(x, y), QPointF(x + _KEY, y))
                painter.setPen(theme().colour("text"))
                width = metrics.horizontalAdvance(curve.name)
                words = QRectF(x + _KEY + _GAP, room.top(), width + 1, room.height())
                painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, curve.name)
                x += _KEY + 2.5 * _GAP + width
        painter.fillRect(QRectF(x, y - 4, _KEY, 8), _band_colour())
        painter.setPen(theme().colour("text"))
        words = QRectF(x + _KEY + _GAP, room.top(), room.right() - x - _KEY - _GAP, room.height())
        name = metrics.elidedText(plot.band.name, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_curves(self, painter: QPainter, plot: Plot, area: QRectF) -> None:
        band = plot.band
        edge = [*_points(plot, area, band.x, band.high)]
        edge += reversed([*_points(plot, area, band.x, band.low)])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_band_colour())
        painter.drawPolygon(QPolygonF(edge))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().colour("line"), 1))
        painter.drawRect(area)
        for index, curve in enumerate(plot.curves):
            known = np.isfinite(curve.y)
            points = _points(plot, area, curve.x[known], curve.y[known])
            painter.setPen(_pen(index, curve))
            painter.drawPolyline(QPolygonF(points))
            if curve.dots:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme().category(index))
                for point in points:
                    painter.drawEllipse(point, _DOT, _DOT)
                painter.setBrush(Qt.BrushStyle.NoBrush)


def _points(plot: Plot, area: QRectF, x: np.ndarray, y: np.ndarray) -> list[QPointF]:
    extent = max(float(plot.curves[0].x[-1]), 1e-9)
    height = max(plot.high - plot.low, 1e-9)
    across = area.left() + area.width() * np.asarray(x) / extent
    down = area.bottom() - area.height() * (np.asarray(y) - plot.low) / height
    return [QPointF(*each) for each in zip(across.tolist(), down.tolist(), strict=True)]


def _pen(index: int, curve: Curve) -> QPen:
    style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
    return QPen(theme().category(index), 1.5, style)


def _band_colour() -> QColor:
    return theme().colour("faded", 0.6)
