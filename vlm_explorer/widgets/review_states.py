"""What the review shows while it works, and where it failed."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.review import Review
from vlm_explorer.widgets.controls import EmptyState, ProgressBar, text_button

_BAR = 160  # px


class ReviewWorking(QWidget):
    """How far the comparison has come, and a button that stops it."""

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.words = EmptyState("", self)
        self.words.setMargin(4)
        self.bar = ProgressBar(self, width=_BAR)
        self.stop = text_button("Stop", "quiet", self)
        self.stop.clicked.connect(review.stop)
        self.words.setWordWrap(False)
        _line_up(self, self.words, self.bar, self.stop, wide=False)
        review.changed.connect(self._show)
        review.progressed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        progress = self._review.progress
        total = progress.total or 0
        share = f", {numbers.percent(progress.done / total)}" if total else ""
        self.words.setText(f"{progress.message or 'Comparing images'}{share}")
        self.bar.set_progress(progress)
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
        _line_up(self, self.words, self.again, wide=True)
        review.changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        self.words.setText(" ".join(part for part in self._review.problem if part))


def _line_up(widget: QWidget, words: EmptyState, *controls: QWidget, wide: bool) -> None:
    """Put words and controls side by side, in the middle: the strip may be low."""
    layout = QHBoxLayout(widget)
    layout.setContentsMargins(12, 4, 12, 4)
    layout.setSpacing(8)
    layout.addStretch(1)
    layout.addWidget(words, 20 if wide else 0)
    for control in controls:
        layout.addWidget(control)
    layout.addStretch(1)
