"""The page of the matrix: which texts and how, the matrix, and what it says of the pairs."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.matrix_model import CAPTIONS, LABELS, PINNED, TYPED, MatrixModel
from vlm_explorer.viewmodels.matrix_shown import SCALES, View
from vlm_explorer.viewmodels.matrix_words import NOTHING_SELECTED
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.widgets.controls import EmptyState, Words, choice_box, text_button
from vlm_explorer.widgets.matrix_side import MatrixSide
from vlm_explorer.widgets.matrix_view import MatrixView
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.watching_page import WatchingPage

CONTROLS = 280  # px, width of the controls
_KINDS = (
    (CAPTIONS, "Captions", "The images' own captions"),
    (LABELS, "Labels", "The labels of the tab Labels"),
    (PINNED, "Pinned", "The prompts that are pinned to the map"),
    (TYPED, "Typed", "The texts of the field below"),
)
_VIEWS = (
    (View.BOTH, "Images and texts"),
    (View.IMAGES, "Images and images"),
    (View.TEXTS, "Texts and texts"),
)


class MatrixPage(WatchingPage):
    """Controls, matrix, numbers."""

    def __init__(
        self, model: MatrixModel, painter: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(model, parent)
        self._model = model
        self.kinds = {kind: QPushButton(title, self) for kind, title, _ in _KINDS}
        self.typed = QLineEdit(self)
        self.view = choice_box("What is compared", _VIEWS, self)
        self.scale = choice_box("What the colours stand for", SCALES, self)
        self.seriated = QPushButton("Alike together", self)
        self.summary = Words(role="annotation", parent=self)
        self.matrix = MatrixView(self)
        self.side = MatrixSide(model, painter, self)
        self.select = text_button("Select the images shown", parent=self)
        self._empty = EmptyState("", self)
        self._stack = QStackedWidget(self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        for kind, _, tip in _KINDS:
            button = self.kinds[kind]
            button.setCheckable(True)
            button.setToolTip(f"{tip} (Space)")
        for button in (*self.kinds.values(), self.seriated):
            button.setProperty("chip", True)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.seriated.setCheckable(True)
        self.seriated.setToolTip(
            "Neighbours are as alike as their tree allows; else the collection's order (Space)"
        )
        self.typed.setPlaceholderText("More texts, parted by ;")
        self.typed.setAccessibleName("More texts to compare with")
        self.typed.setToolTip("Texts to compare the images with, parted by semicolons (Enter)")
        self.typed.setClearButtonEnabled(True)
        self.view.setToolTip("What stands in rows and columns (arrow keys)")
        self.scale.setToolTip("Cosines, or how far each lies from the mean of its row or column")
        self.matrix.setToolTip("")

    def _lay_out(self) -> None:
        controls = QWidget(self)
        controls.setFixedWidth(CONTROLS)
        column = QVBoxLayout(controls)
        column.setContentsMargins(12, 2, 0, 4)
        column.setSpacing(4)
        foot = (self.summary, self.seriated)
        for parts in ((*self.kinds.values(),), (self.typed,), (self.view, self.scale), foot):
            row = QHBoxLayout()
            row.setSpacing(4)
            for part in parts:
                row.addWidget(part, int(part in (self.summary, self.view)))
            if parts[0] is self.kinds[CAPTIONS]:
                row.addStretch(1)
            column.addLayout(row)
        column.addStretch(1)
        found = QWidget(self)
        both = QHBoxLayout(found)
        both.setContentsMargins(0, 0, 0, 4)
        both.setSpacing(16)
        both.addWidget(self.matrix, 1)
        both.addWidget(self.side)
        nothing = QWidget(self)
        lines = QVBoxLayout(nothing)
        lines.addStretch(1)
        lines.addWidget(self._empty)
        lines.addWidget(self.select, 0, Qt.AlignmentFlag.AlignHCenter)
        lines.addStretch(1)
        self._stack.addWidget(nothing)
        self._stack.addWidget(found)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(controls)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        model = self._model
        for kind, button in self.kinds.items():
            button.clicked.connect(lambda on, kind=kind: model.set_kind(kind, on))
        self.typed.editingFinished.connect(self._take_typed)
        self.view.activated.connect(lambda row: model.set_view(View(self.view.itemData(row))))
        self.scale.activated.connect(lambda row: model.set_scale(self.scale.itemData(row)))
        self.seriated.clicked.connect(model.set_seriated)
        self.select.clicked.connect(model.select_shown)
        self.matrix.looked.connect(model.look_at)
        self.matrix.chosen.connect(model.choose)
        model.changed.connect(self._refresh)
        model.cell_changed.connect(self._refresh_cell)

    @Slot()
    def _take_typed(self) -> None:
        if self.typed.isModified():
            self.typed.setModified(False)
            self._model.set_typed(self.typed.text())

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        for kind, button in self.kinds.items():
            button.setChecked(kind in model.kinds)
        self.seriated.setChecked(model.seriated)
        for box, value in ((self.view, model.view), (self.scale, model.scale)):
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(value))
        self.summary.setText(model.summary if model.shown is not None else "")
        self._stack.setCurrentIndex(int(model.shown is not None))
        self._empty.setText(model.message)
        nothing = model.stage is Stage.WAITING and model.message == NOTHING_SELECTED
        self.select.setVisible(nothing)
        self.matrix.show_matrix(model.shown)

    @Slot()
    def _refresh_cell(self) -> None:
        model, words = self._model, ""
        if model.shown is not None and model.cell is not None:
            row, column = model.cell
            names = model.shown.rows[row].name, model.shown.columns[column].name
            words = ". ".join((*names, model.cell_words))
            words += ". Arrow keys move, Enter opens both."
        self.matrix.show_cell(model.cell, model.temperature, words)
