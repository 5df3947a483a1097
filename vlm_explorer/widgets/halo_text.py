"""Words on a soft halo of the ground, drawn once and kept as small pictures.

Outlining text in three widths takes 2 ms a word; the map says the same words in every frame.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from vlm_explorer.widgets.theme import Theme

_HALO = ((10.0, 0.25), (6.5, 0.45), (4.0, 0.75))  # width in px, opacity; the widest first
_MARGIN = 6.0  # px around words that the halo needs
_KEPT = 256  # pictures

_pictures: OrderedDict[tuple[object, ...], QImage] = OrderedDict()


def paint_on_halo(
    painter: QPainter, start: QPointF, text: str, chosen: QFont, role: str, roles: Theme
) -> float:
    """Draw text from its baseline's start on a halo of the ground; return where it ends."""
    metrics = QFontMetricsF(chosen)
    ratio = painter.device().devicePixelRatioF()
    key = text, chosen.key(), role, roles.name, ratio
    picture = _pictures.get(key)
    if picture is None:
        picture = _pictures[key] = _draw(text, chosen, metrics, roles, role, ratio)
        if len(_pictures) > _KEPT:
            _pictures.popitem(last=False)
    _pictures.move_to_end(key)
    corner = start - QPointF(_MARGIN, _MARGIN + metrics.ascent())
    # whole device pixels, so that letters stay sharp
    at = QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio)
    painter.drawImage(at, picture)
    return start.x() + metrics.horizontalAdvance(text)


def _draw(
    text: str, chosen: QFont, metrics: QFontMetricsF, roles: Theme, role: str, ratio: float
) -> QImage:
    outline = QPainterPath()
    outline.addText(QPointF(_MARGIN, _MARGIN + metrics.ascent()), chosen, text)
    width = max(metrics.horizontalAdvance(text), outline.boundingRect().right()) + 2 * _MARGIN
    height = metrics.height() + 2 * _MARGIN
    picture = QImage(
        math.ceil(width * ratio),
        math.ceil(height * ratio),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for width, opacity in _HALO:
        painter.setPen(round_pen(roles.colour("map_ground", opacity), width))
        painter.drawPath(outline)
    painter.setFont(chosen)
    painter.setPen(roles.colour(role))
    painter.drawText(QPointF(_MARGIN, _MARGIN + metrics.ascent()), text)
    painter.end()
    return picture


def round_pen(colour: QColor, width: float) -> QPen:
    """Return a pen with round ends and corners."""
    return QPen(
        colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    )
