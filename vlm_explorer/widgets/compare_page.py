"""The page on which maps of several prompts, or by several methods, stand beside each other."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Slot
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.compare_maps import CompareMaps
from vlm_explorer.viewmodels.compare_tiles import Compared, CompareTile
from vlm_explorer.viewmodels.saliency_states import quoted
from vlm_explorer.widgets.compare_tile import CompareTileView
from vlm_explorer.widgets.controls import EmptyState, IconButton, Words, choice_box, text_button
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.saliency_legend import SaliencyLegend
from vlm_explorer.widgets.watching_page import WatchingPage

CONTROLS = 328  # px, width of the controls
_AS_THEY_ARE = "Nothing subtracted"


class ComparePage(WatchingPage):
    """What is compared, and the maps."""

    def __init__(self, model: CompareMaps, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.model = model
        self._scan: QImage | None = None
        self._pictured: np.ndarray | None = None
        self.choices = {
            Compared.PROMPTS: QPushButton("Prompts", self),
            Compared.METHODS: QPushButton("Methods", self),
        }
        self.method = choice_box("Method", (), self)
        self.add = QLineEdit(self)
        self.labels = text_button("Labels", parent=self)
        self.subtract = choice_box("Subtract", (), self)
        self.export = text_button("Export", parent=self)
        self.doing = Words(role="secondary", parent=self)
        self.stop = IconButton("ph.x", "Stop computing maps", parent=self)
        self.go_on = text_button("Go on", "link", self)
        self.views: list[CompareTileView] = []
        self._area = QScrollArea(self)
        self._row = QHBoxLayout()
        self.legend = SaliencyLegend(self)
        self.note = Words("", "annotation", parent=self)
        self._empty = EmptyState("", self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        group = QButtonGroup(self)
        tips = {
            Compared.PROMPTS: "Several prompts by one method, on one range of colours",
            Compared.METHODS: "One prompt by every method that applies to the encoder",
        }
        for compared, button in self.choices.items():
            button.setCheckable(True)
            button.setProperty("chip", True)
            button.setToolTip(f"{tips[compared]} (arrow keys)")
            group.addButton(button)
        self.labels.setCheckable(True)
        self.labels.setProperty("chip", True)
        self.labels.setToolTip("Put the labels of the active set beside the prompts (Space)")
        self.add.setPlaceholderText("Add a prompt")
        self.add.setAccessibleName("Add a prompt to compare")
        self.add.setToolTip("Another prompt beside the current and the pinned ones (Enter)")
        self.method.setToolTip("The method by which prompts are compared (arrow keys)")
        self.subtract.setToolTip("Show the other prompts' maps less that of one (arrow keys)")
        self.export.setToolTip("Write these maps as a figure or as DICOM (Space)")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Maps beside each other")

    def _lay_out(self) -> None:
        controls = QVBoxLayout()
        controls.setContentsMargins(12, 2, 0, 4)
        controls.setSpacing(4)
        for parts in (
            (*self.choices.values(), self.method),
            (self.add, self.labels),
            (self.subtract, self.export),
            (self.doing, self.go_on, self.stop),
        ):
            row = QHBoxLayout()
            row.setSpacing(8)
            for part in parts:
                row.addWidget(part, 1 if part in (self.add, self.method, self.subtract) else 0)
            controls.addLayout(row)
        controls.addStretch(1)
        side = QWidget(self)
        side.setFixedWidth(CONTROLS)
        side.setLayout(controls)
        inner = QWidget(self._area)
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addStretch(1)
        self._area.setWidget(inner)
        for part in (self._area, self._area.viewport(), inner):
            part.setAutoFillBackground(False)
            part.setStyleSheet("background: transparent")
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addWidget(self.legend)
        foot.addWidget(self.note, 1)
        maps = QVBoxLayout()
        maps.setSpacing(0)
        maps.addWidget(self._area, 1)
        maps.addLayout(foot)
        maps.addWidget(self._empty, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 4)
        row.setSpacing(12)
        row.addWidget(side)
        row.addLayout(maps, 1)

    def _connect(self) -> None:
        model = self.model
        for compared, button in self.choices.items():
            button.clicked.connect(lambda _=False, each=compared: model.compare(each))
        self.method.activated.connect(self._choose_method)
        self.add.returnPressed.connect(self._add)
        self.labels.clicked.connect(model.show_labels)
        self.subtract.activated.connect(self._choose_subtracted)
        self.stop.clicked.connect(model.stop)
        self.go_on.clicked.connect(model.go_on)
        self.export.clicked.connect(model.export)
        model.changed.connect(self._refresh)

    # What the user does

    @Slot(int)
    def _choose_method(self, index: int) -> None:
        self.model.set_method(self.method.itemData(index))

    @Slot(int)
    def _choose_subtracted(self, index: int) -> None:
        self.model.subtract(self.subtract.itemData(index))

    @Slot()
    def _add(self) -> None:
        self.model.add(self.add.text())
        self.add.clear()

    @Slot(object)
    def _subtract(self, tile: CompareTile) -> None:
        self.model.subtract("" if tile.subtracted else tile.request.prompt)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tiles are as wide as their height asks for."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fit)  # once the rows have their heights

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self.model
        by_prompt = model.compared is Compared.PROMPTS
        self.choices[model.compared].setChecked(True)
        self.labels.setChecked(model.with_labels)
        _offer(self.method, model.methods, model.method)
        kept = [("", _AS_THEY_ARE), *((text, f"Less {quoted(text)}") for text in model.prompts)]
        _offer(self.subtract, tuple(kept), model.subtracted)
        for part in (self.method, self.add, self.labels, self.subtract):
            part.setEnabled(by_prompt)
        self.export.setEnabled(bool(model.explanations))
        self._show_progress()
        self._show_tiles()

    def _show_progress(self) -> None:
        model = self.model
        done, total = len(model.tiles) - model.missing, len(model.tiles)
        self.stop.setVisible(model.running)
        self.go_on.setVisible(model.stopped and model.missing > 0)
        words = f"{done} of {total} maps" if total else ""
        if model.running and model.progress is not None and model.progress.total:
            words += f", {model.progress.done} of {model.progress.total} passes"
        self.doing.setText(words)

    def _show_tiles(self) -> None:
        model = self.model
        if model.picture is not self._pictured:
            self._pictured = model.picture
            self._scan = None if model.picture is None else to_qimage(model.picture)
        while len(self.views) < len(model.tiles):
            self.views.append(self._new_view())
            self._row.insertWidget(len(self.views) - 1, self.views[-1])
        for view in self.views[len(model.tiles) :]:
            self._row.removeWidget(view)
            view.deleteLater()
        self.views = self.views[: len(model.tiles)]
        for view, tile in zip(self.views, model.tiles, strict=True):
            view.show_tile(tile, self._scan)
        shared = [tile.shown for tile in model.tiles if tile.shown and not tile.own_range]
        self.legend.setVisible(bool(shared))
        self.legend.show_map(next((each for each in shared if not each.flat), None))
        self.note.setText(model.note)
        self._empty.setText(model.message)
        for part, seen in (
            (self._empty, bool(model.message)),
            (self._area, not model.message),
            (self.note, bool(model.note)),
        ):
            part.setVisible(seen)
        QTimer.singleShot(0, self, self._fit)

    def _new_view(self) -> CompareTileView:
        view = CompareTileView(self)
        view.clicked.connect(lambda: self._put_over(view))
        view.subtract_wanted.connect(self._subtract)
        view.remove_wanted.connect(self.model.remove)
        return view

    def _put_over(self, view: CompareTileView) -> None:
        if view.tile is not None:
            self.model.put_over(view.tile)

    @Slot()
    def _fit(self) -> None:
        for view in self.views:
            view.setFixedWidth(view.sizeHint().width())


def _offer(box: QComboBox, choices: tuple[tuple[str, str], ...], chosen: str) -> None:
    """Offer choices in a box, if they are others than before."""
    with QSignalBlocker(box):
        now = [(box.itemData(row), box.itemText(row)) for row in range(box.count())]
        if now != list(choices):
            box.clear()
            for value, words in choices:
                box.addItem(words, value)
        box.setCurrentIndex(box.findData(chosen))
