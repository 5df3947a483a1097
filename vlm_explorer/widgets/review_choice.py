"""What is reviewed: which check, and from which limit on."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vlm_explorer.viewmodels import review_checks
from vlm_explorer.viewmodels.review import Review
from vlm_explorer.viewmodels.review_checks import CAPTIONS, CHECKS, WORDS
from vlm_explorer.widgets.threshold_slider import BINS, ThresholdSlider

WIDTH = 284  # px


class ReviewChoice(QWidget):
    """Chooses the check and its limit; shows how the values are spread."""

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.setFixedWidth(WIDTH)
        self.checks = {check: self._chip(WORDS[check].title) for check in CHECKS}
        self.slider = ThresholdSlider(self)
        self.across = self._chip("")
        self.across.setToolTip(
            "Slices of one series are alike by nature: they are not compared with each other.\n"
            "Switch this off to compare them, too"
        )
        policy = self.across.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.across.setSizePolicy(policy)
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(4)
        for check, button in self.checks.items():
            group.addButton(button)
            button.setToolTip(WORDS[check].note)
            button.clicked.connect(partial(review.choose, check))
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 4)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.slider, 1)
        below = QHBoxLayout()
        below.addWidget(self.across)
        below.addStretch(1)
        layout.addLayout(below)
        self.slider.moved.connect(review.set_threshold)
        self.across.clicked.connect(review.set_across_series)
        review.changed.connect(self._show)
        review.threshold_changed.connect(self._show_threshold)
        self._show()

    def _chip(self, title: str) -> QPushButton:
        button = QPushButton(title, self)
        button.setCheckable(True)
        button.setProperty("chip", True)
        return button

    @Slot()
    def _show(self) -> None:
        review, found = self._review, self._review.findings
        self.checks[review.check].setChecked(True)
        self.across.setChecked(review.across_series)
        self.across.setText(WORDS[review.check].across)
        self.across.setVisible(review.check != CAPTIONS)
        there = found is not None and len(found.values) > 0
        self.slider.setEnabled(there)
        if found is None or not there:
            self.slider.set_values(0, 1, (), lambda _value: "")
            self.slider.set_value(0, "Nothing to choose among yet")
            return
        words = partial(review_checks.number, found.check)
        self.slider.set_values(found.least, found.most, found.histogram(BINS).tolist(), words)
        self._show_threshold()

    @Slot()
    def _show_threshold(self) -> None:
        review, found = self._review, self._review.findings
        if found is not None:
            count = found.above(review.threshold)
            words = review_checks.sentence(found.check, count, review.threshold)
            self.slider.set_value(review.threshold, words)
