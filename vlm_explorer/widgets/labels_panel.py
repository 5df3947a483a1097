"""The labels: an editable label set, how it is asked, and the scores of what is selected."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels import labels as model
from vlm_explorer.viewmodels.label_sets import LabelSets
from vlm_explorer.viewmodels.labels import LabelsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.controls import IconButton, Line, Words
from vlm_explorer.widgets.label_cells import ROW, LabelDelegate
from vlm_explorer.widgets.label_choice import LabelChoice
from vlm_explorer.widgets.theme import themes
from vlm_explorer.widgets.watching_page import WatchingPage

WIDTHS = {model.COSINE: 76, model.Z: 60, model.PERCENTILE: 84}  # px
PROBABILITY = 152  # px, at least
SHARES = {model.LABEL: 12, model.POSITIVE: 11, model.NEGATIVE: 9, model.SYNONYMS: 8}  # of the rest
LEAST = 78  # px, of a column of words


class LabelTable(QTableView):
    """The table; columns of words share what is left between them."""

    def resizeEvent(self, event: object) -> None:
        """Share the width anew."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        left = self.viewport().width() - sum(WIDTHS.values()) - PROBABILITY
        unit = left / sum(SHARES.values())
        for column, share in SHARES.items():
            self.setColumnWidth(column, max(LEAST, int(share * unit)))


class LabelsPanel(WatchingPage):
    """The tab of zero-shot labels."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.model = LabelsModel(session)
        super().__init__(self.model, parent)
        self.model.setParent(self)
        self._session = session
        self.choice = LabelChoice(session, self.model, LabelSets(session, self), self)
        self.summary = Words("", "", parent=self)
        self.remove = IconButton("ph.trash", "Remove the chosen labels", "Del", parent=self)
        self.table = LabelTable(self)
        self._set_up_table()
        self._lay_out()
        self.model.changed.connect(self._show)
        self.remove.clicked.connect(self.remove_chosen)
        session.encoder_changed.connect(self._show)
        themes.changed.connect(self.table.viewport().update)
        install(self.actions_table(), self)
        self._show()

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setItemDelegate(LabelDelegate(table))
        table.setAccessibleName("Labels, their prompts and their scores")
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.setFixedHeight(24)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        for column, width in WIDTHS.items():
            table.setColumnWidth(column, width)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        table.clicked.connect(self._begin_to_add)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 4, 12, 0)
        head.setSpacing(8)
        head.addWidget(self.summary, 1)
        head.addWidget(self.remove)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addLayout(head)
        right.addWidget(self.table, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.choice)
        layout.addWidget(Line(vertical=True, parent=self))
        layout.addLayout(right, 1)

    def actions_table(self) -> list[ActionRow]:
        """Return the keys of the pane."""
        return [
            ActionRow("labels.remove", "Remove the chosen labels", "Del", self.remove_chosen),
            ActionRow("labels.save", "Save the label set", "Ctrl+Shift+K", self.choice.model.save),
            ActionRow("labels.rename", "Rename the label set", "Ctrl+Shift+R", self.choice.rename),
        ]

    @Slot()
    def remove_chosen(self) -> None:
        """Take the chosen labels out of the set."""
        self.model.remove([index.row() for index in self.table.selectionModel().selectedRows()])

    @Slot(QModelIndex)
    def _begin_to_add(self, index: QModelIndex) -> None:
        """One click on the last row begins a new label."""
        if index.row() == len(self.model.labels) and index.column() == model.LABEL:
            self.table.edit(index)

    @Slot()
    def _show(self) -> None:
        """Show what the scores say."""
        self.table.setEnabled(self._session.encoder is not None)
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
