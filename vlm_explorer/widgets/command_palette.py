"""The command palette: the table of actions, found by typing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.sheets import Sheet
from vlm_explorer.widgets.theme import ANNOTATION, font, theme

ROW = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


class CommandDelegate(QStyledItemDelegate):
    """Draws an action with its keys on the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        super().paint(painter, option, index)
        row: ActionRow = index.data(ROW)
        painter.save()
        painter.setFont(font(ANNOTATION))
        painter.setPen(theme().colour("secondary"))
        area = option.rect.adjusted(0, 0, -12, 0)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, flags, row.keys)
        painter.restore()


class CommandPalette(Sheet):
    """A field, and the actions whose titles hold every word in it."""

    def __init__(self, host: QWidget, rows: Sequence[ActionRow]) -> None:
        super().__init__(host, 520, 400)
        self._rows = list(rows)
        self.field = QLineEdit(self.panel)
        self.field.setPlaceholderText("What would you like to do?")
        self.field.setAccessibleName("Command")
        self.field.setMinimumHeight(36)
        self.list = QListWidget(self.panel)
        self.list.setProperty("clear", True)
        self.list.setItemDelegate(CommandDelegate(self.list))
        self.list.setAccessibleName("Commands")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.column.setContentsMargins(12, 12, 12, 12)
        self.column.setSpacing(8)
        self.column.addWidget(self.field)
        self.column.addWidget(self.list, 1)
        self.field.textChanged.connect(self._fill)
        self.field.returnPressed.connect(self._run)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._run)

    def open(self) -> None:
        """Show all actions, with an empty field."""
        self.field.clear()
        self._fill("")
        super().open()

    def first_focus(self) -> QWidget:
        """The field has the focus."""
        return self.field

    @Slot(str)
    def _fill(self, text: str) -> None:
        words = text.casefold().split()
        self.list.clear()
        for row in self._rows:
            if all(word in row.title.casefold() for word in words):
                item = QListWidgetItem(row.title)
                item.setData(ROW, row)
                self.list.addItem(item)
        self.list.setCurrentRow(0)

    @Slot()
    def _run(self) -> None:
        """Do what is chosen, once the sheet is out of the way."""
        if self.list.currentRow() < 0:
            return
        row: ActionRow = self.list.currentItem().data(ROW)
        self.dismiss()
        row.slot()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move through the list while the field keeps the focus."""
        if watched is self.field and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step is not None and event.type() == QEvent.Type.KeyPress:
                last = self.list.count() - 1
                self.list.setCurrentRow(max(0, min(last, self.list.currentRow() + step)))
                return True
            if event.key() == Qt.Key.Key_Escape:
                if event.type() == QEvent.Type.KeyPress:
                    self.dismiss()
                return True
        return super().eventFilter(watched, event)
