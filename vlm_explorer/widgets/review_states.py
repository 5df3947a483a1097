"""What the review shows while it works, and where it failed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.review import Review
from vlm_explorer.widgets.controls import EmptyState, text_button

_BAR = 240  # px


class ReviewWorking(QWidget):
    """How far the comparison has come, and a button that stops it."""

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.words = EmptyState("", self)
        self.words.setMargin(4)
        self.bar = QProgressBar(self)
        self.bar.setFixedWidth(_BAR)
        self.bar.setTextVisible(False)
        self.stop = text_button("Stop", "quiet", self)
        self.stop.clicked.connect(review.stop)
        _stack(self, self.words, self.bar, self.stop)
        review.changed.connect(self._show)
        review.progressed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        progress = self._review.progress
        total = progress.total or 0
        share = f", {progress.done / total:.0%}" if total else ""
        self.words.setText(f"{progress.message or 'Comparing images'}{share}")
        self.bar.setRange(0, 100 if total else 0)
        self.bar.setValue(round(100 * progress.done / total) if total else 0)
        self.bar.setAccessibleName(self.words.text())


class ReviewFailed(QWidget):
    """Why there is nothing to review, and a button that tries again."""

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.words = EmptyState("", self)
        self.words.setMargin(4)
        self.again = text_button("Look again", "quiet", self)
        self.again.clicked.connect(review.retry)
        _stack(self, self.words, self.again)
        review.changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        self.words.setText(" ".join(part for part in self._review.problem if part))


def _stack(widget: QWidget, words: QWidget, *controls: QWidget) -> None:
    """Put words and controls one below the other, in the middle."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(12, 4, 12, 4)
    layout.setSpacing(8)
    layout.addStretch(1)
    layout.addWidget(words)
    for control in controls:
        layout.addWidget(control, 0, Qt.AlignmentFlag.AlignHCenter)
    layout.addStretch(1)
