"""The page on which parts of the scan are hidden from the encoder, which looks again."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.hide_model import BORDER_LEAST, BORDER_MOST, HideModel
from vlm_explorer.viewmodels.hide_words import BASELINES, COLUMNS, TIPS
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.widgets.controls import (
    EmptyState,
    IconButton,
    Words,
    choice_box,
    text_button,
    with_shortcut,
)
from vlm_explorer.widgets.figure_table import FigureTable
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.watching_page import WatchingPage

CONTROLS = 268  # px, width of the controls
PICTURE = 112  # px, side of what the encoder saw
_TABLE = "Cosines with parts of the scan hidden"


class HidePage(WatchingPage):
    """What is hidden, what the encoder says then, and what it saw."""

    def __init__(self, model: HideModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self.draw = text_button("Draw rectangles", parent=self)
        self.border = text_button("Borders", parent=self)
        self.clear = text_button("Clear", "quiet", parent=self)
        self.share = QSlider(Qt.Orientation.Horizontal, self)
        self._percent = QLabel(self)
        self.baseline = choice_box(
            "What hidden parts are replaced by", [each[:2] for each in BASELINES], self
        )
        self._summary = Words(role="secondary", parent=self)
        self.stop = IconButton("ph.x", "Stop looking", parent=self)
        self.table = FigureTable(_TABLE, list(zip(COLUMNS, TIPS, strict=True)), self)
        self._empty = EmptyState("", self)
        self._known, self._answer = QWidget(self), QStackedWidget(self)
        self._picture = QLabel(self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        tips = {
            self.draw: with_shortcut("Draw what is hidden on the scan", "Shift+H"),
            self.border: "Hide a frame along the sides of what the encoder sees",
            self.clear: "Hide nothing",
        }
        for button, tip in tips.items():
            button.setToolTip(tip)
        for button in (self.draw, self.border):
            button.setCheckable(True)
            button.setProperty("chip", True)
        self.clear.setAccessibleName("Hide nothing")
        self.share.setRange(round(100 * BORDER_LEAST), round(100 * BORDER_MOST))
        self.share.setPageStep(5)
        self.share.setAccessibleName("Width of the hidden borders in percent of the sides")
        self._percent.setMinimumWidth(self._percent.fontMetrics().horizontalAdvance("00 %"))
        self.baseline.setToolTip("What the encoder sees in place of the hidden parts")
        self._picture.setFixedSize(QSize(PICTURE, PICTURE))

    def _lay_out(self) -> None:
        controls = QVBoxLayout()
        controls.setSpacing(4)
        for parts in (
            (self.draw, self.clear),
            (self.border, self.share, self._percent),
            (self.baseline,),
        ):
            row = QHBoxLayout()
            row.setSpacing(8)
            for part in parts:
                row.addWidget(part)
            if self.share not in parts:
                row.addStretch(1)
            controls.addLayout(row)
        controls.addStretch(1)
        side = QWidget(self)
        side.setFixedWidth(CONTROLS)
        side.setLayout(controls)
        controls.setContentsMargins(12, 2, 12, 4)
        heading = QHBoxLayout()
        heading.addWidget(self._summary, 1)
        heading.addWidget(self.stop)
        known = QVBoxLayout(self._known)
        known.setContentsMargins(0, 0, 0, 0)
        known.setSpacing(0)
        known.addLayout(heading)
        known.addWidget(self.table, 1)
        for page in (self._known, self._empty):
            self._answer.addWidget(page)
        self._answer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 4)
        row.setSpacing(12)
        row.addWidget(side)
        row.addWidget(self._answer, 1)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)

    def _connect(self) -> None:
        model = self._model
        self.draw.clicked.connect(model.draw)
        self.border.clicked.connect(model.hide_border)
        self.clear.clicked.connect(model.clear)
        self.stop.clicked.connect(model.stop)
        self.share.valueChanged.connect(self._choose_share)
        self.baseline.activated.connect(self._choose_baseline)
        model.changed.connect(self._refresh)

    @Slot(int)
    def _choose_share(self, percent: int) -> None:
        self._model.set_border(percent / 100)

    @Slot(int)
    def _choose_baseline(self, index: int) -> None:
        self._model.set_baseline(self.baseline.itemData(index))

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        self.draw.setChecked(model.drawing)
        self.border.setChecked(model.border_hidden)
        self.border.setEnabled(model.border_possible)
        self.clear.setEnabled(bool(model.rectangles))
        percent = round(100 * model.border)
        with QSignalBlocker(self.share):
            self.share.setValue(percent)
        self.share.setToolTip(f"{percent} % of each side (arrow keys)")
        self._percent.setText(f"{percent} %")
        self.baseline.setCurrentIndex(self.baseline.findData(model.baseline))
        self._show_answer()

    def _show_answer(self) -> None:
        model = self._model
        running = model.stage is Stage.RUNNING
        known = bool(model.rows)
        self.stop.setVisible(running)
        self._answer.setCurrentWidget(self._known if known else self._empty)
        self._picture.setVisible(known)
        self._empty.setText("Looking again." if running else model.message)
        self._summary.setText(model.message)
        self.table.show_rows(
            [row.cells for row in model.rows], [(row.cells[0], *TIPS[1:]) for row in model.rows]
        )
        if model.view is not None:
            picture = QPixmap.fromImage(to_qimage(model.view))
            ratio = self.devicePixelRatioF()
            scaled = picture.scaled(
                self._picture.size() * ratio,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            scaled.setDevicePixelRatio(ratio)
            self._picture.setPixmap(scaled)
            self._picture.setAccessibleName("What the encoder saw with the parts hidden")
            self._picture.setToolTip("What the encoder saw with the parts hidden")
