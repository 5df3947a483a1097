"""The slim bar beside a scan that shows, and sets, the place in its series."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QScrollBar, QWidget


class SeriesBar(QScrollBar):
    """A handle in the series; hidden, but keeping its room, for a single image.

    Signals:
        index_chosen(index): the user moved the handle.
    """

    index_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the image has the same keys
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
        self.setVisible(count > 1)
        self.setToolTip(f"Image {index + 1} of {count} (wheel, arrow keys, Home, End)")
