"""The edge between the bare scan and the overlay, dragged with the left button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.saliency_model import SaliencyModel

_NEAR = 8  # px from the edge that still take hold of it


class SwipeEdge(QObject):
    """Takes the gestures near the edge before the pane does."""

    def __init__(self, pane: QWidget, model: SaliencyModel) -> None:
        super().__init__(pane)
        self._pane, self._model = pane, model
        self._held = False
        pane.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Move the edge, or leave the event to the pane."""
        if not isinstance(event, QMouseEvent):
            return False
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._held = self._is_near(event)
            return self._held
        if kind == QEvent.Type.MouseMove and self._held:
            self._model.move_edge(event.position().x() / self._pane.width())
            return True
        if kind == QEvent.Type.MouseMove and not event.buttons() and self._is_near(event):
            self._pane.setCursor(Qt.CursorShape.SplitHCursor)
            return True
        if kind == QEvent.Type.MouseButtonRelease and self._held:
            self._held = False
            return True
        return False

    def _is_near(self, event: QMouseEvent) -> bool:
        edge, model = self._model.choice.edge, self._model
        if edge is None or model.shown is None or model.choice.hidden:
            return False
        return abs(event.position().x() - edge * self._pane.width()) <= _NEAR
