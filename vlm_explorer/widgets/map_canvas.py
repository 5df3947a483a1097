"""What pointer and keys do on the map."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from vlm_explorer.rendering import picking
from vlm_explorer.viewmodels.map_groups import GroupName
from vlm_explorer.viewmodels.map_lines import GapMark
from vlm_explorer.viewmodels.map_model import MapModel, Mode
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene import MapState
from vlm_explorer.viewmodels.map_stars import Star
from vlm_explorer.widgets import map_lettering, map_marks
from vlm_explorer.widgets.map_gestures import Gesture, Pointer, click_mode_of, mode_of
from vlm_explorer.widgets.map_lettering import Word
from vlm_explorer.widgets.map_surface import MapSurface
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

REACH = 8.0  # px beside a point that still mean it
_LIVE_COUNT = 200_000  # points, up to which a lasso says at once how many it holds
_WHEEL = 1.0015  # zoom a unit of the wheel; 120 a notch


class MapCanvas(MapSurface):
    """The map as one works with it.

    Signals:
        hovered(point, place): the index of the point under the pointer, or None.
        opened(image_id): an image is to be looked at.
        lasso_switched(bool): the lasso was taken up or laid down.
        menu_wanted(point, place): a context menu, of a point or (None) of the map.
    """

    hovered = Signal(object, QPointF)
    opened = Signal(str)
    lasso_switched = Signal(bool)
    menu_wanted = Signal(object, QPoint)

    def __init__(
        self, model: MapModel, thumbnails: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(model, thumbnails, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Map")
        self._pointer = Pointer()
        self._lasso = False

    @property
    def lasso(self) -> bool:
        """Whether dragging draws a lasso."""
        return self._lasso

    def set_lasso(self, wanted: bool) -> None:
        """Take up the lasso, or lay it down."""
        if wanted != self._lasso:
            self._lasso = wanted
            self._pointer.cancel()
            self._set_cursor()
            self.lasso_switched.emit(wanted)
            self.update()

    def step(self, dx: int, dy: int) -> None:
        """Make the nearest image in a direction the current one, and keep it in sight."""
        scene = self._model.scene
        among = scene.text == NONE
        if scene.current is None:
            middle = self.width() / 2, self.height() / 2
            found = picking.pick(scene.points, self._view, middle, 0, 1e9) if among.any() else None
        else:
            found = picking.step(scene.points, self._view, scene.current, (dx, dy), among)
        if found is not None:
            with self._model.session.history.step("browse"):
                self._model.choose(np.array([found]))
                self._show(found)

    def open_current(self) -> None:
        """Open the current image."""
        if self._model.session.selection.current is not None:
            self.opened.emit(self._model.session.selection.current)

    # The pointer

    def point_at(self, at: QPointF) -> int | None:
        """Return the point that is meant at a place: what is seen on top there.

        That is a thumbnail's point, else the disc drawn there, else the nearest within reach.
        """
        if self._motion.running:
            return None
        pinned = next((pin.point for pin in self._pinned if pin.rect.contains(at)), None)
        if pinned is not None:
            return pinned
        return self._point_near(at, REACH)

    def _point_near(self, at: QPointF, reach: float) -> int | None:
        points = self._model.scene.points
        return picking.pick(points, self._view, (at.x(), at.y()), self.point_size, reach)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, a drag or a lasso."""
        self.set_hover(None)
        if event.button() is Qt.MouseButton.LeftButton:
            lasso = self._lasso or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._pointer.press(event.position(), lasso=lasso)
        elif event.button() is Qt.MouseButton.MiddleButton:
            self._pointer.press(event.position(), lasso=False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, draw the lasso, or look at what is under the pointer."""
        if self._pointer.gesture is Gesture.NONE:
            self._hover_at(event.position())
            return
        pan = self._pointer.move(event.position())
        if not pan.isNull():
            self._view = self._view.panned(pan.x(), pan.y())
            self._fitted = False
        if self._pointer.gesture is not Gesture.PRESSED:
            self._set_cursor()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the press began."""
        gesture = self._pointer.release()
        if gesture is Gesture.LASSO:
            self._model.choose(self._enclosed(), mode_of(event.modifiers()))
        elif gesture is Gesture.PANNING:
            self.tell_place()
        elif gesture is Gesture.PRESSED and event.button() is Qt.MouseButton.LeftButton:
            self._click(event.position(), event.modifiers())
        self._pointer.cancel()
        self._set_cursor()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the image under the pointer."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        point = self.point_at(event.position())
        if point is not None and (image_id := self._model.image_id(point)) is not None:
            self._model.open(point)
            self.opened.emit(image_id)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned and self._model.scene.state is MapState.READY:
            self.zoom(_WHEEL**turned, event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        super().leaveEvent(event)
        self.set_hover(None)

    def _click(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        mode = click_mode_of(modifiers)
        point = self.point_at(at)
        word = self._word_at(at)
        beside = point is None or self._point_near(at, 0.0) is None
        if beside and word is not None and isinstance(word.subject, GroupName):
            self._model.choose_rows(word.subject.members, mode)
            return
        if point is not None:
            self._model.choose(np.array([point]), mode)
        elif mode is Mode.REPLACE:
            self._model.choose(np.empty(0, np.intp))

    def _enclosed(self) -> np.ndarray:
        outline = [(corner.x(), corner.y()) for corner in self._pointer.outline]
        if len(outline) < 3:
            return np.empty(0, np.intp)
        return picking.lasso(self._model.scene.points, self._view, outline)

    def _hover_at(self, at: QPointF) -> None:
        point = self.point_at(at)
        self.set_hover(point)
        if point is not None:
            self.hovered.emit(point, at)
        self._set_cursor()

    def set_hover(self, point: int | None) -> None:
        """Mark the point under the pointer, and tell when there is none."""
        super().set_hover(point)
        if point is None:
            self.hovered.emit(None, QPointF())

    def mark(self, point: int | None) -> None:
        """Mark a point that is pointed at elsewhere, as if it were here, and tell nobody."""
        super().set_hover(point)

    def paint_gesture(self, painter: QPainter) -> None:
        """Draw the lasso."""
        if self._pointer.gesture is Gesture.LASSO:
            few = len(self._model.scene) <= _LIVE_COUNT
            words = f"{len(self._enclosed()):,}" if few else ""
            map_marks.paint_lasso(painter, self._pointer.outline, words, theme())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu of the point under the pointer."""
        at = QPointF(event.pos())
        self.menu_wanted.emit(self.point_at(at), event.globalPos())

    def _word_at(self, at: QPointF) -> Word | None:
        return next((word for word in self._words if word.rect.contains(at)), None)

    def _set_cursor(self) -> None:
        shape = Qt.CursorShape.ArrowCursor
        if self._pointer.gesture is Gesture.PANNING:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._lasso or self._pointer.gesture is Gesture.LASSO:
            shape = Qt.CursorShape.CrossCursor
        elif self._hover is not None:
            shape = Qt.CursorShape.PointingHandCursor
        if self.cursor().shape() is not shape:
            self.setCursor(shape)

    # Keys, tool tips, gestures of a touch pad

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape ends the lasso; the other keys are actions."""
        if event.key() == Qt.Key.Key_Escape and self._lasso:
            self.set_lasso(False)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Take Escape while there is a lasso, show tool tips, zoom by pinching."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and self._lasso:
                event.accept()
                return True
        elif event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_note(event)
            return True
        elif (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom(1 + event.value(), event.position())
            return True
        return super().event(event)

    def _show_note(self, event: QHelpEvent) -> None:
        """Say how a group came to its name, or a star to its place."""
        at = QPointF(event.pos())
        word = self._word_at(at)
        subject = word.subject if word is not None else self._star_at(at)
        if isinstance(subject, GroupName | GapMark):
            QToolTip.showText(event.globalPos(), subject.note, self)
        elif isinstance(subject, Star):
            QToolTip.showText(event.globalPos(), f"{subject.words}\n{subject.note}", self)
        else:
            QToolTip.hideText()

    def _star_at(self, at: QPointF) -> Star | None:
        for star in self._model.scene.stars:
            x, y = self._view.to_screen(np.array([star.x, star.y]))
            if max(abs(x - at.x()), abs(y - at.y())) <= map_lettering.STAR:
                return star
        return None
