"""The labels: an editable label set, how it is asked, and the scores of what is selected."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels import labels as model
from vlm_explorer.viewmodels.label_sets import label_set
from vlm_explorer.viewmodels.labels import LabelsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.controls import IconButton, Words
from vlm_explorer.widgets.theme import BODY, font, theme, themes

ROW = 28
NUMBER = 72  # px, width of the column of cosines
DIGITS = 52  # px, room for a probability in digits
LABELS = 240  # px, width of the column of labels
TASKS = (("single", "One label an image"), ("multi", "Each label by itself"))

Index = QModelIndex | QPersistentModelIndex


class LabelDelegate(QStyledItemDelegate):
    """Draws a label, a cosine in digits, and a probability as bar and digits."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        return QSize(0, ROW)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Return a field that fits into the row."""
        editor = QLineEdit(parent)
        editor.setProperty("inline", True)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Begin with the label; with nothing in the row that adds one."""
        assert isinstance(editor, QLineEdit)
        editor.setText(str(index.data(Qt.ItemDataRole.EditRole) or ""))
        editor.selectAll()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell."""
        self.initStyleOption(option, index)
        text, option.text = option.text, ""
        style = option.widget.style()
        style.drawControl(style.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        painter.save()
        area = option.rect.adjusted(12, 0, -8, 0)
        if index.column() == model.LABEL:
            self._paint_label(painter, area, text, index)
        elif index.column() == model.COSINE:
            self._write(painter, area, text, "secondary", Qt.AlignmentFlag.AlignRight)
        else:
            self._paint_probability(painter, area, text, index)
        painter.restore()

    def _paint_label(self, painter: QPainter, area: QRect, text: str, index: Index) -> None:
        adding = index.data(Qt.ItemDataRole.EditRole) is None
        best = bool(index.model().index(index.row(), model.PROBABILITY).data(model.BEST))
        weight = QFont.Weight.DemiBold if best else QFont.Weight.Normal
        painter.setFont(font(BODY, weight))
        role = "secondary" if adding else "text"
        self._write(painter, area, text, role, Qt.AlignmentFlag.AlignLeft)

    def _paint_probability(self, painter: QPainter, area: QRect, text: str, index: Index) -> None:
        value = index.data(model.VALUE)
        if value is None:
            return
        roles = theme()
        digits = QRect(area.left(), area.top(), DIGITS, area.height())
        self._write(painter, digits, text, "text", Qt.AlignmentFlag.AlignRight)
        left = area.left() + DIGITS + 12
        track = QRectF(left, area.center().y() - 2, max(0, area.right() - left), 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("line"))
        painter.drawRoundedRect(track, 3, 3)
        best = bool(index.data(model.BEST))
        painter.setBrush(roles.colour("accent" if best else "secondary"))
        track.setWidth(max(6.0, track.width() * value))
        painter.drawRoundedRect(track, 3, 3)

    def _write(
        self, painter: QPainter, area: QRect, text: str, role: str, across: Qt.AlignmentFlag
    ) -> None:
        painter.setPen(theme().colour(role))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, across | Qt.AlignmentFlag.AlignVCenter, shown)


class LabelsPanel(QWidget):
    """The tab of zero-shot labels."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = LabelsModel(session, self)
        self.sets, self.templates, self.task = QComboBox(self), QComboBox(self), QComboBox(self)
        self.scale = Words("", "annotation", parent=self)
        self.summary = Words("", "", parent=self)
        self.remove = IconButton("ph.trash", "Remove the chosen labels", "Del", parent=self)
        self.table = QTableView(self)
        self._set_up_choices()
        self._set_up_table()
        self._lay_out()
        self.model.changed.connect(self._show)
        session.encoder_changed.connect(self._show)
        themes.changed.connect(self.table.viewport().update)
        install(self.actions_table(), self.table)
        self._show()

    def _set_up_choices(self) -> None:
        self.sets.setAccessibleName("Label set")
        self.sets.setPlaceholderText("Own labels")
        for name, title in model.set_choices():
            self.sets.addItem(title, name)
        self.templates.setAccessibleName("Prompt templates")
        self.task.setAccessibleName("Task")
        for name, title in TASKS:
            self.task.addItem(title, name)
        self.sets.activated.connect(self._use_set)
        self.templates.activated.connect(self._use_templates)
        self.task.activated.connect(self._use_task)
        self.remove.clicked.connect(self.remove_chosen)

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setItemDelegate(LabelDelegate(table))
        table.setAccessibleName("Labels and their scores")
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW)
        table.horizontalHeader().hide()
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setColumnWidth(model.LABEL, LABELS)
        table.setColumnWidth(model.COSINE, NUMBER)
        table.horizontalHeader().setStretchLastSection(True)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        table.clicked.connect(self._begin_to_add)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(8)
        for combo, width in ((self.sets, 176), (self.templates, 168), (self.task, 168)):
            combo.setMinimumWidth(96)
            combo.setMaximumWidth(width)
            row.addWidget(combo, 2)
        row.addWidget(self.remove)
        row.addSpacing(8)
        row.addWidget(self.summary, 3)
        row.addWidget(self.scale, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)

    def actions_table(self) -> list[ActionRow]:
        """Return the keys of the table."""
        return [ActionRow("labels.remove", "Remove the chosen labels", "Del", self.remove_chosen)]

    @Slot()
    def remove_chosen(self) -> None:
        """Take the chosen labels out of the set."""
        self.model.remove([index.row() for index in self.table.selectionModel().selectedRows()])

    @Slot(QModelIndex)
    def _begin_to_add(self, index: QModelIndex) -> None:
        """One click on the last row begins a new label."""
        if index.row() == len(self.model.labels) and index.column() == model.LABEL:
            self.table.edit(index)

    @Slot(int)
    def _use_set(self, place: int) -> None:
        self.model.use_set(label_set(self.sets.itemData(place)))

    @Slot(int)
    def _use_templates(self, place: int) -> None:
        self.model.set_templates(self.templates.itemData(place))

    @Slot(int)
    def _use_task(self, place: int) -> None:
        self.model.set_task(self.task.itemData(place))

    @Slot()
    def _show(self) -> None:
        """Show the settings and what the scores say."""
        state, encoder = self._session.label_state, self._session.encoder
        if encoder is not None and not self.templates.count():
            for place, (name, title, note) in enumerate(model.template_choices()):
                self.templates.addItem(title, name)
                self.templates.setItemData(place, note, Qt.ItemDataRole.ToolTipRole)
        _choose(self.templates, state.templates)
        _choose(self.task, state.task)
        _choose(self.sets, model.set_name(self.model.labels))
        for control in (self.sets, self.templates, self.task, self.table):
            control.setEnabled(encoder is not None)
        self.scale.setText("" if encoder is None else f"Logit scale {encoder.logit_scale:.1f}")
        self.scale.setToolTip(
            "Cosines are multiplied by the model's own scale, one over its temperature, "
            "before they become probabilities."
        )
        self.summary.setText(self._words())
        self.remove.setEnabled(bool(self.model.labels))

    def _words(self) -> str:
        session = self._session
        if session.encoder is None:
            return "Labels need an encoder." if session.collection else ""
        if session.label_state.pending:
            return "Scoring"
        if not self.model.labels:
            return "Add at least one label."
        return self.model.summary or "Select images to see their scores."


def _choose(combo: QComboBox, data: Any) -> None:
    combo.setCurrentIndex(combo.findData(data))
