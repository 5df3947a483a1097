"""The page of one label: its curves, its calibration, and which images it gets wrong."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.evaluate_model import EvaluateModel
from vlm_explorer.widgets.confusion_grid import ConfusionGrid
from vlm_explorer.widgets.controls import EmptyState, choice_box
from vlm_explorer.widgets.square_plot import SquarePlotView

_SIDE = 208  # px, width of the choice of a label
_PLOT = 240  # px, the most of a plot's width
_BEFORE = "Measure the labels on the page Figures first."
_FEW = "Too few cases of both kinds"


class CurvesPage(QWidget):
    """ROC, precision, reliability and confusion of the label that is chosen."""

    def __init__(self, model: EvaluateModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.label = choice_box("Label", (), self)
        self.label.setToolTip("Whose curves these are (arrow keys)")
        self.words = QLabel(self)
        self.words.setProperty("role", "annotation")
        self.words.setWordWrap(True)
        names = ("ROC", "Precision and sensitivity", "Reliability")
        self.plots = tuple(SquarePlotView(name, self) for name in names)
        self.matrix = ConfusionGrid(self)
        self.empty = EmptyState(_BEFORE, self)
        self._body = QWidget(self)
        self._lay_out()
        self.label.activated.connect(self._choose)
        self.matrix.chosen.connect(model.select_cell)
        model.changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        side = QWidget(self._body)
        side.setFixedWidth(_SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(12, 2, 8, 4)
        column.setSpacing(8)
        column.addWidget(self.label)
        column.addWidget(self.words)
        column.addStretch(1)
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(side)
        for plot in self.plots:
            plot.setMaximumWidth(_PLOT)
            row.addWidget(plot, 2)
        row.addWidget(self.matrix, 3)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 12, 4)
        layout.addWidget(self._body, 1)
        layout.addWidget(self.empty, 1)

    @Slot(int)
    def _choose(self, place: int) -> None:
        self._model.choose(place)

    @Slot()
    def _refresh(self) -> None:
        reading = self._model.reading
        self._body.setVisible(reading is not None)
        self.empty.setVisible(reading is None)
        if reading is None:
            return
        labels = reading.answer.labels
        if [self.label.itemText(n) for n in range(self.label.count())] != list(labels):
            self.label.clear()
            self.label.addItems(labels)
        self.label.setCurrentIndex(reading.chosen)
        self.words.setText(reading.words)
        why = "Choose a label" if reading.chosen < 0 else _FEW
        for view, plot in zip(self.plots, reading.plots(), strict=True):
            view.show_plot(plot, why)
        found = reading.confusion()
        counts, names = found if found is not None else (None, ())
        self.matrix.show_counts(counts, names, why)
