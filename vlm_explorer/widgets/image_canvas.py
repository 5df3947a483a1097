"""The scan under the pointer: turns gestures on it into signals; zooms and pans by itself.

What a gesture means is decided by those who listen.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from vlm_explorer.widgets.canvas_drag import Drag, DragKind
from vlm_explorer.widgets.image_ground import ImageGround
from vlm_explorer.widgets.viewer_tiles import Drawable

_NOTCH = 120  # eighths of a degree that one wheel step reports
_ZOOM_A_PIXEL = 1.006  # of a right drag
_ZOOM_A_NOTCH = 1.2
_DRAGS = count(1)  # of all canvases


class ImageCanvas(ImageGround):
    """Shows a picture under a camera; zooms and pans by itself.

    Signals:
        scrolled(steps): the wheel turned, or an arrow was pressed; positive is onward.
        windowed(dx, dy): the left button dragged by so many logical pixels.
        pointed(where): the pointer is over (x, y) of the image, or None beside it.
        clicked(where): the left button clicked on (x, y) of the image, or None beside it.
        shift_clicked(where): likewise, with Shift.
        draw_began(where), draw_moved(where): the left button draws at (x, y) of the image.
        draw_ended(moved): it was released; whether that was more than a click.
        double_clicked(): to reset.
        menu_requested(position): the right button clicked there on the screen.
    """

    scrolled = Signal(int)
    windowed = Signal(float, float)
    pointed = Signal(object)
    clicked = Signal(object)
    shift_clicked = Signal(object)
    draw_began = Signal(object)
    draw_moved = Signal(object)
    draw_ended = Signal(bool)
    double_clicked = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wheel = 0.0
        self._drag: Drag | None = None
        self.drag_number = 0  # of the last drag; no other canvas had one of that number
        self._left = DragKind.WINDOW
        self._grabs: Callable[[QPointF], bool] | None = None
        self._pointer: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Image")
        self.camera_changed.connect(self._point)

    @property
    def moving(self) -> bool:
        """Whether the picture is being dragged."""
        return self._drag is not None and self._drag.moving

    def set_picture(self, picture: Drawable | None) -> None:
        """Show another picture, or none; one of equal shape keeps zoom and pan."""
        super().set_picture(picture)
        self._point()

    def set_left_button(self, kind: DragKind) -> None:
        """Choose what a drag with the left button does."""
        self._left = kind
        self._show_cursor()

    def set_grabs(self, grabs: Callable[[QPointF], bool]) -> None:
        """Have `grabs` say where the left button draws, whatever it does elsewhere."""
        self._grabs = grabs

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl zoom around the pointer."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            where = event.position()
            factor = _ZOOM_A_NOTCH ** (delta / _NOTCH)
            self._look(self.camera.zoomed(factor, where.x(), where.y()))
            self.looked.emit("zoom the image", False)
        else:
            self._wheel += delta
            steps = int(self._wheel / _NOTCH)
            self._wheel -= steps * _NOTCH
            if steps:
                self.scrolled.emit(-steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag, of the kind that button and modifier say."""
        where = event.position()
        kinds = {
            Qt.MouseButton.LeftButton: self._left_kind(event),
            Qt.MouseButton.MiddleButton: DragKind.PAN,
            Qt.MouseButton.RightButton: DragKind.ZOOM,
        }
        kind = kinds.get(event.button())
        if kind is None or self._drag is not None:
            event.ignore()
            return
        self._drag = Drag(kind, event.button(), where, where)
        self.drag_number = next(_DRAGS)
        if kind is DragKind.DRAW:
            self.draw_began.emit(self.camera.to_image(where.x(), where.y()))

    def _left_kind(self, event: QMouseEvent) -> DragKind:
        """Return what the left button does there: pan with Shift, draw where something is held."""
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return DragKind.PAN
        held = self._grabs is not None and self._grabs(event.position())
        return DragKind.DRAW if held else self._left

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag, or say what is under the pointer."""
        where = self._pointer = event.position()
        if self._drag is None:
            self._point()
            self._show_cursor()
            return
        step = self._drag.follow(where)
        if step is not None:
            self._show_cursor()
            self._go_on(self._drag, step)

    def _go_on(self, drag: Drag, step: QPointF) -> None:
        if drag.kind is DragKind.WINDOW:
            self.windowed.emit(step.x(), step.y())
        elif drag.kind is DragKind.PAN:
            self._look(self.camera.panned(step.x(), step.y()))
        elif drag.kind is DragKind.DRAW:
            self.draw_moved.emit(self.camera.to_image(drag.last.x(), drag.last.y()))
        else:
            factor = _ZOOM_A_PIXEL ** -step.y()
            self._look(self.camera.zoomed(factor, drag.start.x(), drag.start.y()))
        if drag.kind in (DragKind.PAN, DragKind.ZOOM):
            self.looked.emit(f"drag {self.drag_number}", True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; without a move it was a click."""
        drag = self._drag
        if drag is None or drag.button != event.button():
            return
        self._drag = None
        self._show_cursor()
        if drag.kind is DragKind.DRAW:
            self.draw_ended.emit(drag.moving)
        elif drag.moving:
            self.update()  # sharp again
        elif drag.button == Qt.MouseButton.RightButton:
            self.menu_requested.emit(event.globalPosition().toPoint())
        elif drag.button == Qt.MouseButton.LeftButton:
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            if shift:
                self.shift_clicked.emit(self._image_point(event.position()))
            elif drag.kind is DragKind.WINDOW:
                self.clicked.emit(self._image_point(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for a reset."""
        if event.button() == Qt.MouseButton.LeftButton and self._left is not DragKind.DRAW:
            self.double_clicked.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._pointer = None
        self._point()
        super().leaveEvent(event)

    def _point(self) -> None:
        """Say what is under the pointer now."""
        where = self._pointer if self._picture is not None else None
        self.pointed.emit(self._image_point(where))

    def _image_point(self, where: QPointF | None) -> tuple[float, float] | None:
        if where is None or self.camera.pixel_at(where.x(), where.y()) is None:
            return None
        return self.camera.to_image(where.x(), where.y())

    def _show_cursor(self) -> None:
        """Show what the left button does here, or what a drag is doing."""
        if self._drag is not None and self._drag.moving:
            self.setCursor(self._drag.kind.cursor)
        elif self._pointer is not None and self._grabs is not None and self._grabs(self._pointer):
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._left is DragKind.WINDOW:
            self.unsetCursor()
        else:
            self.setCursor(self._left.cursor)
