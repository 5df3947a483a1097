"""Draws words and stars on the map."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPolygonF

from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_stars import LIVE, Star, StarKind
from vlm_explorer.widgets.halo_text import paint_on_halo, round_pen
from vlm_explorer.widgets.map_word_wishes import PADDING, STAR, Word, WordKind, fonts
from vlm_explorer.widgets.theme import ANNOTATION, Theme, font


def paint_words(painter: QPainter, words: Iterable[Word], roles: Theme) -> None:
    """Draw words on soft halos."""
    chosen = fonts()
    for word in words:
        quiet = isinstance(word.subject, Star) and word.subject.quiet
        role = {
            WordKind.PROMPT: "secondary" if quiet else "star",
            WordKind.LABEL: "secondary",
            WordKind.GROUP: "text",
            WordKind.CAPTION: "secondary",
            WordKind.GAP: "text",
        }[word.kind]
        start = QPointF(word.rect.x() + PADDING, _baseline(word.rect, chosen[word.kind]))
        end = paint_on_halo(painter, start, word.text, chosen[word.kind], role, roles)
        if word.after:
            after = QPointF(end + PADDING, start.y())
            paint_on_halo(painter, after, word.after, font(ANNOTATION), "secondary", roles)


def _baseline(rect: QRectF, chosen: QFont) -> float:
    metrics = QFontMetricsF(chosen)
    return rect.center().y() + (metrics.ascent() - metrics.descent()) / 2


def paint_stars(painter: QPainter, stars: Iterable[Star], view: View, roles: Theme) -> None:
    """Draw the stars, the prompt's last; those of pins are hollow."""
    for star in sorted(
        stars, key=lambda star: (star.kind is not StarKind.LABEL, star.kind in LIVE)
    ):
        prompt = star.kind is not StarKind.LABEL
        colour = roles.colour("star" if prompt else "secondary")
        if star.quiet:
            colour = roles.colour("disabled")
        x, y = view.to_screen(np.array([star.x, star.y])).tolist()
        shape = star_shape(QPointF(x, y), STAR if prompt else STAR * 0.7)
        painter.setPen(round_pen(roles.colour("map_ground", 0.85), 4.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(shape)
        pinned = star.kind is StarKind.PIN
        painter.setPen(round_pen(colour, 1.5 if pinned else 1.0))
        painter.setBrush(roles.colour("map_ground") if pinned else colour)
        painter.drawPolygon(shape)


def star_shape(centre: QPointF, radius: float) -> QPolygonF:
    """Return a star of five points."""
    corners = []
    for corner in range(10):
        angle = -math.pi / 2 + corner * math.pi / 5
        away = radius if corner % 2 == 0 else radius * 0.45
        corners.append(centre + QPointF(math.cos(angle) * away, math.sin(angle) * away))
    return QPolygonF(corners)
