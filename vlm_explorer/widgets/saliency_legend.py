"""The slim colour bar of a saliency map, with its raw numbers and unit."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.viewmodels.saliency_caption import colour_words, range_words
from vlm_explorer.viewmodels.saliency_display import DisplayedMap
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

_BAR = 8.0  # px
_GAP = 6.0
_LEAST = 48.0  # px of the bar, beside the longest unit


class SaliencyLegend(QWidget):
    """Low number, colours, high number, unit, in one line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: DisplayedMap | None = None
        self.setFont(font(ANNOTATION))
        self.setFixedHeight(28)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours of the map")
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Room for numbers and unit."""
        return QSize(220, 28)

    def show_map(self, shown: DisplayedMap | None) -> None:
        """Explain the colours of a map; None for no map."""
        self._shown = shown
        self.setToolTip(colour_words(shown) if shown is not None else "")
        self.setAccessibleDescription(self.toolTip())
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar between its numbers."""
        painter = QPainter(self)
        room = QRectF(self.rect())
        if self._shown is None:
            painter.fillRect(_bar(room, 0, 0), theme().colour("skeleton"))
        else:
            self._paint(painter, room, self._shown)
        painter.end()

    def _paint(self, painter: QPainter, room: QRectF, shown: DisplayedMap) -> None:
        metrics = QFontMetricsF(self.font())
        low, high, unit = range_words(shown)
        left = metrics.horizontalAdvance(low)
        spare = room.width() - left - metrics.horizontalAdvance(f"{high} ") - _LEAST - 2 * _GAP
        high = f"{high} {metrics.elidedText(unit, Qt.TextElideMode.ElideRight, spare)}"
        right = metrics.horizontalAdvance(high)
        bar = _bar(room, left + _GAP, right + _GAP)
        table = to_qimage(colour_map(shown.signed, shown.palette)[None])
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(0.3 if shown.flat else 1.0)
        painter.drawImage(bar, table)
        painter.setOpacity(1.0)
        painter.setPen(theme().colour("secondary"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, high)
        if shown.signed:
            painter.setPen(theme().colour("text"))
            painter.drawLine(
                round(bar.center().x()),
                round(bar.top() - 2),
                round(bar.center().x()),
                round(bar.bottom() + 1),
            )


def _bar(room: QRectF, left: float, right: float) -> QRectF:
    return QRectF(
        room.left() + left,
        room.center().y() - _BAR / 2,
        max(room.width() - left - right, 8.0),
        _BAR,
    )
