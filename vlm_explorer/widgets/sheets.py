"""Sheets that lie over the window: the help sheet, the command palette, quick look and others."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vlm_explorer.widgets.theme import theme, themes

MARGIN = 48  # px between the sheet and the edges of the window, at least


class Sheet(QWidget):
    """Dims its host and shows a panel in the middle; Escape or a click beside it puts it away.

    `panel` is where a subclass lays out what it shows. A `still` sheet lies on a picture of its
    host: whatever moves on the sheet does not have the map and the scan below painted anew.
    """

    def __init__(
        self, host: QWidget, width: int, height: int | None = None, *, still: bool = False
    ) -> None:
        super().__init__(host)
        self._still = still
        self._below: QPixmap | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, still)
        self._host = host
        self._width, self._height = width, height
        self._focus_before: QWidget | None = None
        self.panel = QWidget(self)
        self.panel.setProperty("sheet", True)
        self.panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.column = QVBoxLayout(self.panel)
        self.column.setContentsMargins(24, 20, 24, 20)
        self.column.setSpacing(12)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        host.installEventFilter(self)
        themes.changed.connect(self._forget_below)
        self.hide()

    def open(self) -> None:
        """Show the sheet and give it the focus."""
        self._focus_before = self._host.window().focusWidget()
        if self._still:
            self._below = self._host.grab()
        self.setGeometry(self._host.rect())
        self._place()
        self.show()
        self.raise_()
        self.first_focus().setFocus(Qt.FocusReason.PopupFocusReason)

    def first_focus(self) -> QWidget:
        """Return what has the focus when the sheet opens."""
        return self

    def dismiss(self) -> None:
        """Put the sheet away, and the focus back."""
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._focus_before = None

    @Slot()
    def _forget_below(self) -> None:
        """The host looks otherwise now; its own ground does until the sheet is opened again."""
        self._below = None
        self.update()

    def _place(self) -> None:
        width = min(self._width, self.width() - 2 * MARGIN)
        wanted = self._height or self.panel.sizeHint().height()
        if self.panel.hasHeightForWidth():
            wanted = self._height or self.panel.heightForWidth(width)
        height = min(wanted, self.height() - 2 * MARGIN)
        top = max(MARGIN, (self.height() - height) * 2 // 5)
        self.panel.setGeometry((self.width() - width) // 2, top, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the host."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._forget_below()
            self.setGeometry(self._host.rect())
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim what lies below."""
        painter = QPainter(self)
        if self._below is not None:
            painter.drawPixmap(0, 0, self._below)
        elif self._still:
            painter.fillRect(self.rect(), theme().colour("window"))
        painter.fillRect(self.rect(), theme().colour("overlay", 0.6))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the panel puts the sheet away."""
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.dismiss()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape puts the sheet away; other keys do not reach the window below."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        event.accept()
