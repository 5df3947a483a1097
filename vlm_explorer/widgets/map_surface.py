"""The surface of the map: points, words and stars, drawn on demand from a point of view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from vlm_explorer.rendering.points import Brush, Points
from vlm_explorer.rendering.rasteriser import diameter, is_quick
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_scene import MapScene, MapState
from vlm_explorer.widgets import map_marks
from vlm_explorer.widgets.map_annotations import MapAnnotations
from vlm_explorer.widgets.map_brush import brush_for
from vlm_explorer.widgets.map_fitting import MARGIN, fitted_view
from vlm_explorer.widgets.map_frames import FrameSource, Request
from vlm_explorer.widgets.map_motion import Motion, motion_wanted
from vlm_explorer.widgets.map_word_wishes import Word
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

_NEAREST, _FARTHEST = 400.0, 0.4  # zoom, in units of the scale that shows everything


class MapSurface(QWidget):
    """Draws scenes on demand, never by a clock.

    Attributes:
        annotations: what is drawn over the points.
        obstacles: gives what lies over the map, logical pixels.
    """

    def __init__(
        self, model: MapModel, thumbnails: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.obstacles: Callable[[], list[QRectF]] = list
        self._model = model
        self._frames = FrameSource(model.session, self)
        self._frames.arrived.connect(self.update)
        self._motion = Motion(self)
        self._motion.stepped.connect(self.update)
        self._view = View()
        self._fit_scale = 1.0
        self._fitted = True
        self._insets = (MARGIN, MARGIN, MARGIN, MARGIN)
        self._fitted_for: tuple[tuple[object, ...], tuple[object, ...]] = ((), ())
        self._hover: int | None = None
        self._brush: tuple[Points, tuple[object, ...], Brush] | None = None
        self.annotations = MapAnnotations(model, thumbnails)
        self._drawn: MapScene = model.scene
        model.changed.connect(self._take_scene)
        model.moved.connect(self._move)
        model.followed.connect(self._follow)
        if not model.second:
            model.session.frames_wanted = lambda: motion_wanted(self) and self.isVisible()
        model.place_recalled.connect(self._look_again)
        thumbnails.loaded.connect(self._take_thumbnails)
        themes.changed.connect(self.update)

    # What others ask and tell

    @property
    def view(self) -> View:
        """From where the map is seen."""
        return self._view

    @property
    def _zoom(self) -> float:
        return self._view.scale / self._fit_scale

    @property
    def moving(self) -> bool:
        """Whether points are on their way, or a better picture is."""
        return self._motion.running or self._frames.busy

    @property
    def words(self) -> list[Word]:
        """The words drawn last."""
        return self.annotations.words

    @property
    def point_size(self) -> float:
        """Diameter of a point, logical pixels."""
        return self._brush_now().diameter

    def size_of(self, point: int) -> float:
        """Return the diameter of a point of the scene, logical pixels."""
        radii = self._model.scene.points.radii(np.array([point]), self.point_size)
        return 2 * float(radii[0])

    @property
    def images(self) -> bool:
        """Whether thumbnails are shown when few points are in view."""
        return self.annotations.images

    def set_images(self, wanted: bool) -> None:
        """Show thumbnails when few points are in view, or never."""
        self.annotations.images = wanted
        self.update()

    def fit(self) -> None:
        """Show everything, because the user wants it."""
        self._fit()
        self.tell_place()

    def _fit(self) -> None:
        self._view = self._fitted_view()
        self._fit_scale, self._fitted = self._view.scale, True
        self._fitted_for = self._kind(), self._content()
        self._model.place = None
        self.set_hover(None)
        self.update()

    def tell_place(self, burst: str = "") -> None:
        """Tell the model from where the user looks now."""
        view = self._view
        self._model.look_from(None if self._fitted else (view.x, view.y, view.scale), burst)

    @Slot()
    def _look_again(self) -> None:
        """Look from where the model says."""
        if self._model.place is None:
            self._fit()
            return
        x, y, scale = self._model.place
        self._view = replace(self._view, x=x, y=y, scale=scale)
        self._fitted = False
        self.set_hover(None)
        self.update()

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Come nearer by `factor`; what lies under `about` (or the middle) stays there."""
        place = about if about is not None else QPointF(self.width() / 2, self.height() / 2)
        limits = self._fit_scale * _FARTHEST, self._fit_scale * _NEAREST
        self._view = self._view.zoomed(factor, (place.x(), place.y()), limits)
        self._fitted = False
        self.tell_place("zoom")
        self.set_hover(None)
        self.update()

    def position_of(self, point: int) -> QPointF:
        """Return where a point of the scene is on the screen."""
        return self.annotations.position_of(point, self._view)

    # What changes

    def set_hover(self, point: int | None) -> None:
        """Mark the point under the pointer."""
        if point != self._hover:
            self._hover = point
            self.update()

    @Slot()
    def _take_scene(self) -> None:
        self.set_hover(None)
        self.update()

    @Slot()
    def _move(self) -> None:
        """Fit the new layout, and let points go there from where they were drawn."""
        old, old_view = self._drawn, self._view
        self._fit()
        new = self._model.scene
        most = max(len(old), len(new))
        quick = is_quick(most, diameter(most), self.devicePixelRatioF())
        if quick and motion_wanted(self) and self.isVisible():
            self._motion.start(old, old_view, new, self._view)

    @Slot()
    def _follow(self) -> None:
        """Show points that are on their way to a better layout where they are by now."""
        self._motion.stop()
        self.set_hover(None)
        if self._fitted:
            self._fit()
        self.update()

    @Slot(object)
    def _take_thumbnails(self, ids: set[str]) -> None:
        if any(pin.image_id in ids for pin in self.annotations.pinned):
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep everything in view if it was, else the middle."""
        super().resizeEvent(event)
        self._view = self._view.resized(self.width(), self.height())
        if self._fitted:
            self._fit()

    def set_insets(self, insets: tuple[float, float, float, float]) -> None:
        """Tell how much at the left, top, right and bottom is covered.

        A fitted map fits anew, but not when words over it became longer or shorter because one
        filters or selects: that never moves the map.
        """
        changed, self._insets = insets != self._insets, insets
        drawn, content = self._fitted_for
        may_fit = self._fitted and (content == self._content() or drawn != self._kind())
        if may_fit and changed:
            self._fit()
        elif may_fit:
            self._fitted_for = self._kind(), self._content()

    def _content(self) -> tuple[object, ...]:
        """Return what is selected, filtered and hidden."""
        model = self._model
        return model.session.selection, model.session.filters, model.hidden

    def _kind(self) -> tuple[object, ...]:
        """Return what else decides how much room words take over the map."""
        return self._model.places, self._model.colour_by, self._model.size_by, self.size()

    def _fitted_view(self) -> View:
        """Return the nearest view in which nothing that lies over the map hides a point."""
        view, model = self._view.resized(self.width(), self.height()), self._model
        return fitted_view(
            view, model.overlays.extent, model.places.xy, self._insets, self.obstacles()
        )

    def _show(self, point: int) -> None:
        """Pan so that a point is on the screen."""
        at = self.position_of(point)
        inner = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        if not inner.contains(at):
            away = QRectF(self.rect()).center() - at
            self._view = self._view.panned(away.x(), away.y())
            self._fitted = False
            self.tell_place("step")
            self.update()

    # Drawing

    def _brush_now(self) -> Brush:
        """Return the brush; the same object as long as nothing about it changes."""
        scene, roles = self._model.scene, theme()
        zoom = round(self._zoom, 3)
        kept = self._brush
        about = roles.name, zoom, scene.colours
        if kept is None or kept[0] is not scene.points or kept[1] != about:
            kept = self._brush = scene.points, about, brush_for(scene, roles, zoom)
        return kept[2]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the newest picture of the points, then words, stars and marks."""
        scene, roles = self._model.scene, theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), roles.colour("map_ground"))
        if scene.state is not MapState.READY:
            map_marks.paint_skeleton(painter, self.rect(), scene.state, roles)
        else:
            self._paint_points(painter, scene)
        self._drawn = scene
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._motion.running:
            self._paint_marks(painter, scene)
        painter.end()

    def _paint_points(self, painter: QPainter, scene: MapScene) -> None:
        """Draw the picture; while a better one is on its way the last one, moved into place."""
        points, view = self._motion.points(scene.points, self._view)
        ratio, world = self.devicePixelRatioF(), self._model.places
        frame = self._frames.frame(Request(points, self._brush_now(), view, ratio, world))
        if frame is None:
            return
        drawn = frame.request.view
        if drawn == view or frame.request.world is not world:
            painter.drawImage(QPointF(0, 0), frame.image)
            return
        x, y = (float(value) for value in view.to_screen(drawn.to_world((0.0, 0.0))))
        grown = view.scale / drawn.scale
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = QRectF(x, y, drawn.width * grown, drawn.height * grown)
        painter.drawImage(target, frame.image, QRectF(frame.image.rect()))

    def _paint_marks(self, painter: QPainter, scene: MapScene) -> None:
        over, view = self.annotations, self._view
        if scene.moving:
            over.paint_passing(painter, view, self.obstacles())
        else:
            over.paint(painter, view, self._zoom, self.obstacles())
        hover = None if scene.moving else self._hover
        over.paint_rings(painter, view, hover, self.size_of)
        self.paint_gesture(painter)

    def paint_gesture(self, painter: QPainter) -> None:
        """Draw what the pointer is doing; nothing here."""
