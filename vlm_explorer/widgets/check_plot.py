"""A small plot of a check's curves, with numbers at its ends and the range of chance behind."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.check_plots import Curve, Plot
from vlm_explorer.widgets.plot_ground import DOT, GAP, KEY, PlotGround, paint_dots
from vlm_explorer.widgets.theme import theme

_LEAST = QSize(168, 88)  # px


class CheckPlot(PlotGround):
    """Draws a `Plot`; with none it keeps its place and says why."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, _LEAST, QSize(220, 120), parent)
        self._plot: Plot | None = None

    def show_plot(self, plot: Plot | None, why: str) -> None:
        """Draw a plot, or say why there is none."""
        self._plot = plot
        words = plot.words if plot is not None else ""
        self.setToolTip(words or why)
        self.say(words, why)

    def paint(self, painter: QPainter) -> bool:
        """Draw title, legend, band and curves."""
        if self._plot is not None:
            self._paint(painter, self._plot)
        return self._plot is not None

    def _paint(self, painter: QPainter, plot: Plot) -> None:
        metrics = QFontMetricsF(self.font())
        line = metrics.height()
        room = QRectF(self.rect())
        painter.setPen(theme().colour("secondary"))
        title = metrics.elidedText(plot.title, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(0, 0, room.width(), line), Qt.AlignmentFlag.AlignLeft, title)
        numbers = [plot.label(plot.high), plot.label(plot.low)]
        left = max(metrics.horizontalAdvance(number) for number in numbers) + GAP
        area = room.adjusted(left, 2 * line + GAP, -DOT - 1, -line - 1)
        self._paint_legend(painter, plot, QRectF(0, line, room.width(), line))
        painter.setPen(theme().colour("secondary"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, y in zip(numbers, (area.top(), area.bottom()), strict=True):
            painter.drawText(QRectF(0, y - line / 2, left - GAP, line), right, number)
        below = QRectF(area.left(), area.bottom() + 1, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, plot.x_low)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, plot.x_high)
        self._paint_curves(painter, plot, area)

    def _paint_legend(self, painter: QPainter, plot: Plot, room: QRectF) -> None:
        """Name the curves and the band, as far as there is room."""
        metrics, x, y = QFontMetricsF(self.font()), room.left(), room.center().y()
        for index, curve in enumerate(plot.curves):
            if len(plot.curves) > 1:
                x = self.paint_key(painter, _pen(index, curve), curve.name, QPointF(x, y))
        painter.fillRect(QRectF(x, y - 4, KEY, 8), _band_colour())
        painter.setPen(theme().colour("text"))
        words = QRectF(x + KEY + GAP, room.top(), room.right() - x - KEY - GAP, room.height())
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
                paint_dots(painter, theme().category(index), points)


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
