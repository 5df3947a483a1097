"""What is being enclosed on the map: by a lasso, a box or a brush, with a count as it grows."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from vlm_explorer.rendering import picking
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_model import MapModel, Mode
from vlm_explorer.widgets import map_marks
from vlm_explorer.widgets.halo_text import paint_on_halo
from vlm_explorer.widgets.map_gestures import Pointer, Tool
from vlm_explorer.widgets.theme import BODY, Theme, font

SMALLEST, LARGEST = 6.0, 120.0  # px, of the brush's radius
_MANY = 200_000  # points, from which on they are counted ten times a second only
_PAUSE = 0.1  # s

Indices = NDArray[np.intp]


class Enclosing:
    """Says which points a pointer's way encloses, and paints it.

    Attributes:
        radius: of the brush, logical pixels.
        mode: what is done to the selection when no key says otherwise.
    """

    def __init__(self, model: MapModel, pointer: Pointer) -> None:
        self._model, self._pointer = model, pointer
        self.radius = 20.0
        self.mode = Mode.REPLACE
        self._painted: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._words = ""
        self._counted = 0.0

    def size_brush(self, factor: float) -> None:
        """Make the brush larger or smaller."""
        self.radius = min(max(self.radius * factor, SMALLEST), LARGEST)

    def begin(self, view: View) -> None:
        """The button went down."""
        self._painted = np.zeros(len(self._model.scene), np.bool_)
        self._words, self._counted = "", 0.0
        self.go_on(view)

    def go_on(self, view: View) -> None:
        """The pointer moved: a brush paints the last part of its way."""
        points = self._model.scene.points
        if self._pointer.tool is Tool.BRUSH and len(self._painted) == len(points.xy):
            way = [(at.x(), at.y()) for at in self._pointer.outline[-2:]]
            self._painted[picking.stroke(points, view, way, self.radius)] = True

    def enclosed(self, view: View) -> Indices:
        """Return the points inside so far."""
        points, outline = self._model.scene.points, self._pointer.outline
        if self._pointer.tool is Tool.BRUSH:
            known = len(self._painted) == len(points.xy)
            return np.flatnonzero(self._painted) if known else np.empty(0, np.intp)
        if self._pointer.tool is Tool.BOX:
            box = self._pointer.box
            corners = (box.left(), box.top()), (box.right(), box.bottom())
            return picking.box(points, view, *corners)
        if len(outline) < 3:
            return np.empty(0, np.intp)
        return picking.lasso(points, view, [(at.x(), at.y()) for at in outline])

    def paint(self, painter: QPainter, view: View, mode: Mode, roles: Theme) -> None:
        """Draw the outline, and how many images would be selected."""
        words, outline = self._count(view, mode), self._pointer.outline
        if self._pointer.tool is Tool.LASSO:
            map_marks.paint_lasso(painter, outline, words, roles)
            return
        if self._pointer.tool is Tool.BOX:
            painter.setPen(QPen(roles.colour("accent"), 1.5))
            painter.setBrush(roles.colour("accent", 0.10))
            painter.drawRect(self._pointer.box)
        else:
            way = QPainterPath(outline[0])
            for at in [*outline[1:], outline[-1] + QPointF(0.01, 0)]:
                way.lineTo(at)
            pen = QPen(roles.colour("accent", 0.16), 2 * self.radius)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.strokePath(way, pen)
        paint_on_halo(painter, outline[-1] + QPointF(14, -10), words, font(BODY), "text", roles)

    def paint_brush(self, painter: QPainter, at: QPointF, roles: Theme) -> None:
        """Draw the brush where it would paint."""
        painter.setPen(QPen(roles.colour("accent"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        side = 2 * self.radius
        painter.drawEllipse(QRectF(at.x() - self.radius, at.y() - self.radius, side, side))

    def _count(self, view: View, mode: Mode) -> str:
        now = time.monotonic()
        if len(self._painted) <= _MANY or now - self._counted > _PAUSE:
            inside, selected = self._model.count(self.enclosed(view), mode)
            self._words = f"{selected:,} selected"
            if mode is not Mode.REPLACE:
                self._words = f"{inside:,} inside · {self._words}"
            self._counted = time.monotonic()
        return self._words
