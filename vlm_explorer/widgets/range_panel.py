"""Filters the images by a range of a column's numbers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.range_choice import RangeChoice
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import Words, text_button
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.range_histogram import RangeHistogram

_WIDTH = 300  # px


class RangePanel(Flyout):
    """A histogram with two handles, both ends to type, and what becomes of missing values."""

    def __init__(self, owner: QWidget, session: Session, column: Column) -> None:
        super().__init__(owner, _WIDTH)
        self.choice = RangeChoice(session, column, self)
        unit = f", {column.unit}" if column.unit else ""
        title = column.title[:1].upper() + column.title[1:]
        self.column.addWidget(Words(f"{title}{unit}", "heading"))
        if column.note:
            note = QLabel(column.note, self)
            note.setTextFormat(Qt.TextFormat.PlainText)
            note.setWordWrap(True)
            note.setProperty("role", "annotation")
            self.column.addWidget(note)
        self.histogram = RangeHistogram(self.choice, self)
        self.column.addWidget(self.histogram)
        self.low, self.high = self._end("Lowest value"), self._end("Highest value")
        ends = QHBoxLayout()
        ends.addWidget(self.low)
        ends.addWidget(QLabel("to", self))
        ends.addWidget(self.high)
        self.column.addLayout(ends)
        self.missing = QCheckBox(self)
        self.missing.setToolTip("Whether images without a value are shown")
        self.column.addWidget(self.missing)
        self.summary = Words("", "secondary")
        self.clear = text_button("Clear", "quiet", self)
        self.clear.setToolTip("Filter by this column no longer")
        last = QHBoxLayout()
        last.addWidget(self.summary, 1)
        last.addWidget(self.clear)
        self.column.addLayout(last)
        self.low.editingFinished.connect(lambda: self._type(upper=False))
        self.high.editingFinished.connect(lambda: self._type(upper=True))
        self.missing.clicked.connect(self.choice.set_keep_missing)
        self.clear.clicked.connect(self.choice.clear)
        self.choice.changed.connect(self._refresh)
        self._refresh()

    def first_focus(self) -> QWidget:
        """The histogram has the focus."""
        return self.histogram

    def _end(self, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setAccessibleName(name)
        field.setToolTip(name)
        return field

    def _type(self, *, upper: bool) -> None:
        field = self.high if upper else self.low
        written = self.choice.high_words if upper else self.choice.low_words
        if field.text() != written and not self.choice.type_end(field.text(), upper=upper):
            field.setText(written)

    @Slot()
    def _refresh(self) -> None:
        choice = self.choice
        self.low.setText(choice.low_words)
        self.high.setText(choice.high_words)
        self.summary.setText(choice.summary)
        self.missing.setVisible(bool(choice.missing))
        self.missing.setText(choice.missing_words)
        self.missing.setChecked(choice.keep_missing)
        self.clear.setEnabled(choice.active)
