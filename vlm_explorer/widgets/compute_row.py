"""The choice of device and precision, and what was measured for it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.compute_choice import DEVICES, PRECISIONS, ComputeChoice
from vlm_explorer.widgets.controls import Words, choice_box, text_button


class ComputeRow(QWidget):
    """Two boxes, and below them a sentence.

    Attributes:
        row: the line of the boxes, at whose end there is room.
    """

    def __init__(self, model: ComputeChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.device = choice_box("Device", DEVICES, self)
        self.precision = choice_box("Precision", PRECISIONS, self)
        self.why = Words("", "annotation", parent=self)
        self.anew = text_button("Measure anew", "link", self)
        self.anew.setToolTip("Measures again how fast the encoder in use is in each precision")
        row = self.row = QHBoxLayout()
        row.setSpacing(8)
        for box in (self.device, self.precision):
            row.addWidget(Words(f"{box.accessibleName()}:", "annotation", parent=self))
            row.addWidget(box)
        row.addWidget(self.anew)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.why)
        self._show()
        self.device.activated.connect(self._choose)
        self.precision.activated.connect(self._choose)
        self.anew.clicked.connect(model.measure_anew)
        model.changed.connect(self._show)

    @Slot()
    def _choose(self) -> None:
        self._model.choose(str(self.device.currentData()), str(self.precision.currentData()))

    @Slot()
    def _show(self) -> None:
        model = self._model
        for box, value in ((self.device, model.device), (self.precision, model.precision)):
            if box.findData(value) < 0:
                box.addItem(value, value)
            box.setCurrentIndex(box.findData(value))
        self.anew.setVisible(model.can_measure)
        warned = bool(model.warning)
        role = "annotation-warning" if warned else "annotation"
        self.why.setText(model.warning or model.why)
        self.why.setVisible(bool(self.why.text()))
        if self.why.property("role") != role:
            self.why.setProperty("role", role)
            self.why.style().unpolish(self.why)
            self.why.style().polish(self.why)
