"""What stands in the place of rows and tiles until they are there."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from vlm_explorer.widgets.theme import theme

RADIUS = 4


class Skeleton(QWidget):
    """Draws as many blocks of one size as fit, in rows; with `words`, two bars beside each."""

    def __init__(
        self, block: QSize, gap: QSize, *, words: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._block, self._gap, self._words = block, gap, words
        self.setAccessibleName("Loading")

    def blocks(self) -> list[QRect]:
        """Return where the blocks lie."""
        step_x = self._block.width() + self._gap.width()
        step_y = self._block.height() + self._gap.height()
        columns = 1 if self._words else max(1, (self.width() - 4) // step_x)
        return [
            QRect(4 + column * step_x, 4 + row * step_y, self._block.width(), self._block.height())
            for row in range(max(1, self.height() // step_y + 1))
            for column in range(columns)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the blocks, fainter and fainter towards the end."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().colour("skeleton", 0.0))
        blocks = self.blocks()
        for place, block in enumerate(blocks):
            painter.setBrush(theme().colour("skeleton", 1 - 0.9 * place / len(blocks)))
            painter.drawRoundedRect(block, RADIUS, RADIUS)
            if self._words:
                left, middle = block.right() + 10, block.center().y()
                for top, share in ((middle - 13, 0.6), (middle + 5, 0.4)):
                    width = int((self.width() - left - 12) * share)
                    painter.drawRoundedRect(QRect(left, top, width, 8), RADIUS, RADIUS)
        painter.end()
