"""The list of kept layouts: open, rename, remove; and a line to keep the present one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.layout_shelf import LayoutShelf, ShelfRow
from vlm_explorer.widgets.controls import IconButton, Words, text_button
from vlm_explorer.widgets.menus import literal
from vlm_explorer.widgets.name_form import NameForm, clear_rows, row_line

_MOST = 6  # rows; of more the newest, the others by the command line


class KeptLayouts(QWidget):
    """A row a layout; renaming and removing happen in the row.

    Signals:
        resized(): it needs another height.
    """

    resized = Signal()

    def __init__(self, shelf: LayoutShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._renamed = self._removed = ""
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(4)
        self.column.addWidget(Words("Kept layouts", "heading", parent=self))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        self.column.addLayout(self._rows)
        self.form = NameForm("Keep this layout", "Name to keep this layout under", self)
        self.field, self.keep, self.problem = self.form.field, self.form.button, self.form.problem
        self.column.addWidget(self.form)
        self.form.named.connect(self._keep)
        shelf.changed.connect(self._show)
        shelf.failed.connect(self._fail)
        self._show()

    @Slot(str)
    def _keep(self, name: str) -> None:
        self._shelf.keep(name)
        self.field.clear()

    @Slot(str)
    def _fail(self, text: str) -> None:
        self.form.say(text)
        self.resized.emit()

    @Slot()
    def _show(self) -> None:
        """List them anew."""
        clear_rows(self._rows)
        rows = self._shelf.rows
        for row in rows[-_MOST:]:
            self._rows.addWidget(self._row(row))
        if not rows:
            self._rows.addWidget(Words("None yet. A kept layout opens at once.", "annotation"))
        elif len(rows) > _MOST:
            more = f"{len(rows) - _MOST} older ones: vlm-explorer layout COLLECTION --list"
            self._rows.addWidget(Words(more, "annotation"))
        can_keep = self._shelf.can_keep
        suggested = self._shelf.suggestion() if can_keep else "Kept already"
        self.form.offer(suggested, possible=can_keep)
        self.resized.emit()

    def _row(self, row: ShelfRow) -> QWidget:
        if row.name == self._renamed:
            return self._renaming(row)
        if row.name == self._removed:
            return self._removing(row)
        widget, line = _line()
        if row.current or row.foreign:
            line.addWidget(Words(row.name, "" if row.current else "secondary"), 1)
        else:
            name = text_button(literal(row.name), "link")
            name.setToolTip(f"Open “{row.name}” as it was kept")
            name.clicked.connect(lambda: self._shelf.open(row.name))
            line.addWidget(name)
        note = Words(f"{'shown · ' if row.current else ''}{row.note}", "annotation")
        note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(note, 1)
        for icon, title, slot in (
            ("ph.pencil-simple", f"Rename “{row.name}”", lambda: self._ask(row.name, "")),
            ("ph.trash", f"Remove “{row.name}”", lambda: self._ask("", row.name)),
        ):
            button = IconButton(icon, title)
            button.clicked.connect(slot)
            line.addWidget(button)
        return widget

    def _ask(self, renamed: str, removed: str) -> None:
        self._renamed, self._removed = renamed, removed
        self.form.say("")
        self._show()

    def _renaming(self, row: ShelfRow) -> QWidget:
        widget, line = _line()
        field = QLineEdit(row.name)
        field.setAccessibleName(f"New name of “{row.name}”")
        field.selectAll()

        def rename() -> None:
            self._renamed = ""
            self._shelf.rename(row.name, field.text().strip())
            self._show()

        field.returnPressed.connect(rename)
        line.addWidget(field, 1)
        _add_buttons(line, "Rename", rename, lambda: self._ask("", ""))
        field.setFocus()
        return widget

    def _removing(self, row: ShelfRow) -> QWidget:
        widget, line = _line()

        def remove() -> None:
            self._removed = ""
            self._shelf.remove(row.name)

        line.addWidget(Words(f"Remove “{row.name}” for good?"), 1)
        _add_buttons(line, "Remove", remove, lambda: self._ask("", ""))
        return widget


def _line() -> tuple[QWidget, QHBoxLayout]:
    widget = QWidget()
    return widget, row_line(widget)


def _add_buttons(
    line: QHBoxLayout, title: str, do: Callable[[], None], leave: Callable[[], None]
) -> None:
    for words, slot in ((title, do), ("Cancel", leave)):
        button = text_button(words)
        button.clicked.connect(slot)
        line.addWidget(button)
