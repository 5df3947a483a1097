"""A histogram with two handles: which part of a column's numbers is let through."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vlm_explorer.viewmodels.range_choice import BINS, RangeChoice
from vlm_explorer.widgets.theme import theme, themes

_HEIGHT = 72  # px
_HANDLE = 7.0  # px, radius
_STEP, _LEAP = 0.01, 0.1  # of the whole, by a key
_KEYS = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1,
}  # fmt: skip


class RangeHistogram(QWidget):
    """Drag a handle, or move the active one with the arrows; Space takes the other one."""

    def __init__(self, choice: RangeChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self._upper = False
        self._dragging = False
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Drag the handles, or use the arrow keys; Space takes the other handle")
        choice.changed.connect(self._refresh)
        themes.changed.connect(self.update)
        self._refresh()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, _HEIGHT)

    @property
    def upper(self) -> bool:
        """Whether the upper handle is the active one."""
        return self._upper

    @Slot()
    def _refresh(self) -> None:
        choice = self._choice
        end = "upper" if self._upper else "lower"
        self.setAccessibleName(
            f"Range of {choice.column.title}, {choice.low_words} to {choice.high_words}, "
            f"{end} end active"
        )
        self.update()

    def _bar(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_HANDLE + 1, 2, -_HANDLE - 1, -2 * _HANDLE - 4)

    def handle(self, *, upper: bool) -> QPointF:
        """Return where a handle is."""
        bar = self._bar()
        value = self._choice.high if upper else self._choice.low
        share = min(max(self._choice.share(value), 0.0), 1.0)
        return QPointF(bar.left() + share * bar.width(), bar.bottom() + _HANDLE + 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the nearest handle."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        low, high = self.handle(upper=False).x(), self.handle(upper=True).x()
        x = event.position().x()
        self._upper = abs(x - high) < abs(x - low) or (abs(x - high) == abs(x - low) and x > high)
        self._dragging = True
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the handle."""
        if self._dragging:
            bar = self._bar()
            self._choice.move(
                upper=self._upper, share=(event.position().x() - bar.left()) / bar.width()
            )

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let the range count."""
        if self._dragging:
            self._dragging = False
            self._choice.apply()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the active handle, or take the other one."""
        direction = _KEYS.get(Qt.Key(event.key()))
        if direction is not None:
            leap = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            value = self._choice.high if self._upper else self._choice.low
            share = self._choice.share(value) + direction * (_LEAP if leap else _STEP)
            self._choice.move(upper=self._upper, share=share)
            self._choice.apply()
        elif event.key() == Qt.Key.Key_Space:
            self._upper = not self._upper
            self._refresh()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw bars, those within the range in the accent, and the handles."""
        roles, bar, choice = theme(), self._bar(), self._choice
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        highest = max(choice.counts) or 1
        width = bar.width() / BINS
        ends = sorted((self.handle(upper=False).x(), self.handle(upper=True).x()))
        for place, count in enumerate(choice.counts):
            if not count:
                continue
            left = bar.left() + place * width
            inside = ends[0] - width / 2 <= left + width / 2 <= ends[1] + width / 2
            tall = max(2.0, bar.height() * count / highest)
            painter.setBrush(roles.colour("accent" if inside else "line"))
            painter.drawRect(QRectF(left, bar.bottom() - tall, max(width - 1, 1), tall))
        painter.setBrush(roles.colour("line"))
        rail = bar.bottom() + _HANDLE
        painter.drawRect(QRectF(bar.left(), rail, bar.width(), 2))
        painter.setBrush(roles.colour("accent"))
        painter.drawRect(QRectF(ends[0], rail, ends[1] - ends[0], 2))
        for upper in (False, True):
            active = self.hasFocus() and upper is self._upper
            painter.setPen(roles.colour("accent" if active else "secondary"))
            painter.setBrush(roles.colour("accent" if active else "text"))
            painter.drawEllipse(self.handle(upper=upper), _HANDLE - 1, _HANDLE - 1)
        painter.end()
