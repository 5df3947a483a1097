"""A page of the strip that is not seen computes nothing."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget


class Watched(Protocol):
    """A view-model that begins nothing while nobody looks."""

    def watch(self, watched: bool) -> None:
        """Somebody looks now, or nobody any more; what has begun may go on."""


class WatchingPage(QWidget):
    """Tells its view-model whether somebody looks."""

    def __init__(self, watched: Watched, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watched = watched

    def showEvent(self, event: QShowEvent) -> None:
        """Begin, now that somebody looks."""
        super().showEvent(event)
        self._watched.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Begin nothing more."""
        self._watched.watch(False)
        super().hideEvent(event)
