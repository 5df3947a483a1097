"""Marks on the map: rings around points, the lasso, the skeleton of a map on its way."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import default_rng  # here and not in a paint event: it takes a moment to load
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from vlm_explorer.viewmodels.map_scene import MapState
from vlm_explorer.widgets.halo_text import paint_on_halo
from vlm_explorer.widgets.theme import BODY, Theme, font


def paint_ring(painter: QPainter, at: QPointF, size: float, roles: Theme) -> None:
    """Draw the ring of the current point."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    radius = size / 2 + 5
    painter.setPen(QPen(roles.colour("map_ground", 0.8), 4.0))
    painter.drawEllipse(at, radius, radius)
    painter.setPen(QPen(roles.colour("accent"), 2.0))
    painter.drawEllipse(at, radius, radius)


def paint_hover_ring(painter: QPainter, at: QPointF, size: float, roles: Theme) -> None:
    """Draw the ring of the point under the pointer."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(roles.colour("text"), 1.5))
    painter.drawEllipse(at, size / 2 + 2.5, size / 2 + 2.5)


def paint_lasso(painter: QPainter, outline: Sequence[QPointF], words: str, roles: Theme) -> None:
    """Draw the lasso, and at its end some words, such as how many points it holds so far."""
    shape = QPolygonF(list(outline))
    painter.setPen(QPen(roles.colour("accent"), 1.5, Qt.PenStyle.SolidLine))
    painter.setBrush(roles.colour("accent", 0.10))
    painter.drawPolygon(shape)
    place = outline[-1] + QPointF(14, -10)
    paint_on_halo(painter, place, words, font(BODY), "text", roles)


def paint_skeleton(painter: QPainter, area: QRect, state: MapState, roles: Theme) -> None:
    """Draw the trace of a map that is not there yet; nothing where none is expected."""
    if state is not MapState.LOADING:
        return
    chance = default_rng(7)  # the same trace each time
    centres = chance.uniform((0.2, 0.22), (0.8, 0.78), (6, 2))
    spread = chance.uniform(0.03, 0.07, 6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(roles.colour("skeleton"))
    for centre, width in zip(centres, spread, strict=True):
        for x, y in centre + chance.normal(size=(40, 2)) * width:
            painter.drawEllipse(QPointF(x * area.width(), y * area.height()), 3, 3)
