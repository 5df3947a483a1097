"""A slider for a limit, with a histogram of the values above it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QRectF, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolTip, QVBoxLayout, QWidget

from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

BINS = 64
_STEPS = 1000
_INSET = 7  # px, half the slider's handle: bars stand above the limits that let them in
_WORDS = 14  # px, height of the numbers below the bars
_LEAST = 8  # px, of the bars; a strip with less room shows the slider alone


class _Bars(QWidget):
    """Draws the histogram; heights grow with the logarithm, so that single values are seen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.counts: Sequence[int] = ()
        self.share = 0.0
        self.ends = ("", "")
        self.words: Callable[[int], str] = lambda _bin: ""
        self.setMinimumHeight(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.update)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_INSET, 2, -_INSET, -_WORDS - 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars, those within the limit in the accent, and both ends in numbers."""
        roles, area = theme(), self._area()
        if area.height() < _LEAST:
            return
        painter = QPainter(self)
        painter.fillRect(QRectF(area.left(), area.bottom(), area.width(), 1), roles.colour("line"))
        most = math.log1p(max(self.counts, default=0)) or 1.0
        width = area.width() / max(1, len(self.counts))
        for place, count in enumerate(self.counts):
            if count:
                height = max(2.0, area.height() * math.log1p(count) / most)
                within = place + 1 > self.share * len(self.counts)
                bar = QRectF(
                    area.left() + place * width, area.bottom() - height, max(1, width - 1), height
                )
                painter.fillRect(bar, roles.colour("accent" if within else "faded"))
        painter.setFont(font(ANNOTATION))
        painter.setPen(roles.colour("secondary"))
        numbers = QRect(_INSET, self.height() - _WORDS, self.width() - 2 * _INSET, _WORDS)
        for words, side in zip(
            self.ends, (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight), strict=True
        ):
            painter.drawText(numbers, side | Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()

    def show_bin(self, event: QHelpEvent) -> None:
        """Say what the bar under the pointer stands for."""
        area = self._area()
        place = int((event.pos().x() - area.left()) / max(1.0, area.width()) * len(self.counts))
        if 0 <= place < len(self.counts):
            QToolTip.showText(event.globalPos(), self.words(place), self)

    def event(self, event: object) -> bool:
        """Answer the question for a tool tip."""
        if isinstance(event, QHelpEvent):
            self.show_bin(event)
            return True
        return bool(super().event(event))  # type: ignore[arg-type]


class ThresholdSlider(QWidget):
    """A limit between two ends.

    Signals:
        moved(value): the user moved the limit.
    """

    moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most = 0.0, 1.0
        self.bars = _Bars(self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, _STEPS)
        self.slider.setSingleStep(_STEPS // 200)
        self.slider.setPageStep(_STEPS // 20)
        self.slider.setFixedHeight(28)
        self.slider.setProperty("least", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bars, 1)
        layout.addWidget(self.slider)
        self.slider.valueChanged.connect(self._move)
        self.setFocusProxy(self.slider)

    def set_values(
        self,
        least: float,
        most: float,
        counts: Sequence[int],
        words: Callable[[float], str],
    ) -> None:
        """Show other values; `words` says one of them."""
        self._least, self._most = least, most
        step = (most - least) / max(1, len(counts))
        self.bars.counts = counts
        self.bars.ends = words(least), words(most)
        self.bars.words = lambda place: (
            f"{words(least + place * step)} to {words(least + (place + 1) * step)}: "
            f"{counts[place]:,}"
        )
        self.bars.update()

    def set_value(self, value: float, name: str) -> None:
        """Put the limit somewhere; `name` says where, for those who cannot see it."""
        share = (value - self._least) / max(self._most - self._least, 1e-9)
        self.bars.share = share
        self.bars.update()
        with QSignalBlocker(self.slider):
            self.slider.setValue(min(_STEPS, max(0, round(share * _STEPS))))
        self.slider.setAccessibleName("Limit")
        self.slider.setAccessibleDescription(name)
        self.slider.setToolTip(f"{name}\nArrow keys move the limit in small steps")

    @Slot(int)
    def _move(self, step: int) -> None:
        self.moved.emit(self._least + step / _STEPS * (self._most - self._least))
