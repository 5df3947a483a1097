"""What the pointer does on the map: drag, lasso, click; with a slop, so that a click is a click."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QPointF, Qt

from vlm_explorer.viewmodels.map_model import Mode

SLOP = 4.0  # px that the pointer may move in a click
_CORNER = 2.0  # px between corners of a lasso


class Gesture(Enum):
    """What is going on while a button is held."""

    NONE = auto()
    PRESSED = auto()  # not yet known: a click, or the start of more
    PANNING = auto()
    LASSO = auto()


class Pointer:
    """Follows one press of a button from beginning to end.

    Attributes:
        gesture: what is going on.
        outline: the lasso's corners so far, logical pixels.
    """

    def __init__(self) -> None:
        self.gesture = Gesture.NONE
        self.outline: list[QPointF] = []
        self._start = QPointF()
        self._last = QPointF()
        self._lasso = False

    def press(self, at: QPointF, *, lasso: bool) -> None:
        """A button goes down; `lasso`: dragging draws one."""
        self.gesture = Gesture.PRESSED
        self._start = self._last = at
        self._lasso = lasso

    def move(self, at: QPointF) -> QPointF:
        """The pointer moves; return by how much to pan."""
        away = at - self._start
        if self.gesture is Gesture.PRESSED and max(abs(away.x()), abs(away.y())) > SLOP:
            self.gesture = Gesture.LASSO if self._lasso else Gesture.PANNING
            self.outline = [self._start]
            self._last = self._start
        step = at - self._last
        if self.gesture is Gesture.LASSO and max(abs(step.x()), abs(step.y())) >= _CORNER:
            self.outline.append(at)
            self._last = at
        if self.gesture is not Gesture.PANNING:
            return QPointF()
        self._last = at
        return step

    def release(self) -> Gesture:
        """The button goes up; return what it was. The outline is still there."""
        gesture, self.gesture = self.gesture, Gesture.NONE
        return gesture

    def cancel(self) -> None:
        """Forget what was going on."""
        self.gesture = Gesture.NONE
        self.outline = []


def mode_of(modifiers: Qt.KeyboardModifier) -> Mode:
    """Return what a lasso does to the selection: Shift adds, Alt and Ctrl subtract."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Mode.ADD
    if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
        return Mode.SUBTRACT
    return Mode.REPLACE


def click_mode_of(modifiers: Qt.KeyboardModifier) -> Mode:
    """Return what a click does to the selection: Shift adds, Ctrl toggles, Alt subtracts."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Mode.ADD
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        return Mode.TOGGLE
    if modifiers & Qt.KeyboardModifier.AltModifier:
        return Mode.SUBTRACT
    return Mode.REPLACE
