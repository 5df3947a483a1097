"""The ground of what lies over the map: rounded, and letting a little of the map through."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter

from vlm_explorer.widgets.theme import RADIUS, theme

_SEEN = 0.92  # of the ground


def paint_ground(
    painter: QPainter,
    area: QRect,
    ground: str = "panel",
    line: str = "line",
    radius: float = RADIUS,
) -> None:
    """Draw a ground and the line around it, in colours of the theme's roles of these names."""
    roles = theme()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(roles.colour(line))
    painter.setBrush(roles.colour(ground, _SEEN))
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
