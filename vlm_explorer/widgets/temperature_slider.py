"""A slider for the temperature of a softmax, with the curve of the loss and the model's own."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QSlider, QVBoxLayout, QWidget

from vlm_explorer.widgets.theme import theme, themes

_STEPS = 1000
_INSET = 7  # px, half the slider's handle
_TICK = 5  # px, room for the model's own mark
_LEAST = 12  # px, of the curve; with less room there is the mark alone


class _Curve(QWidget):
    """Draws the loss over the logarithm of the temperature."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.losses = np.empty(0)
        self.own: float | None = None  # where the model's own temperature lies, 0 to 1
        self.setMinimumHeight(_TICK)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the curve, and a tick at the model's own."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(_INSET, 2, -_INSET, -1)
        if self.own is not None and 0 <= self.own <= 1:
            painter.setPen(QPen(theme().colour("star"), 2))
            x = area.left() + self.own * area.width()
            painter.drawLine(QPointF(x, area.top()), QPointF(x, self.height()))
        if len(self.losses) and area.height() >= _LEAST:
            low, high = float(self.losses.min()), float(self.losses.max())
            down = (self.losses - low) / max(high - low, 1e-9)
            points = [
                QPointF(
                    area.left() + place * area.width() / (len(down) - 1),
                    area.bottom() - value * area.height(),
                )
                for place, value in enumerate(down.tolist())
            ]
            painter.setPen(QPen(theme().colour("secondary"), 1.5))
            painter.drawPolyline(QPolygonF(points))
        painter.end()


class TemperatureSlider(QWidget):
    """A temperature between two ends, at equal steps of its logarithm.

    Signals:
        moved(temperature): the user moved it.
    """

    moved = Signal(float)

    def __init__(self, least: float, most: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most = least, most
        self._curve = _Curve(self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, _STEPS)
        self.slider.setSingleStep(_STEPS // 100)
        self.slider.setPageStep(_STEPS // 10)
        self.slider.setFixedHeight(16)
        self.slider.setAccessibleName("Temperature of the softmax")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._curve, 1)
        layout.addWidget(self.slider)
        self.slider.valueChanged.connect(self._move)
        self.setFocusProxy(self.slider)

    def show_losses(self, losses: np.ndarray, own: float | None) -> None:
        """Draw the loss from the one end to the other, and mark the model's own temperature."""
        self._curve.losses = losses
        self._curve.own = None if own is None else self._share(own)
        self._curve.update()

    def set_value(self, temperature: float, words: str) -> None:
        """Put it somewhere; `words` say where."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(min(_STEPS, max(0, round(_STEPS * self._share(temperature)))))
        self.slider.setAccessibleDescription(words)
        tip = "The curve is the loss, the tick the model's own temperature (arrow keys)"
        self.slider.setToolTip(f"{words}\n{tip}")

    def _share(self, temperature: float) -> float:
        if not temperature > 0:
            return 0.0
        return math.log(temperature / self._least) / math.log(self._most / self._least)

    @Slot(int)
    def _move(self, step: int) -> None:
        self.moved.emit(self._least * (self._most / self._least) ** (step / _STEPS))
