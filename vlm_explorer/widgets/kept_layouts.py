"""The list of kept layouts: open, rename, remove; and a line to keep the present one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.layout_shelf import LayoutShelf, ShelfRow
from vlm_explorer.widgets.controls import IconButton, Words, text_button
from vlm_explorer.widgets.menus import literal

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
        self.field = QLineEdit(self)
        self.field.setAccessibleName("Name to keep this layout under")
        self.keep = text_button("Keep this layout", parent=self)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.field, 1)
        line.addWidget(self.keep)
        self.column.addLayout(line)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "annotation-warning")
        self.problem.hide()
        self.column.addWidget(self.problem)
        self.field.returnPressed.connect(self._keep)
        self.keep.clicked.connect(self._keep)
        shelf.changed.connect(self._show)
        shelf.failed.connect(self._fail)
        self._show()

    @Slot()
    def _keep(self) -> None:
        self.problem.hide()
        self._shelf.keep(self.field.text().strip() or self._shelf.suggestion())
        self.field.clear()

    @Slot(str)
    def _fail(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.show()
        self.resized.emit()

    @Slot()
    def _show(self) -> None:
        """List them anew."""
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        rows = self._shelf.rows
        for row in rows[-_MOST:]:
            self._rows.addWidget(self._row(row))
        if not rows:
            self._rows.addWidget(Words("None yet. A kept layout opens at once.", "annotation"))
        elif len(rows) > _MOST:
            more = f"{len(rows) - _MOST} older ones: vlm-explorer layout COLLECTION --list"
            self._rows.addWidget(Words(more, "annotation"))
        can_keep = self._shelf.can_keep
        self.field.setEnabled(can_keep)
        self.keep.setEnabled(can_keep)
        self.field.setPlaceholderText(self._shelf.suggestion() if can_keep else "Kept already")
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
        self.problem.hide()
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
    line = QHBoxLayout(widget)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(4)
    return widget, line


def _add_buttons(
    line: QHBoxLayout, title: str, do: Callable[[], None], leave: Callable[[], None]
) -> None:
    for words, slot in ((title, do), ("Cancel", leave)):
        button = text_button(words)
        button.clicked.connect(slot)
        line.addWidget(button)
