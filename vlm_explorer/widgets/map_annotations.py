"""What is drawn over the map's points: lines, thumbnails, words, stars and rings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_groups import names_in_view
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_scene import MapScene
from vlm_explorer.viewmodels.map_stars import Star
from vlm_explorer.widgets import map_lettering, map_lines, map_marks, map_writing
from vlm_explorer.widgets.map_fitting import clutter_of
from vlm_explorer.widgets.map_thumbnails import (
    Pinned,
    paint_thumbnails,
    pin_representatives,
    pin_thumbnails,
)
from vlm_explorer.widgets.map_word_wishes import Word
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

_RING = 8.0  # px around a point that words leave free


class MapAnnotations:
    """Draws what is said of the points, and knows afterwards what was drawn where.

    Attributes:
        images: whether thumbnails are shown when few points are in view.
        words, pinned: the words and thumbnails drawn last.
    """

    def __init__(self, model: MapModel, thumbnails: ThumbnailPainter) -> None:
        self._model, self._thumbnails = model, thumbnails
        self._pairs = map_lines.PairLines(model)
        self.images = True
        self.words: list[Word] = []
        self.pinned: list[Pinned] = []

    def position_of(self, point: int, view: View) -> QPointF:
        """Return where a point of the scene is on the screen."""
        x, y = view.to_screen(self._model.scene.points.xy[point].astype(np.float64))
        return QPointF(float(x), float(y))

    # Drawing

    def paint(
        self, painter: QPainter, view: View, zoom: float, obstacles: Sequence[QRectF]
    ) -> None:
        """Draw lines, thumbnails, words and stars, none of which overlap.

        Args:
            painter: of the map.
            view: from where the map is seen.
            zoom: how much nearer than all of it.
            obstacles: what lies over the map, logical pixels.
        """
        scene, model, roles = self._model.scene, self._model, theme()
        self._pairs.paint(painter, scene, view, roles)
        map_lines.paint_links(painter, scene.stars, model.places, view, roles)
        gap = model.overlays.gap(scene)
        if gap is not None:
            map_lines.paint_gap(painter, gap, view, roles)
        taken = list(obstacles)
        self.pinned = pin_thumbnails(model, view, taken) if self.images else []
        taken += [pin.rect for pin in self.pinned]
        if scene.current is not None:
            at = self.position_of(scene.current, view)
            taken.append(QRectF(at.x() - _RING, at.y() - _RING, 2 * _RING, 2 * _RING))
        captions = map_lettering.captions_in_view(model, view)
        groups = names_in_view(scene.groups, scene.named, view, zoom)
        self.words = map_lettering.lay_out_words(
            groups, scene.stars, captions, view, taken, clutter_of(scene.points, view), gap
        )
        if self.images and not self.pinned:
            named = [word.rect for word in self.words]
            free = taken + named + map_lettering.star_rects(scene.stars, view)
            self.pinned = pin_representatives(model, view, zoom, free)
        paint_thumbnails(painter, self.pinned, self._thumbnails, roles)
        self._paint_stars(painter, scene, view)

    def paint_passing(self, painter: QPainter, view: View, obstacles: Sequence[QRectF]) -> None:
        """Draw what goes with points that are still moving: the stars."""
        scene, roles = self._model.scene, theme()
        self.pinned, clutter = [], clutter_of(scene.points, view)
        self.words = map_lettering.lay_out_words(
            [], scene.stars, [], view, obstacles, clutter, None
        )
        map_lines.paint_links(painter, scene.stars, self._model.places, view, roles)
        self._paint_stars(painter, scene, view)

    def _paint_stars(self, painter: QPainter, scene: MapScene, view: View) -> None:
        map_writing.paint_words(painter, self.words, theme())
        map_writing.paint_stars(painter, scene.stars, view, theme())

    def paint_rings(
        self, painter: QPainter, view: View, hover: int | None, size_of: Callable[[int], float]
    ) -> None:
        """Ring the current image, and the point under the pointer.

        Args:
            painter: of the map.
            view: from where the map is seen.
            hover: the point under the pointer.
            size_of: gives the diameter of a point, logical pixels.
        """
        current, roles = self._model.scene.current, theme()
        if current is not None:
            at = self.position_of(current, view)
            map_marks.paint_ring(painter, at, size_of(current), roles)
        if hover is not None:
            at = self.position_of(hover, view)
            map_marks.paint_hover_ring(painter, at, size_of(hover), roles)

    # What was drawn

    def pinned_at(self, at: QPointF) -> int | None:
        """Return the point whose thumbnail is at a place on the screen."""
        return next((pin.point for pin in self.pinned if pin.rect.contains(at)), None)

    def word_at(self, at: QPointF) -> Word | None:
        """Return the words at a place on the screen."""
        return next((word for word in self.words if word.rect.contains(at)), None)

    def star_at(self, at: QPointF, view: View) -> Star | None:
        """Return the star at a place, or whose words are there."""
        word = self.word_at(at)
        if word is not None and isinstance(word.subject, Star):
            return word.subject
        return map_lettering.star_at(self._model.scene.stars, view, at)

    def note_at(self, at: QPointF, view: View) -> str:
        """Return how a group came to its name, or a star to its place; "" beside them."""
        word = self.word_at(at)
        return map_lettering.note_of(self.star_at(at, view) if word is None else word.subject)
