"""A drag on the canvas: which kind it is, and how the pointer looks meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, Qt

_STARTS_AT = 4  # logical pixels, below which it is a click


class DragKind(StrEnum):
    """What a drag does."""

    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"
    DRAW = "draw"

    @property
    def cursor(self) -> Qt.CursorShape:
        """How the pointer looks while it goes on."""
        return _CURSORS[self]


_CURSORS = {
    DragKind.WINDOW: Qt.CursorShape.SizeAllCursor,
    DragKind.PAN: Qt.CursorShape.ClosedHandCursor,
    DragKind.ZOOM: Qt.CursorShape.SizeVerCursor,
    DragKind.DRAW: Qt.CursorShape.CrossCursor,
}


@dataclass(slots=True)
class Drag:
    """A button that is held.

    Attributes:
        kind: what it does.
        button: which it is.
        start, last: where it was pressed, and where the pointer was last, in logical pixels.
        moving: whether it is more than a click.
    """

    kind: DragKind
    button: Qt.MouseButton
    start: QPointF
    last: QPointF
    moving: bool = False

    def follow(self, where: QPointF) -> QPointF | None:
        """Return the way to `where` since the last step; None as long as it may be a click."""
        if not self.moving and (where - self.start).manhattanLength() < _STARTS_AT:
            return None
        self.moving = True
        step = where - self.last
        self.last = where
        return step
