"""A confusion matrix whose cells can be chosen, with the pointer or the arrow keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

_LEAST = QSize(148, 92)  # px
_GAP = 4.0
_NAMES = 0.42  # the most of the width that names take
_KEYS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class ConfusionGrid(QWidget):
    """True classes down, called classes across; a cell's tone is its share of the row.

    Signals:
        chosen(truth, called): a cell was clicked, or chosen with Enter or Space.
    """

    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts = np.zeros((0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self._why = ""
        self._at = (0, 0)
        self.setFont(font(ANNOTATION))
        self.setAccessibleName("Confusion matrix")
        self.setMinimumSize(_LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(176, 120)

    def show_counts(self, counts: np.ndarray | None, names: tuple[str, ...], why: str) -> None:
        """Show int64 (C, C), true by called, or say why there is nothing."""
        self._counts = np.zeros((0, 0), np.int64) if counts is None else counts
        self._names, self._why = names, why
        last = max(len(self._counts) - 1, 0)
        self._at = min(self._at[0], last), min(self._at[1], last)
        self.setAccessibleDescription(self.words_at(*self._at) if len(self._counts) else why)
        self.update()

    def words_at(self, truth: int, called: int) -> str:
        """Return what a cell says, and what a click does."""
        count, row = int(self._counts[truth, called]), int(self._counts[truth].sum())
        words = f"{self._names[truth]} called {self._names[called]}: {count:,} of {row:,}"
        return f"{words}. Select them on the map: click or Enter" if count else words

    # Where cells lie

    def _area(self) -> QRectF:
        metrics = QFontMetricsF(self.font())
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        left = min(widest + 2 * _GAP, self.width() * _NAMES)
        return QRectF(
            left,
            2 * metrics.height() + _GAP,
            max(self.width() - left - 2, 1.0),
            max(self.height() - 2 * metrics.height() - _GAP - 2, 1.0),
        )

    def cell_rect(self, truth: int, called: int) -> QRectF:
        """Return where a cell lies."""
        area, size = self._area(), max(len(self._counts), 1)
        wide, high = area.width() / size, area.height() / size
        return QRectF(area.left() + called * wide, area.top() + truth * high, wide, high)

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        area, size = self._area(), len(self._counts)
        if not size or not area.contains(x, y):
            return None
        truth = int((y - area.top()) / area.height() * size)
        called = int((x - area.left()) / area.width() * size)
        return min(truth, size - 1), min(called, size - 1)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw names, cells and the one that keys are at."""
        painter = QPainter(self)
        painter.setPen(theme().colour("secondary"))
        if not len(self._counts):
            wrapped = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(4, 4, -4, -4), wrapped, self._why)
        else:
            self._paint_names(painter)
            self._paint_cells(painter)
        painter.end()

    def _paint_names(self, painter: QPainter) -> None:
        metrics, area = QFontMetricsF(self.font()), self._area()
        line = metrics.height()
        elided = Qt.TextElideMode.ElideRight
        painter.drawText(QRectF(0, 0, self.width(), line), 0, "True, down; called, across")
        for number, name in enumerate(self._names):
            row = self.cell_rect(number, 0)
            left = QRectF(0, row.top(), area.left() - _GAP, row.height())
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(left, side, metrics.elidedText(name, elided, left.width()))
            column = self.cell_rect(0, number)
            above = QRectF(column.left() + 1, line, column.width() - 2, line)
            short = metrics.elidedText(name, elided, above.width())
            painter.drawText(above, Qt.AlignmentFlag.AlignHCenter, short)

    def _paint_cells(self, painter: QPainter) -> None:
        roles, metrics = theme(), QFontMetricsF(self.font())
        for truth, row in enumerate(self._counts.tolist()):
            for called, count in enumerate(row):
                rect = self.cell_rect(truth, called).adjusted(1, 1, -1, -1)
                share = count / max(sum(row), 1)
                role = "accent" if truth == called else "warning"
                painter.fillRect(rect, roles.colour("raised"))
                painter.fillRect(rect, roles.colour(role, 0.45 * share))
                painter.setPen(roles.colour("text" if count else "secondary"))
                if rect.height() >= metrics.height() - 4:
                    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, f"{count:,}")
        if self.hasFocus():
            painter.setPen(QPen(roles.colour("accent"), 2))
            painter.drawRect(self.cell_rect(*self._at).adjusted(1, 1, -1, -1))

    # Pointer and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the pointer."""
        cell = self._cell_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self._go_to(*cell)
            self.chosen.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from cell to cell; Enter or Space chooses."""
        key = Qt.Key(event.key())
        if not len(self._counts):
            super().keyPressEvent(event)
        elif key in _KEYS:
            last = len(self._counts) - 1
            step = _KEYS[key]
            moved = (min(max(at + by, 0), last) for at, by in zip(self._at, step, strict=True))
            self._go_to(*moved)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(*self._at)
        else:
            super().keyPressEvent(event)

    def _go_to(self, truth: int, called: int) -> None:
        self._at = truth, called
        self.setAccessibleDescription(self.words_at(truth, called))
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where keys are."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show it no longer."""
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        """Say what the cell under the pointer is."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self._cell_at(event.pos().x(), event.pos().y())
            if cell is not None:
                QToolTip.showText(event.globalPos(), self.words_at(*cell), self)
                return True
        return super().event(event)
