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
from vlm_explorer.viewmodels.map_model import MapModel, Mode
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene import MapState
from vlm_explorer.viewmodels.map_stars import Star
from vlm_explorer.widgets.map_gestures import Gesture, Pointer, Tool, click_mode_of, mode_of
from vlm_explorer.widgets.map_selecting import Enclosing
from vlm_explorer.widgets.map_surface import MapSurface
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

REACH = 8.0  # px beside a point that still mean it
_PINCH = Qt.NativeGestureType.ZoomNativeGesture
_WHEEL = 1.0015  # zoom a unit of the wheel; 120 a notch


class MapCanvas(MapSurface):
    """The map as one works with it.

    Signals:
        hovered(point, place): the index of the point under the pointer, or None.
        opened(image_id): an image is to be looked at.
        tool_changed(): dragging does something else now, or does it otherwise.
        menu_wanted(point, place): a context menu, of a point or (None) of the map.
    """

    hovered = Signal(object, QPointF)
    opened = Signal(str)
    tool_changed = Signal()
    menu_wanted = Signal(object, QPoint)

    def __init__(
        self, model: MapModel, thumbnails: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(model, thumbnails, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Map")
        self._pointer = Pointer()
        self._enclosing = Enclosing(model, self._pointer)
        self._tool = Tool.MOVE
        self._at: QPointF | None = None  # where the pointer is
        self._modifiers = Qt.KeyboardModifier.NoModifier

    @property
    def tool(self) -> Tool:
        """What dragging does."""
        return self._tool

    @property
    def mode(self) -> Mode:
        """What lasso, box and brush do to the selection when no key says otherwise."""
        return self._enclosing.mode

    def set_tool(self, tool: Tool) -> None:
        """Let dragging do something else."""
        if tool is not self._tool:
            self._tool = tool
            self._pointer.cancel()
            self._set_cursor()
            self.tool_changed.emit()
            self.update()

    def set_mode(self, mode: Mode) -> None:
        """Let lasso, box and brush do something else to the selection."""
        if mode is not self.mode:
            self._enclosing.mode = mode
            self.tool_changed.emit()

    def follow(self, other: MapCanvas) -> None:
        """Take up what another map has taken up."""
        self.set_tool(other.tool)
        self.set_mode(other.mode)

    def size_brush(self, factor: float) -> None:
        """Make the brush larger or smaller."""
        self._enclosing.size_brush(factor)
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
        pinned = self.annotations.pinned_at(at)
        if pinned is not None:
            return pinned
        return self._point_near(at, REACH)

    def _point_near(self, at: QPointF, reach: float) -> int | None:
        points = self._model.scene.points
        return picking.pick(points, self._view, (at.x(), at.y()), self.point_size, reach)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, a drag or a lasso."""
        self.set_hover(None)
        self._modifiers = event.modifiers()
        if event.button() is Qt.MouseButton.LeftButton:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            tool = Tool.LASSO if shift and self._tool is Tool.MOVE else self._tool
            self._pointer.press(event.position(), tool)
            self._enclosing.begin(self._view)
        elif event.button() is Qt.MouseButton.MiddleButton:
            self._pointer.press(event.position(), Tool.MOVE)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, draw the lasso, or look at what is under the pointer."""
        self._at, self._modifiers = event.position(), event.modifiers()
        if self._pointer.gesture is Gesture.NONE:
            self._hover_at(event.position())
            return
        pan = self._pointer.move(event.position())
        if not pan.isNull():
            self._view = self._view.panned(pan.x(), pan.y())
            self._fitted = False
        if self._pointer.gesture is Gesture.SELECTING:
            self._enclosing.go_on(self._view)
        if self._pointer.gesture is not Gesture.PRESSED:
            self._set_cursor()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the press began."""
        gesture = self._pointer.release()
        if gesture is Gesture.SELECTING:
            enclosed = self._enclosing.enclosed(self._view)
            self._model.choose(enclosed, mode_of(event.modifiers(), self.mode))
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
        self._at = None
        if self._tool is Tool.BRUSH:
            self.update()

    def _click(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        by_tool = Mode.REPLACE if self._tool is Tool.MOVE else self.mode
        mode = click_mode_of(modifiers, by_tool)
        point = self.point_at(at)
        word = self.annotations.word_at(at)
        beside = point is None or self._point_near(at, 0.0) is None
        if beside and word is not None and isinstance(word.subject, GroupName):
            self._model.choose_rows(word.subject.members, mode)
            return
        if point is not None:
            self._model.choose(np.array([point]), mode)
        elif mode is Mode.REPLACE:
            self._model.choose(np.empty(0, np.intp))

    def _hover_at(self, at: QPointF) -> None:
        point = self.point_at(at)
        self.set_hover(point)
        if point is not None:
            self.hovered.emit(point, at)
        self._set_cursor()
        if self._tool is Tool.BRUSH:
            self.update()

    def set_hover(self, point: int | None) -> None:
        """Mark the point under the pointer, and tell when there is none."""
        super().set_hover(point)
        if point is None:
            self.hovered.emit(None, QPointF())

    def mark(self, point: int | None) -> None:
        """Mark a point that is pointed at elsewhere, as if it were here, and tell nobody."""
        super().set_hover(point)

    def paint_gesture(self, painter: QPainter) -> None:
        """Draw what is being enclosed, and the brush."""
        if self._pointer.gesture is Gesture.SELECTING:
            mode = mode_of(self._modifiers, self.mode)
            self._enclosing.paint(painter, self._view, mode, theme())
        if self._tool is Tool.BRUSH and self._at is not None:
            self._enclosing.paint_brush(painter, self._at, theme())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu of the point under the pointer."""
        self.menu_wanted.emit(self.point_at(QPointF(event.pos())), event.globalPos())

    def _set_cursor(self) -> None:
        shape = Qt.CursorShape.ArrowCursor
        if self._pointer.gesture is Gesture.PANNING:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._escapable:
            shape = Qt.CursorShape.CrossCursor
        elif self._hover is not None:
            shape = Qt.CursorShape.PointingHandCursor
        if self.cursor().shape() is not shape:
            self.setCursor(shape)

    # Keys, tool tips, gestures of a touch pad

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives up what is being drawn, then the tool; the other keys are actions."""
        if event.key() != Qt.Key.Key_Escape or not self._escapable:
            super().keyPressEvent(event)
        elif self._pointer.gesture is Gesture.SELECTING:
            self._pointer.cancel()
            self.update()
        else:
            self.set_tool(Tool.MOVE)

    @property
    def _escapable(self) -> bool:
        return self._tool is not Tool.MOVE or self._pointer.gesture is Gesture.SELECTING

    def event(self, event: QEvent) -> bool:
        """Take Escape while there is a tool, show tool tips, zoom by pinching."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and self._escapable:
                event.accept()
                return True
        elif event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_note(event)
            return True
        elif isinstance(event, QNativeGestureEvent) and event.gestureType() is _PINCH:
            self.zoom(1 + event.value(), event.position())
            return True
        return super().event(event)

    def _show_note(self, event: QHelpEvent) -> None:
        """Say how a group came to its name, or a star to its place."""
        if note := self.annotations.note_at(QPointF(event.pos()), self._view):
            QToolTip.showText(event.globalPos(), note, self)
        else:
            QToolTip.hideText()

    def star_at(self, at: QPointF) -> Star | None:
        """Return the star at a place, or whose words are there."""
        return self.annotations.star_at(at, self._view)
