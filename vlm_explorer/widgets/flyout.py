"""A small panel over the window that goes when one clicks elsewhere or presses Escape."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt
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
        self._above = False
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(_PAD, _PAD, _PAD, _PAD)
        self.column.setSpacing(8)

    def first_focus(self) -> QWidget:
        """Return what has the focus first."""
        return self

    def open(self, *, above: bool = False) -> None:
        """Show the panel at its owner, within the window."""
        self.resize(self.width(), self._height())
        window = self._owner.window()
        area = window.rect().translated(window.mapToGlobal(QPoint(0, 0)))
        corner = self._owner.mapToGlobal(QPoint(0, self._owner.height() + _GAP))
        self._above = above or corner.y() + self.height() > area.bottom()
        if self._above:
            corner.setY(self._owner.mapToGlobal(QPoint(0, 0)).y() - _GAP - self.height())
        corner.setX(max(area.left(), min(corner.x(), area.right() - self.width() - _GAP)))
        corner.setY(max(area.top(), corner.y()))
        self.move(corner)
        self.show()
        self.first_focus().setFocus(Qt.FocusReason.PopupFocusReason)

    def event(self, event: QEvent) -> bool:
        """Be as high as what there is to show, also when that becomes something else."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            bottom, height = self.geometry().bottom(), self._height()
            top = bottom - height + 1 if self._above else self.y()
            self.setGeometry(self.x(), top, self.width(), height)
        return handled

    def _height(self) -> int:
        """Return how high the panel must be at its width."""
        self.column.activate()
        if self.column.hasHeightForWidth():
            return self.column.totalHeightForWidth(self.width())
        return self.column.totalSizeHint().height()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("raised"))
        painter.setPen(theme().colour("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
