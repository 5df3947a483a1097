"""Which layer and which head of the attention is shown."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.widgets.controls import ChoiceBox
from vlm_explorer.widgets.theme import ANNOTATION, font


class AttentionControls(QWidget):
    """A slider of layers with its number, and a choice of heads.

    Signals:
        settled(): a head was chosen; the keys may go back to the scan.
    """

    settled = Signal()

    def __init__(self, model: SaliencyModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._layer = QSlider(Qt.Orientation.Horizontal, self)
        self._layer.setAccessibleName("Layer")
        self._layer.setPageStep(1)
        self._number = QLabel(self)
        self._number.setFont(font(ANNOTATION))
        self._number.setProperty("role", "annotation")
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("00 / 00"))
        self._head = ChoiceBox(self)
        self._head.setAccessibleName("Head")
        self._head.setToolTip("One head of the layer, or all of them in one")
        self._head.setFixedWidth(92)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._layer, 1)
        row.addWidget(self._number)
        row.addWidget(self._head)
        self._layer.valueChanged.connect(model.set_layer)
        self._head.activated.connect(self._choose_head)
        model.changed.connect(self.refresh)
        self.refresh()

    @Slot(int)
    def _choose_head(self, index: int) -> None:
        self._model.set_head(self._head.itemData(index))
        self.settled.emit()

    @Slot()
    def refresh(self) -> None:
        """Bring the controls in line with the model."""
        layers, choice = self._model.layers, self._model.choice
        self._layer.setEnabled(len(layers) > 1)
        self._head.setEnabled(self._model.heads > 1)
        if not layers:
            return
        with QSignalBlocker(self._layer):
            self._layer.setRange(0, len(layers) - 1)
            self._layer.setValue(choice.layer)
        self._layer.setToolTip(f"Layer: {layers[choice.layer]} (arrow keys)")
        self._number.setText(f"{choice.layer + 1} / {len(layers)}")
        self._fill_heads(self._model.heads)
        self._head.setCurrentIndex(self._head.findData(choice.head))

    def _fill_heads(self, count: int) -> None:
        if self._head.count() == count + 2:
            return
        self._head.clear()
        self._head.addItem("Mean", "mean")
        self._head.addItem("Max", "max")
        for head in range(count):
            self._head.addItem(f"Head {head}", head)
