"""What the pointer does on the map: drag, lasso, box, brush, click; a slop lets a click be one."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, Qt

from vlm_explorer.viewmodels.map_model import Mode

SLOP = 4.0  # px that the pointer may move in a click
_CORNER = 2.0  # px between corners of a lasso


class Tool(Enum):
    """What dragging does."""

    MOVE = auto()  # the map
    LASSO = auto()
    BOX = auto()
    BRUSH = auto()


class Gesture(Enum):
    """What is going on while a button is held."""

    NONE = auto()
    PRESSED = auto()  # not yet known: a click, or the start of more
    PANNING = auto()
    SELECTING = auto()


class Pointer:
    """Follows one press of a button from beginning to end.

    Attributes:
        gesture: what is going on.
        tool: with what it is being selected.
        outline: the lasso's corners, or the brush's way, so far; logical pixels.
    """

    def __init__(self) -> None:
        self.gesture = Gesture.NONE
        self.tool = Tool.MOVE
        self.outline: list[QPointF] = []
        self._start = QPointF()
        self._last = QPointF()

    @property
    def box(self) -> QRectF:
        """The box between where the button went down and where the pointer is."""
        return QRectF(self._start, self._last).normalized()

    def press(self, at: QPointF, tool: Tool) -> None:
        """A button goes down; dragging does what `tool` does. A brush paints at once."""
        self.gesture = Gesture.SELECTING if tool is Tool.BRUSH else Gesture.PRESSED
        self.tool = tool
        self._start = self._last = at
        self.outline = [at]

    def move(self, at: QPointF) -> QPointF:
        """The pointer moves; return by how much to pan."""
        away = at - self._start
        if self.gesture is Gesture.PRESSED and max(abs(away.x()), abs(away.y())) > SLOP:
            selects = self.tool is not Tool.MOVE
            self.gesture = Gesture.SELECTING if selects else Gesture.PANNING
        step = at - self._last
        if self.gesture is Gesture.SELECTING and max(abs(step.x()), abs(step.y())) >= _CORNER:
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


def mode_of(modifiers: Qt.KeyboardModifier, chosen: Mode) -> Mode:
    """Return what a lasso, box or brush does to the selection.

    Shift adds, Alt and Ctrl subtract, Shift with either of them intersects, as drawing programs
    have it; without any of them what is `chosen` counts.
    """
    less = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier
    shift, subtracting = bool(modifiers & Qt.KeyboardModifier.ShiftModifier), modifiers & less
    if subtracting:
        return Mode.INTERSECT if shift else Mode.SUBTRACT
    return Mode.ADD if shift else chosen


def click_mode_of(modifiers: Qt.KeyboardModifier, chosen: Mode) -> Mode:
    """Return what a click does to the selection: as a lasso, but that Ctrl toggles."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Mode.ADD
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        return Mode.TOGGLE
    if modifiers & Qt.KeyboardModifier.AltModifier:
        return Mode.SUBTRACT
    return chosen
