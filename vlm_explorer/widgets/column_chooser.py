"""Chooses a column: a field to search by, and the columns grouped by where they come from."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vlm_explorer.viewmodels.columns import OF_LABELS, Columns, Offer
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.theme import ANNOTATION, font, icon, theme

KEY = Qt.ItemDataRole.UserRole
_NOTE = Qt.ItemDataRole.UserRole + 1
_FOLDED = Qt.ItemDataRole.UserRole + 2  # the group that a row unfolds
_WIDTH, _HEIGHT, _ROW = 300, 320, 28
Index = QModelIndex | QPersistentModelIndex
_STEPS = {
    Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8,
}  # fmt: skip


class ColumnDelegate(QStyledItemDelegate):
    """Draws a column with what its values are on the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        super().paint(painter, option, index)
        note = index.data(_NOTE)
        if note:
            painter.save()
            painter.setFont(font(ANNOTATION))
            painter.setPen(theme().colour("secondary"))
            area = option.rect.adjusted(0, 0, -8, 0)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area, flags, note)
            painter.restore()


class ColumnChooser(Flyout):
    """Lists the columns whose titles hold every word in the field.

    Groups of a column a label are folded until they are opened, or something is searched for.

    Signals:
        chosen(key): a column, or "" for none.
    """

    chosen = Signal(str)

    def __init__(
        self,
        owner: QWidget,
        columns: Columns,
        title: str,
        present: str = "",
        *,
        numbers: bool = False,
        none: str = "",
    ) -> None:
        """List columns.

        Args:
            owner: what the list opens at.
            columns: of the session.
            title: "Colour by".
            present: key of the present choice.
            numbers: whether only columns of numbers can be chosen.
            none: what choosing no column is called; "": one has to be chosen.
        """
        super().__init__(owner, _WIDTH)
        self._columns, self._present = columns, present
        self._numbers, self._none = numbers, none
        self._unfolded: set[str] = set()
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Search columns")
        self.field.setAccessibleName(f"{title}: search columns")
        self.field.setClearButtonEnabled(True)
        self.list = QListWidget(self)
        self.list.setProperty("clear", True)
        self.list.setItemDelegate(ColumnDelegate(self.list))
        self.list.setAccessibleName(title)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFixedHeight(_HEIGHT)
        self.column.addWidget(Words(title, "heading"))
        self.column.addWidget(self.field)
        self.column.addWidget(self.list, 1)
        self.field.textChanged.connect(self._fill)
        self.field.returnPressed.connect(self._choose)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._choose)
        columns.changed.connect(self._list_again)
        self._fill("")

    def first_focus(self) -> QWidget:
        """The field has the focus, and moves through the list."""
        return self.field

    @Slot()
    def _list_again(self) -> None:
        self._fill(self.field.text())

    @Slot(str)
    def _fill(self, text: str) -> None:
        self.list.clear()
        if self._none and not text.strip():
            self._add(self._none, "", "")
        for group, offers in self._columns.found(text, numbers=self._numbers):
            if self._folds(group, offers, text):
                self._add(group, "", f"{len(offers)} columns", folded=group)
                continue
            self._add_heading(group)
            for offer in offers:
                title = offer.title[:1].upper() + offer.title[1:]
                self._add(title, offer.key, "number" if offer.is_number else "")
        if not self.list.count():
            self._add_heading("No column of that name")
        self._step(0)

    def _folds(self, group: str, offers: tuple[Offer, ...], text: str) -> bool:
        """Return whether a group is shown as a single row."""
        used = any(offer.key == self._present for offer in offers)
        many = group in OF_LABELS and len(offers) > 1
        return many and not used and not text.strip() and group not in self._unfolded

    def _add(self, title: str, key: str, note: str, *, folded: str = "") -> None:
        item = QListWidgetItem(icon("ph.caret-right", "secondary") if folded else QIcon(), title)
        item.setData(KEY, key)
        item.setData(_FOLDED, folded)
        used = key == self._present and not folded
        item.setData(_NOTE, "in use" if used else note)
        item.setToolTip(title)
        self.list.addItem(item)
        if used and (key or self._none):
            self.list.setCurrentItem(item)

    def _add_heading(self, title: str) -> None:
        item = QListWidgetItem(title)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setFont(font(ANNOTATION))
        item.setForeground(theme().colour("secondary"))
        self.list.addItem(item)

    def _step(self, step: int) -> None:
        """Go to the next column that can be chosen, over headings."""
        rows = [
            row
            for row in range(self.list.count())
            if self.list.item(row).flags() & Qt.ItemFlag.ItemIsEnabled
        ]
        if not rows:
            return
        here = self.list.currentRow()
        place = rows.index(here) if here in rows else (0 if step >= 0 else len(rows))
        place = place + step if here in rows else place
        self.list.setCurrentRow(rows[max(0, min(len(rows) - 1, place))])
        if place <= 0:
            self.list.scrollToTop()

    @Slot()
    def _choose(self) -> None:
        item = self.list.currentItem()
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        if folded := item.data(_FOLDED):
            self._unfold(folded)
            return
        key = str(item.data(KEY))
        self.close()
        self.chosen.emit(key)

    def _unfold(self, group: str) -> None:
        """Show the columns of a group, the first of them chosen."""
        self._unfolded.add(group)
        self._fill(self.field.text())
        heading = self.list.findItems(group, Qt.MatchFlag.MatchExactly)[0]
        self.list.setCurrentRow(self.list.row(heading) + 1)
        self.list.scrollToItem(heading, QListWidget.ScrollHint.PositionAtTop)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move through the list while the field keeps the focus."""
        if watched is self.field and isinstance(event, QKeyEvent):
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None and event.type() == QEvent.Type.KeyPress:
                self._step(step)
                return True
        return super().eventFilter(watched, event)
