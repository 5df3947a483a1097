"""The page that compares prompts or encoders on the same cases."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.evaluate_model import EvaluateModel
from vlm_explorer.viewmodels.evaluate_words import DIFFERENCE_COLUMNS, cells_of
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.widgets.controls import EmptyState, ProgressBar, Words, choice_box, text_button
from vlm_explorer.widgets.figure_table import FigureTable, lay_out_table
from vlm_explorer.widgets.watching_page import WatchingPage

_BEFORE = (
    "Compare the labels' templates with others, or their encoder with another one whose vectors "
    "the collection holds: on the same cases, with paired intervals."
)


class DifferencePage(WatchingPage):
    """What the labels are compared with, and by how much they differ."""

    def __init__(self, model: EvaluateModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self.against = choice_box("What to compare with", (), self)
        self.against.setToolTip("Other templates, or another encoder (arrow keys)")
        self.run = text_button("Compare", "primary", self)
        self.run.setToolTip("Measure both on the same cases (Space)")
        self.stop = text_button("Stop", "quiet", self)
        self.bar = ProgressBar(self, width=120)
        self.sentence = Words(role="secondary", parent=self)
        self.table = FigureTable("Differences on the same cases", DIFFERENCE_COLUMNS, self)
        self.empty = EmptyState("", self)
        head = (self.against, self.run, self.stop, self.bar)
        lay_out_table(self, head, self.sentence, self.table, self.empty)
        self.run.clicked.connect(self._compare)
        self.stop.clicked.connect(model.stop)
        model.changed.connect(self._refresh)
        model.progressed.connect(self._show_progress)
        self._refresh()

    @Slot()
    def _compare(self) -> None:
        place = self.against.currentIndex()
        if place >= 0:
            self._model.compare(self._model.opponents[place][0])

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        if not self.isVisible():
            return
        running, known = model.stage is Stage.RUNNING, bool(model.differences)
        self._show_opponents()
        self.run.setVisible(not running)
        self.run.setEnabled(model.possible and self.against.count() > 0)
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        self.table.setVisible(known)
        self.empty.setVisible(not known)
        self.sentence.setText(model.message if known else "")
        failed = model.stage is Stage.FAILED or not model.possible
        words = "Measuring both." if running else model.message if failed else _BEFORE
        self.empty.setText(words)
        if known and model.evaluation is not None:
            first, second = (answer.variant for answer in model.evaluation.answers[:2])
            self.table.set_titles(("Figure", first, second, f"{second} less {first}", "Clear"))
            self.table.show_rows(*cells_of(model.differences))

    def _show_opponents(self) -> None:
        opponents = self._model.opponents
        words = [each for _, each in opponents]
        if [self.against.itemText(n) for n in range(self.against.count())] != words:
            self.against.clear()
            self.against.addItems(words)
        chosen = next((n for n, pair in enumerate(opponents) if pair[0] == self._model.against), -1)
        if chosen >= 0 and self._model.stage is Stage.RUNNING:
            self.against.setCurrentIndex(chosen)
        self.against.setEnabled(bool(opponents) and self._model.stage is not Stage.RUNNING)

    @Slot()
    def _show_progress(self) -> None:
        self.bar.set_progress(self._model.progress)
