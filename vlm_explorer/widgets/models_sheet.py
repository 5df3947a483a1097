"""The sheet of models: every encoder, what it is for, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.encoder_list import LEADING
from vlm_explorer.viewmodels.model_rows import ModelRows
from vlm_explorer.viewmodels.models_desk import ModelsDesk
from vlm_explorer.widgets.compute_row import ComputeRow
from vlm_explorer.widgets.controls import EmptyState, IconButton, Line, Words, text_button
from vlm_explorer.widgets.model_import_form import ModelImportForm
from vlm_explorer.widgets.model_list import ModelList
from vlm_explorer.widgets.model_page import ModelPage
from vlm_explorer.widgets.sheets import Sheet

WIDTH, HEIGHT = 1000, 660  # px
LIST = 320
PAGE, IMPORT, NOTHING = 0, 1, 2  # places in the stack


class ModelsSheet(Sheet):
    """List on the left, the chosen encoder or the import form on the right."""

    def __init__(self, host: QWidget, desk: ModelsDesk, shown: str = "") -> None:
        super().__init__(host, WIDTH, HEIGHT, still=True)
        self._desk = desk
        self._wanted = shown or desk.switch.current or LEADING
        self._rows = ModelRows(desk.shelf, self)
        self.setAccessibleName("Encoders")
        self.filter = QLineEdit(self.panel)
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter the encoders")
        self.filter.setClearButtonEnabled(True)
        self.add = text_button("Import", parent=self.panel)
        self.add.setToolTip("Import an encoder from a folder or a file")
        self.close_button = IconButton("ph.x", "Close", "Esc", parent=self.panel)
        self.list = ModelList(self._rows, self.panel)
        self.page = ModelPage(desk.shelf, self.panel)
        self.form = ModelImportForm(desk.importing, self.panel)
        self.stack = QStackedWidget(self.panel)
        self.compute = ComputeRow(desk.compute, self.panel)
        self.disk = Words("", "annotation", parent=self.panel)
        self._lay_out()
        self._connect()
        self._list()
        desk.shelf.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(20, 12, 12, 12)
        head.setSpacing(8)
        head.addWidget(Words("Encoders", "title", parent=self.panel), 1)
        self.filter.setFixedWidth(200)
        head.addWidget(self.filter)
        head.addWidget(self.add)
        head.addWidget(self.close_button)
        for part in (self.page, self.form, EmptyState("No encoder has these words.")):
            self.stack.addWidget(part)
        self.list.setFixedWidth(LIST)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.list)
        body.addWidget(Line(vertical=True, parent=self.panel))
        right = QVBoxLayout()
        right.setContentsMargins(0, 16, 0, 0)
        right.addWidget(self.stack)
        body.addLayout(right, 1)
        self.compute.setContentsMargins(20, 8, 20, 8)
        self.compute.row.addWidget(self.disk)
        self.column.setContentsMargins(1, 0, 1, 0)
        self.column.setSpacing(0)
        self.column.addLayout(head)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(body, 1)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addWidget(self.compute)

    def _connect(self) -> None:
        self.close_button.clicked.connect(self.dismiss)
        self.add.clicked.connect(self.open_import)
        self.form.left.connect(self._show_page)
        self.filter.textChanged.connect(self._rows.set_filter)
        self.filter.returnPressed.connect(self.list.setFocus)
        self.list.filtering.connect(self.filter.setFocus)
        self.list.chosen.connect(self._choose)
        self.list.accepted.connect(lambda _id: self.page.offers.press())
        self.list.unwanted.connect(lambda _id: self.page.offers.press_verb("remove"))
        self._rows.modelReset.connect(self._show_whether_any)
        self._desk.shelf.listed.connect(self._list)
        self._desk.importing.imported.connect(self._show_imported)

    def open(self) -> None:
        """Show the sheet, and in the list as much from its top as leaves the chosen one in view."""
        super().open()
        self.list.reveal()

    def first_focus(self) -> QWidget:
        """The list has the focus."""
        return self.list

    def open_import(self) -> None:
        """Show the form that imports an encoder."""
        self.stack.setCurrentIndex(IMPORT)
        self.list.clearSelection()
        self.form.path.setFocus()

    @Slot(str)
    def _choose(self, id_: str) -> None:
        self.page.show_model(id_)
        self.stack.setCurrentIndex(PAGE)

    @Slot()
    def _show_page(self) -> None:
        self.list.choose(self.list.current)
        self.stack.setCurrentIndex(PAGE)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _show_whether_any(self) -> None:
        """Say so where the filter leaves nothing."""
        if self.stack.currentIndex() != IMPORT:
            self.stack.setCurrentIndex(PAGE if self._rows.first else NOTHING)

    @Slot()
    def _list(self) -> None:
        """Choose the encoder that was asked for, as soon as it is listed."""
        shelf = self._desk.shelf
        self.disk.setText(f"Disk used: {numbers.size(shelf.disk) or 'none'}")
        self.disk.setToolTip("By encoders that were fetched or imported")
        if not shelf.models:
            return
        if self._wanted:
            self.list.choose(self._wanted)
            if self.list.current == self._wanted:
                self._wanted = ""
        else:
            self._show_whether_any()

    @Slot(str)
    def _show_imported(self, id_: str) -> None:
        self._wanted = id_
        self.filter.clear()
        self._desk.shelf.refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape first leaves the form, or clears the filter."""
        escape = event.key() == Qt.Key.Key_Escape
        if escape and self.stack.currentIndex() == IMPORT:
            self._show_page()
        elif escape and self.filter.text():
            self.filter.clear()
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)
