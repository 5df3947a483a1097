"""A small square plot from 0 to 1 either way: ROC, precision and recall, reliability."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from vlm_explorer.viewmodels.evaluate_plots import SquareLine, SquarePlot
from vlm_explorer.widgets.plot_ground import DOT, GAP, PlotGround, paint_dots
from vlm_explorer.widgets.theme import theme

_LEAST = QSize(112, 92)  # px


class SquarePlotView(PlotGround):
    """Draws a `SquarePlot`; with none it keeps its place and says why."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, _LEAST, QSize(136, 120), parent)
        self._plot: SquarePlot | None = None
        self.setMouseTracking(True)

    @property
    def plot(self) -> SquarePlot | None:
        """What is drawn."""
        return self._plot

    def show_plot(self, plot: SquarePlot | None, why: str) -> None:
        """Draw a plot, or say why there is none."""
        self._plot = plot
        self.say(plot.words if plot is not None else "", why)

    def _area(self) -> QRectF:
        """Return the square that 0 to 1 fills, below the title and above the axis' words."""
        line = QFontMetricsF(self.font()).height()
        room = QRectF(self.rect()).adjusted(DOT + 1, line + GAP, -DOT - 1, -line - 1)
        if self._plot is not None and len(self._plot.lines) > 1:
            room.setTop(room.top() + line)
        side = max(min(room.width(), room.height() * 1.6), 1.0)
        return QRectF(room.left(), room.top(), side, max(room.height(), 1.0))

    def _at(self, area: QRectF, x: float, y: float) -> QPointF:
        return QPointF(area.left() + area.width() * x, area.bottom() - area.height() * y)

    def paint(self, painter: QPainter) -> bool:
        """Draw title, chance, lines and the point of the threshold."""
        if self._plot is not None:
            self._paint(painter, self._plot)
        return self._plot is not None

    def _paint(self, painter: QPainter, plot: SquarePlot) -> None:
        roles, area = theme(), self._area()
        metrics = QFontMetricsF(self.font())
        painter.setPen(roles.colour("secondary"))
        title = metrics.elidedText(plot.title, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, 0, self.width(), metrics.height()), 0, title)
        below = QRectF(area.left(), area.bottom() + 1, area.width(), metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, plot.across)
        for x, side in ((0, Qt.AlignmentFlag.AlignLeft), (1, Qt.AlignmentFlag.AlignRight)):
            painter.drawText(below, side, str(x))
        if len(plot.lines) > 1:
            self._paint_legend(painter, plot, metrics)
        painter.setPen(QPen(roles.colour("line"), 1))
        painter.drawRect(area)
        painter.setPen(QPen(roles.colour("secondary", 0.7), 1, Qt.PenStyle.DotLine))
        painter.drawLine(*(self._at(area, *end) for end in plot.chance))
        for index, line in enumerate(plot.lines):
            self._paint_line(painter, area, index, line)
        if plot.mark is not None:
            painter.setPen(QPen(roles.colour("panel"), 1.5))
            painter.setBrush(roles.colour("text"))
            painter.drawEllipse(self._at(area, *plot.mark), DOT + 1.5, DOT + 1.5)

    def _paint_line(self, painter: QPainter, area: QRectF, index: int, line: SquareLine) -> None:
        colour = theme().category(index)
        pairs = zip(line.x.tolist(), line.y.tolist(), strict=True)
        points = [self._at(area, x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.5))
        painter.drawPolyline(QPolygonF(points))
        if line.dots:
            paint_dots(painter, colour, points)

    def _paint_legend(self, painter: QPainter, plot: SquarePlot, metrics: QFontMetricsF) -> None:
        x, y = 0.0, 1.5 * metrics.height()
        for index, each in enumerate(plot.lines):
            pen = QPen(theme().category(index), 1.5)
            x = self.paint_key(painter, pen, each.name, QPointF(x, y))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the point of the curve under the pointer, and what the plot says as a whole."""
        if self._plot is not None:
            area, at = self._area(), event.position()
            x = (at.x() - area.left()) / area.width()
            y = (area.bottom() - at.y()) / area.height()
            words = f"{self._plot.words}\n{self._plot.nearest(x, y)}"
            QToolTip.showText(event.globalPosition().toPoint(), words, self)
        super().mouseMoveEvent(event)
