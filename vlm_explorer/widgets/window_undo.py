"""Undo in fields whose text is applied as it is typed: there it is the window's."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit

_KEYS = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class WindowUndo(QObject):
    """Leaves the keys of undo and redo to the window, of whose states the field's text is a part.

    Two histories of one text would take turns in undoing each other. Fields whose text counts only
    when it is entered keep their own.
    """

    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field)
        field.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Do not let the field claim these keys."""
        claims = isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride
        if claims and any(cast(QKeyEvent, event).matches(key) for key in _KEYS):
            event.ignore()
            return True
        return super().eventFilter(watched, event)
