"""Measuring on the canvas: pointer and keys to the view-model, its measurements to the screen."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QKeyEvent, QPainter

from vlm_explorer.viewmodels.viewer_measuring import Grip, Measuring, Tool
from vlm_explorer.widgets.canvas_drag import DragKind
from vlm_explorer.widgets.image_canvas import ImageCanvas
from vlm_explorer.widgets.viewer_marks import Mark, paint_marks

_MARGIN = 8.0
_FAR = 10  # pixels of the image that an arrow goes with Shift

_DRAGS = {Tool.WINDOW: DragKind.WINDOW, Tool.PAN: DragKind.PAN, Tool.ZOOM: DragKind.ZOOM}
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_KEYPAD = Qt.KeyboardModifier.KeypadModifier  # arrows of some keyboards carry it
_REMOVE = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
_PLACE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MeasureLayer(QObject):
    """Joins a canvas and the measuring on it."""

    def __init__(self, canvas: ImageCanvas, measuring: Measuring) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._measuring = measuring
        canvas.set_grabs(self._grabs)
        canvas.draw_began.connect(self._begin)
        canvas.draw_moved.connect(self._go_on)
        canvas.draw_ended.connect(self._end)
        canvas.pointed.connect(self._hover)
        measuring.changed.connect(self._take)

    @Slot()
    def _take(self) -> None:
        self._canvas.set_left_button(_DRAGS.get(self._measuring.tool, DragKind.DRAW))
        self._canvas.update()

    # The pointer

    def _grip(self, where: QPointF) -> Grip | None:
        return self._measuring.grip_at(where.x(), where.y(), self._canvas.camera.to_screen)

    def _grabs(self, where: QPointF) -> bool:
        return self._grip(where) is not None

    @Slot(object)
    def _begin(self, where: tuple[float, float]) -> None:
        self._measuring.press(*where, self._grip(QPointF(*self._canvas.camera.to_screen(*where))))

    @Slot(object)
    def _go_on(self, where: tuple[float, float]) -> None:
        self._measuring.drag(*where)

    @Slot(bool)
    def _end(self, moved: bool) -> None:
        self._measuring.release(moved=moved)

    @Slot(object)
    def _hover(self, where: tuple[float, float] | None) -> None:
        if where is not None:
            self._measuring.hover(*where)

    # The keys

    def hears(self, event: QKeyEvent) -> bool:
        """Whether a key belongs to what is being measured, and not to the series."""
        key, measuring = event.key(), self._measuring
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | _KEYPAD):
            return False
        if key in _ARROWS or key in _REMOVE:
            return measuring.chosen is not None
        if key in _PLACE:
            return measuring.chosen is not None or measuring.tool.kind is not None
        return key == Qt.Key.Key_Escape and measuring.busy

    def press(self, event: QKeyEvent) -> None:
        """Do what a key that `hears` has claimed asks for."""
        key = Qt.Key(event.key())
        if key in _ARROWS:
            far = _FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._measuring.nudge(_ARROWS[key][0] * far, _ARROWS[key][1] * far)
        elif key in _REMOVE:
            self._measuring.remove()
        elif key in _PLACE:
            self._place()
        else:
            self._measuring.end()

    def _place(self) -> None:
        """Put a measurement over the middle third of what is in view."""
        canvas = self._canvas
        middle = canvas.camera.to_image(canvas.width() / 2, canvas.height() / 2)
        reach = min(canvas.width(), canvas.height()) / 6 * canvas.devicePixelRatioF()
        self._measuring.place(*middle, reach / canvas.camera.zoom)

    # What is drawn

    def paint(self, painter: QPainter) -> None:
        """Draw the measurements of the image on show, and the one in the making."""
        measuring = self._measuring
        marks = [
            Mark(each, measuring.words(each), *self._choice(index), measuring.hiding)
            for index, each in enumerate(measuring.shown())
        ]
        if measuring.draft is not None:
            words = measuring.words(measuring.draft)
            marks.append(Mark(measuring.draft, words, chosen=True, veiled=measuring.hiding))
        if marks:
            room = QRectF(self._canvas.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            paint_marks(painter, marks, self._canvas.transform(), room)

    def _choice(self, index: int) -> tuple[bool, int | None]:
        chosen = self._measuring.chosen
        if chosen is None or chosen.index != index:
            return False, None
        return True, chosen.point
