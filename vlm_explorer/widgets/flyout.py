"""A small panel over the window that goes when one clicks elsewhere or presses Escape."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vlm_explorer.widgets.theme import theme

_GAP = 4  # px between what it belongs to and the panel
_PAD = 12  # px


class Flyout(QWidget):
    """Laid out by a subclass in `column`; it opens beneath the widget that it belongs to."""

    def __init__(self, owner: QWidget, width: int) -> None:
        super().__init__(owner, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(width)
        self._owner = owner
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(_PAD, _PAD, _PAD, _PAD)
        self.column.setSpacing(8)

    def first_focus(self) -> QWidget:
        """Return what has the focus first."""
        return self

    def open(self, *, above: bool = False) -> None:
        """Show the panel at its owner, within the window."""
        self.adjustSize()
        window = self._owner.window()
        area = window.rect().translated(window.mapToGlobal(QPoint(0, 0)))
        corner = self._owner.mapToGlobal(QPoint(0, self._owner.height() + _GAP))
        if above or corner.y() + self.height() > area.bottom():
            corner.setY(self._owner.mapToGlobal(QPoint(0, 0)).y() - _GAP - self.height())
        corner.setX(max(area.left(), min(corner.x(), area.right() - self.width() - _GAP)))
        corner.setY(max(area.top(), corner.y()))
        self.move(corner)
        self.show()
        self.first_focus().setFocus(Qt.FocusReason.PopupFocusReason)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("raised"))
        painter.setPen(theme().colour("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
