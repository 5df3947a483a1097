"""The slim bar beside a scan that shows, and sets, the place in its series."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from vlm_explorer.widgets.theme import theme


class SeriesBar(QScrollBar):
    """A handle in the series; an empty ground where there is nothing to scroll through.

    Signals:
        index_chosen(index): the user moved the handle.
    """

    index_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the scan has the same keys
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAccessibleName("Place in the series")
        self.valueChanged.connect(self.index_chosen)
        self.show_place(None)

    def show_place(self, place: tuple[int, int] | None) -> None:
        """Show index and number of images, without telling anyone."""
        index, count = place if place is not None else (0, 1)
        with QSignalBlocker(self):
            self.setRange(0, count - 1)
            self.setPageStep(max(1, count // 12))
            self.setValue(index)
        self.setEnabled(count > 1)
        words = f"Image {index + 1} of {count} (wheel, arrow keys, Home, End)"
        self.setToolTip(words if count > 1 else "")
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go on by one image a notch, as over the scan; Qt would go three."""
        if delta := event.angleDelta().y():
            self.setValue(self.value() - (1 if delta > 0 else -1))
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the handle on the ground of the scan."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("image_ground"))
        painter.end()
        if self.maximum() > 0:
            super().paintEvent(event)
