"""Scales of the legend: colours with a histogram of the values, and sizes with their numbers."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from vlm_explorer.rendering.points import SIZES
from vlm_explorer.viewmodels.map_colouring import Ramp
from vlm_explorer.viewmodels.map_sizes import Sizing
from vlm_explorer.viewmodels.map_words import missing_words, scale_words
from vlm_explorer.widgets.map_brush import missing_of, ramp_of
from vlm_explorer.widgets.map_chips import Pill
from vlm_explorer.widgets.theme import ANNOTATION, Theme, font, theme

RAMP = QSize(232, 84)
SIZE = QSize(196, 84)
_BAR, _TALL = 7, 22  # px: height of the gradient, and of the histogram above it
_LARGEST = 5.0  # px, radius of the largest point in the legend


class Scale(Pill):
    """A title, something drawn, and numbers beneath it; a click changes it."""

    def __init__(self, size: QSize, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(size)
        self._title = ""
        self._numbers: tuple[str, ...] = ()
        self._missing = ""

    def _describe(self, title: str, numbers: tuple[str, ...], notes: tuple[str, ...]) -> None:
        self._title, self._numbers = title, numbers
        ends = " to ".join(words for words in (numbers[0], numbers[-1]) if words)
        self.setAccessibleName(". ".join((f"{title}, {ends}", *notes)))
        self.setToolTip("\n".join((title, *notes, "Click to change it")))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw all of it."""
        if not self._numbers:
            return
        roles = theme()
        painter = QPainter(self)
        self.paint_ground(painter)
        painter.setFont(font(ANNOTATION))
        inner = self.rect().adjusted(10, 5, -10, -5)
        metrics = painter.fontMetrics()
        missing = metrics.horizontalAdvance(self._missing) + 18 if self._missing else 0
        if missing:
            self._paint_missing(painter, QRectF(inner), roles)
        painter.setPen(roles.colour("text"))
        room = inner.width() - missing
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, title)
        drawn = inner.adjusted(0, metrics.height() + 4, 0, -metrics.height() - 3)
        self.paint_scale(painter, QRectF(drawn), roles)
        painter.setPen(roles.colour("secondary"))
        sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter,
                 Qt.AlignmentFlag.AlignRight)  # fmt: skip
        for words, side in zip(self._numbers, sides, strict=True):
            painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | side, words)
        painter.end()

    def _paint_missing(self, painter: QPainter, inner: QRectF, roles: Theme) -> None:
        """Draw how many have no value at the upper right, behind a dot that looks like them."""
        painter.setPen(roles.colour("secondary"))
        flags = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
        painter.drawText(inner, flags, self._missing)
        metrics = painter.fontMetrics()
        x = inner.right() - metrics.horizontalAdvance(self._missing) - 8
        painter.setPen(Qt.PenStyle.NoPen)
        colour, radius = self._missing_dot(roles)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(x, inner.top() + metrics.height() / 2), radius, radius)

    def _missing_dot(self, roles: Theme) -> tuple[QColor, float]:
        return QColor(*map(int, missing_of(roles))), 3.5

    def paint_scale(self, painter: QPainter, area: QRectF, roles: Theme) -> None:
        """Draw what the numbers belong to."""


class RampBar(Scale):
    """A scale of colours under the histogram of the values that have them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(RAMP, parent)
        self._ramp: Ramp | None = None

    def set_ramp(self, ramp: Ramp) -> None:
        """Show another scale."""
        self._ramp = ramp
        self._missing = f"{ramp.missing:,} no value" if ramp.missing else ""
        notes = tuple(note for note in (ramp.note, missing_words(ramp.missing)) if note)
        self._describe(ramp.title, scale_words(ramp), notes)

    def paint_scale(self, painter: QPainter, area: QRectF, roles: Theme) -> None:
        """Draw bars in the colours of their values, and the colours beneath them."""
        if self._ramp is None:
            return
        colours = [QColor(*map(int, colour)) for colour in ramp_of(roles, self._ramp)[1:]]
        counts = self._ramp.counts
        bar = QRectF(area.x(), area.bottom() - _BAR, area.width(), _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        highest, width = max(counts, default=0) or 1, area.width() / max(len(counts), 1)
        for place, count in enumerate(counts):
            if count:
                tall = max(1.0, min(_TALL, area.height() - _BAR - 2) * count / highest)
                painter.setBrush(colours[min(place * 5 + 2, len(colours) - 1)])
                left = area.x() + place * width
                painter.drawRect(QRectF(left, bar.top() - 2 - tall, max(width - 0.5, 1), tall))
        painter.setBrush(gradient(bar, colours))
        painter.drawRoundedRect(bar, 3, 3)


class SizeBar(Scale):
    """Points of all sizes, and the values that the smallest and the largest stand for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(SIZE, parent)

    def set_sizing(self, sizing: Sizing) -> None:
        """Show other sizes."""
        notes = tuple(
            note
            for note in (
                missing_words(sizing.missing, "smallest"),
                "Sizes are seen where fewer than 20,000 points are in view",
            )
            if note
        )
        self._missing = f"{sizing.missing:,} none" if sizing.missing else ""
        self._describe(f"Size: {sizing.title}", scale_words(sizing), notes)

    def _missing_dot(self, roles: Theme) -> tuple[QColor, float]:
        return roles.colour("text"), _LARGEST * min(SIZES) / max(SIZES) * 1.2

    def paint_scale(self, painter: QPainter, area: QRectF, roles: Theme) -> None:
        """Draw the sizes from small to large."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("text"))
        sizes = SIZES[1:]
        for place, size in enumerate(sizes):
            x = area.x() + _LARGEST + (area.width() - 2 * _LARGEST) * place / (len(sizes) - 1)
            radius = _LARGEST * size / max(sizes) * 1.2
            painter.drawEllipse(QPointF(x, area.center().y()), radius, radius)


def gradient(bar: QRectF, colours: list[QColor]) -> QLinearGradient:
    """Return a fill with these colours from the left to the right of `bar`."""
    fill = QLinearGradient(bar.topLeft(), bar.topRight())
    last = len(colours) - 1
    for step in range(18):
        fill.setColorAt(step / 17, colours[round(step / 17 * last)])
    return fill
