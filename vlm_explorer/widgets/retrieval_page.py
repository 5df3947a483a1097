"""The page that measures how captions and images find each other."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.evaluate_words import RETRIEVAL_COLUMNS, cells_of
from vlm_explorer.viewmodels.retrieval_model import RetrievalModel
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.widgets.controls import EmptyState, ProgressBar, Words, text_button
from vlm_explorer.widgets.figure_table import FigureTable, lay_out_table


class RetrievalPage(QWidget):
    """A table of both directions in both spaces, beside chance."""

    def __init__(self, model: RetrievalModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.run = text_button("Measure", "primary", self)
        self.run.setToolTip("Rank images for each caption, and captions for each image (Space)")
        self.stop = text_button("Stop", "quiet", self)
        self.stop.setToolTip("Stop measuring (Space)")
        self.bar = ProgressBar(self, width=120)
        self.sentence = Words(role="secondary", parent=self)
        self.table = FigureTable("Retrieval by captions", RETRIEVAL_COLUMNS, self, words=2)
        self.empty = EmptyState("", self)
        head = (self.run, self.stop, self.bar)
        lay_out_table(self, head, self.sentence, self.table, self.empty)
        self.run.clicked.connect(model.run)
        self.stop.clicked.connect(model.stop)
        model.changed.connect(self._refresh)
        model.progressed.connect(self._show_progress)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        running, known = model.stage is Stage.RUNNING, bool(model.rows)
        self.run.setVisible(not running)
        self.run.setEnabled(model.possible)
        self.run.setText("Measure again" if known else "Measure")
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        self.table.setVisible(known)
        self.empty.setVisible(not known)
        self.empty.setText("Measuring retrieval." if running else model.message)
        self.sentence.setText(model.message if known else "")
        if known:
            self.table.show_rows(*cells_of(model.rows))

    @Slot()
    def _show_progress(self) -> None:
        self.bar.set_progress(self._model.progress)
