"""The page that measures labels, and says how well they fit."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.evaluate_model import EvaluateModel
from vlm_explorer.viewmodels.evaluate_words import COLUMNS, FigureRow, cells_of
from vlm_explorer.viewmodels.image_scope import SELECTED, SHOWN
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.widgets.controls import (
    EmptyState,
    ProgressBar,
    Words,
    choice_box,
    text_button,
)
from vlm_explorer.widgets.figure_table import FigureTable, lay_out_table
from vlm_explorer.widgets.label_truth import StandingPanel, TruthBox
from vlm_explorer.widgets.watching_page import WatchingPage


class EvaluatePage(WatchingPage):
    """What is to be measured, and the figures of every label."""

    def __init__(self, model: EvaluateModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self._shown_rows: tuple[FigureRow, ...] | None = None
        self.column = TruthBox(model.choice, self)
        self.standing = text_button("", parent=self)
        scopes = ((SHOWN, "All images shown"), (SELECTED, "Selected images"))
        self.scope = choice_box("Images to ask about", scopes, self)
        self.run = text_button("Measure", "primary", self)
        self.stop = text_button("Stop", "quiet", self)
        self.wrong = text_button("Select wrong", parent=self)
        self.calibrate = text_button("Calibrate labels", parent=self)
        self.bar = ProgressBar(self, width=96)
        self.sentence = Words(role="secondary", parent=self)
        self.note = Words(role="annotation", parent=self)
        self.empty = EmptyState("", self)
        self.table = FigureTable("Figures of each label", COLUMNS, self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        tips = {
            self.standing: "What stands for each label in the truth: see it, correct it (Space)",
            self.scope: "Which images are asked about (arrow keys)",
            self.run: "Measure the labels of the tab Labels (Space)",
            self.stop: "Stop measuring (Space)",
            self.wrong: "Select what is called wrongly, on map and grid (Space)",
            self.calibrate: "Show the probabilities fitted on half of the patients in the tab "
            "Labels (Space)",
        }
        for control, tip in tips.items():
            control.setToolTip(tip)
        self.wrong.setProperty("chip", True)
        self.calibrate.setProperty("chip", True)
        self.standing.setProperty("chip", True)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.sentence)
        words.addWidget(self.note)
        choices = self.column, self.standing, self.scope, self.run, self.stop
        head = (*choices, self.bar, self.wrong, self.calibrate)
        lay_out_table(self, head, words, self.table, self.empty)

    def _connect(self) -> None:
        model = self._model
        self.run.clicked.connect(model.run)
        self.stop.clicked.connect(model.stop)
        self.wrong.clicked.connect(model.select_wrong)
        self.calibrate.clicked.connect(model.calibrate)
        self.standing.clicked.connect(self.show_standing)
        self.scope.activated.connect(self._choose_scope)
        self.table.currentCellChanged.connect(self._choose_row)
        model.changed.connect(self._refresh)
        model.progressed.connect(self._show_progress)

    @Slot()
    def show_standing(self) -> None:
        """Show what stands for each label, to be corrected."""
        StandingPanel(self.standing, self._model).open(above=True)

    @Slot(int)
    def _choose_scope(self, index: int) -> None:
        self._model.set_scope(self.scope.itemData(index))

    @Slot(int, int, int, int)
    def _choose_row(self, row: int, _column: int, _former: int, _before: int) -> None:
        self._model.choose(row - 1)  # the first line is the mean over labels

    # From the model

    def _show_wrong(self) -> None:
        reading = self._model.reading
        self.wrong.setVisible(reading is not None and self._model.stage is not Stage.RUNNING)
        if reading is not None:
            whose = f" of {reading.label}" if reading.label else ""
            self.wrong.setText(f"Select {len(reading.wrong):,} wrong{whose}")
            self.wrong.setEnabled(bool(reading.wrong))

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        running, known = model.stage is Stage.RUNNING, bool(model.rows)
        self.standing.setText(model.standing_words)
        self.standing.setVisible(bool(model.standing_words and model.choice.column))
        self.standing.setEnabled(not running)
        self.scope.setCurrentIndex(self.scope.findData(model.scope))
        self.run.setEnabled(model.possible)
        self.run.setVisible(not running)
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        self._show_wrong()
        self.calibrate.setVisible(known and not running and model.fitted is not None)
        self.calibrate.setEnabled(not model.calibrated)
        self.calibrate.setText("Labels calibrated" if model.calibrated else "Calibrate labels")
        self.table.setVisible(known)
        self.empty.setVisible(not known)
        self.empty.setText("Measuring labels." if running else model.message)
        self.sentence.setText(model.message if known else "")
        self.note.setText(" ".join(model.notes))
        self.note.setVisible(bool(model.notes))
        if model.rows is not self._shown_rows:
            self._shown_rows = model.rows
            self.table.show_rows(*cells_of(model.rows))
        with QSignalBlocker(self.table):
            if known and self.table.currentRow() != model.chosen + 1:
                self.table.setCurrentCell(model.chosen + 1, 0)

    @Slot()
    def _show_progress(self) -> None:
        progress = self._model.progress
        self.bar.set_progress(progress)
        share = numbers.percent(progress.done / progress.total) if progress.total else ""
        self.bar.setAccessibleName(f"Measuring labels {share}".strip())
