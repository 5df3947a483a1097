"""Draws the lines of the map: pairs beneath the points, the gap and a prompt's links above them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_lines import GapMark, Segments, star_lines
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_places import Places
from vlm_explorer.viewmodels.map_scene import MapScene
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.widgets.halo_text import round_pen
from vlm_explorer.widgets.theme import Theme

_QUIETER = ((60, 0.34), (200, 0.2))  # lines of pairs, and how much is seen of so many
_QUIETEST = 0.14
_LINK = 0.5
_END = 5.0  # px, radius of the middle of a modality


class PairLines:
    """Draws quiet lines that seem to lie beneath the points.

    The points are a picture that covers everything. Lines on a ground of their own, which only
    ever lighten a dark map, or darken a light one, leave what stands out more than themselves as
    it is. They are drawn once for a scene and a view.
    """

    def __init__(self, model: MapModel) -> None:
        self._model = model
        self._key: tuple[object, ...] = ()
        self._picture: QImage | None = None

    def paint(self, painter: QPainter, scene: MapScene, view: View, roles: Theme) -> None:
        """Draw the lines of the model's scene."""
        ratio = painter.device().devicePixelRatioF()
        overlays = self._model.overlays
        key = scene, view, roles.name, ratio, overlays.lines.pairs
        if key != self._key:
            found = overlays.pair_lines(scene, view)
            self._key = key
            self._picture = _draw_pairs(found, view, roles, ratio) if len(found) else None
        if self._picture is not None:
            painter.save()
            mode = QPainter.CompositionMode
            lighter = mode.CompositionMode_Lighten
            painter.setCompositionMode(lighter if roles.dark else mode.CompositionMode_Darken)
            painter.drawImage(QPointF(0, 0), self._picture)
            painter.restore()


def _draw_pairs(lines: Segments, view: View, roles: Theme, ratio: float) -> QImage:
    size = QSizeF(view.width, view.height) * ratio
    picture = QImage(size.toSize(), QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(ratio)
    picture.fill(roles.colour("map_ground"))
    seen = next((seen for most, seen in _QUIETER if len(lines) <= most), _QUIETEST)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_blend(roles, "secondary", seen), 1.0))
    painter.drawLines(_on_screen(lines, view))
    painter.end()
    return picture


def paint_links(
    painter: QPainter, stars: Iterable[Star], places: Places, view: View, roles: Theme
) -> None:
    """Draw thin lines from prompts to the images nearest to them."""
    for star in stars:
        if star.links:
            role = "disabled" if star.quiet else "star"
            seen = _LINK if star.kind is StarKind.PROMPT else _LINK / 2
            painter.setPen(QPen(roles.colour(role, seen), 1.0))
            painter.drawLines(_on_screen(star_lines(star, places), view))


def paint_gap(painter: QPainter, gap: GapMark, view: View, roles: Theme) -> None:
    """Draw the middles of both modalities and the line between them.

    As images are full points and captions hollow ones, so are their middles.
    """
    ends = [QPointF(*(float(value) for value in view.to_screen(np.array(end))))
            for end in (gap.images, gap.texts)]  # fmt: skip
    painter.setPen(round_pen(roles.colour("map_ground", 0.8), 4.0))
    painter.drawLine(*ends)
    painter.setPen(QPen(roles.colour("text", 0.8), 1.2, Qt.PenStyle.DashLine))
    painter.drawLine(*ends)
    for end, role in zip(ends, ("text", "map_ground"), strict=True):
        painter.setPen(round_pen(roles.colour("map_ground", 0.8), 4.0))
        painter.drawEllipse(end, _END, _END)
        painter.setPen(QPen(roles.colour("text"), 1.5))
        painter.setBrush(roles.colour(role))
        painter.drawEllipse(end, _END, _END)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _on_screen(lines: Segments, view: View) -> list[QLineF]:
    screen = view.to_screen(lines.astype(np.float64)).reshape(-1, 4)
    return [QLineF(*ends) for ends in screen.tolist()]


def _blend(roles: Theme, role: str, share: float) -> QColor:
    """Return a role's colour on the map's ground, seen so far through."""
    ground, colour = roles.colour("map_ground"), roles.colour(role)
    parts = (
        round(low + (high - low) * share)
        for low, high in zip(ground.getRgb()[:3], colour.getRgb()[:3], strict=True)  # type: ignore[index]
    )
    return QColor(*parts)
