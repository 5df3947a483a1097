"""The overlay's keys on the scan: the edge of the swipe, and the patch that is looked from."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent

from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.widgets.image_canvas import ImageCanvas

EDGE_STEP, _SMALL = 0.05, 0.01  # shares of the pane's width
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_KEYPAD = Qt.KeyboardModifier.KeypadModifier  # arrows of some keyboards carry it
_PATCH = Qt.KeyboardModifier.ControlModifier


class OverlayKeys(QObject):
    """Claims arrows before the series does, as long as the overlay has a use for them."""

    def __init__(self, canvas: ImageCanvas, model: SaliencyModel) -> None:
        super().__init__(canvas)
        self._canvas, self._model = canvas, model

    def hears(self, event: QKeyEvent) -> bool:
        """Whether a key belongs to the overlay, and not to the series."""
        model, modifiers = self._model, event.modifiers() & ~_KEYPAD
        if event.key() not in _ARROWS or model.shown is None or model.choice.hidden:
            return False
        if modifiers == _PATCH:
            return True
        sideways = _ARROWS[Qt.Key(event.key())][0] != 0
        plain = modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        return model.choice.edge is not None and sideways and plain

    def press(self, event: QKeyEvent) -> None:
        """Do what a key that `hears` has claimed asks for."""
        across, down = _ARROWS[Qt.Key(event.key())]
        if event.modifiers() & _PATCH:
            self._model.step_patch(*self._on_image(across, down))
        else:
            small = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._model.step_edge(across * (_SMALL if small else EDGE_STEP))

    def _on_image(self, across: int, down: int) -> tuple[int, int]:
        """Return rows and columns of the image for a step on the screen, which may be turned."""
        back = self._canvas.transform().inverted()[0]
        step = back.map(QPointF(across, down)) - back.map(QPointF(0, 0))
        if abs(step.x()) > abs(step.y()):
            return 0, 1 if step.x() > 0 else -1
        return 1 if step.y() > 0 else -1, 0
