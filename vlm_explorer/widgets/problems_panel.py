"""The problems: files that gave no image, and why."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.problems import ProblemsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.trying_again import can_try_again, try_again
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.controls import EmptyState, Words, text_button

ROW = 28
WIDTHS = (280, 120)


class ProblemsPanel(QWidget):
    """The tab of problems."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ProblemsModel(session, self)
        self.table = QTableView(self)
        self.sentence = Words("", "secondary", parent=self)
        self.copy = text_button("Copy all", "quiet", self)
        self.copy.setToolTip("Copies file, kind and reason of every row")
        self.copy.clicked.connect(self.copy_all)
        self.again = text_button("Try again", "quiet", self)
        self.again.setToolTip(
            "Unreadable files are left alone until they, or what decodes them, have changed"
        )
        self.again.clicked.connect(lambda: try_again(session))
        self._session = session
        self._set_up_table()
        self._lay_out()
        self.model.changed.connect(self._show)
        install(self.actions_table(), self.table)
        self._show()

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Files that gave no image")
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setStretchLastSection(True)
        for column, width in enumerate(WIDTHS):
            table.setColumnWidth(column, width)

    def _lay_out(self) -> None:
        content = QWidget(self)
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 12, 0)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.again)
        row.addWidget(self.copy)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(content)
        self._stack.addWidget(EmptyState("Every file gave an image.", self))

    def actions_table(self) -> list[ActionRow]:
        """Return the keys of the table."""
        return [ActionRow("problems.copy", "Copy the chosen rows", "Ctrl+C", self.copy_chosen)]

    @Slot()
    def copy_all(self) -> None:
        """Copy every row as tab-separated text."""
        QGuiApplication.clipboard().setText(self.model.as_text())

    def copy_chosen(self) -> None:
        """Copy the chosen rows as tab-separated text."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        if rows:
            QGuiApplication.clipboard().setText(self.model.as_text(rows))

    @Slot()
    def _show(self) -> None:
        listed = self.model.rowCount()
        harmless = listed - self.model.losses
        parts = [self.model.sentence] if self.model.losses else []
        if harmless:
            other = "other " if parts else ""
            files = "file" if harmless == 1 else "files"
            parts.append(f"{harmless:,} {other}{files} gave no image.")
        self.sentence.setText(" ".join(parts))
        self.again.setVisible(self.model.losses > 0 and can_try_again(self._session))
        self._stack.setCurrentIndex(0 if listed else 1)
