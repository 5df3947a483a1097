"""The page of heads: a small map for each head of each layer, one of which lies over the scan."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSlider,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.heads_model import TILE, HeadsModel
from vlm_explorer.widgets.controls import EmptyState, Words
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes
from vlm_explorer.widgets.watching_page import WatchingPage

SIDE = 52  # px, of a small map
_WORDS = 15  # px, height of the figure below it
_GAP = 4  # px around
_RING = 2  # px, around the chosen one
_HOW = "Where each head looks; colours from 0 to its own maximum. Click one, or use the arrow keys."

Index = QModelIndex | QPersistentModelIndex


class HeadDelegate(QStyledItemDelegate):
    """Draws a small map with its entropy; while it is on its way, its place."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the size of a cell."""
        return QSize(SIDE + 2 * _GAP, SIDE + _WORDS + 2 * _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell."""
        if not index.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        roles, cell = theme(), option.rect
        left = cell.center().x() - SIDE // 2
        place = QRect(left, cell.top() + _GAP, SIDE, SIDE)
        painter.save()
        tile = index.data(TILE)
        if tile is None:
            painter.fillRect(place, roles.colour("raised"))
        else:
            rows, columns = tile.shape[:2]
            scale = SIDE / max(rows, columns)
            size = QSize(round(columns * scale), round(rows * scale))
            shown = QRect(place.topLeft(), size)
            shown.moveCenter(place.center())
            painter.drawImage(shown, to_qimage(tile))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(roles.colour("accent"), _RING))
            painter.drawRect(place.adjusted(-1, -1, 1, 1))
        painter.setFont(font(ANNOTATION))
        painter.setPen(roles.colour("secondary"))
        words = QRect(cell.left(), place.bottom() + 2, cell.width(), _WORDS)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, str(index.data() or ""))
        painter.restore()


class HeadsPage(WatchingPage):
    """The table of heads, the layer in it, and what is known of the chosen one."""

    def __init__(self, model: HeadsModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self._words = Words(role="secondary", parent=self)
        self.layer = QSlider(Qt.Orientation.Horizontal, self)
        self._number = QLabel(self)
        self.table = QTableView(self)
        self._empty = EmptyState("", self)
        self._set_up()
        self._lay_out()
        model.changed.connect(self._refresh)
        model.modelReset.connect(self._refresh)
        self.layer.valueChanged.connect(self._go_to_layer)
        self.table.selectionModel().currentChanged.connect(self._choose)
        themes.changed.connect(self.table.viewport().update)
        self._refresh()

    def _set_up(self) -> None:
        table = self.table
        table.setModel(self._model)
        table.setItemDelegate(HeadDelegate(table))
        table.setAccessibleName("Heads, a row a layer")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setTabKeyNavigation(False)
        cell = table.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex())
        for header, size in (
            (table.horizontalHeader(), cell.width()),
            (table.verticalHeader(), cell.height()),
        ):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(size)
            header.setDefaultSectionSize(size)
            header.setHighlightSections(False)
        self.layer.setAccessibleName("Layer")
        self.layer.setPageStep(1)
        self.layer.setFixedWidth(140)
        self._number.setFont(font(ANNOTATION))
        self._number.setProperty("role", "annotation")
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("00 / 00"))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        row.addWidget(self.layer)
        row.addWidget(self._number)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self._empty, 1)

    # From the user

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self._model.choose(index.row(), index.column())

    @Slot(int)
    def _go_to_layer(self, layer: int) -> None:
        chosen = self._model.chosen
        self._model.choose(layer, chosen[1] if chosen is not None else 0)

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        layers, chosen = model.layers, model.chosen
        there = model.rowCount() > 0
        for part in (self.table, self.layer, self._number, self._words):
            part.setVisible(there)
        self._empty.setVisible(not there)
        self._empty.setText(model.message)
        if not there:
            return
        layer = chosen[0] if chosen is not None else len(layers) - 1
        with QSignalBlocker(self.layer):
            self.layer.setRange(0, len(layers) - 1)
            self.layer.setValue(layer)
        self.layer.setEnabled(len(layers) > 1)
        self.layer.setToolTip(f"Layer: {layers[layer]} (arrow keys)")
        self._number.setText(f"{layer + 1} / {len(layers)}")
        self._words.setText((model.words(*chosen) if chosen is not None else "") or _HOW)
        self._show_chosen(chosen)

    def _show_chosen(self, chosen: tuple[int, int] | None) -> None:
        """Mark what lies over the scan, and bring it into view."""
        place = self._model.index(*chosen) if chosen is not None else QModelIndex()
        with QSignalBlocker(self.table.selectionModel()):
            if place.isValid() and place != self.table.currentIndex():
                self.table.setCurrentIndex(place)
                self.table.scrollTo(place)
            elif not place.isValid():
                self.table.clearSelection()
                self.table.scrollToBottom()
        self.table.viewport().update()
