"""Which method explains: a list of all, each with a line of what it shows, or why it does not."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.saliency_states import AUTO, METHODS, OFF, title_of
from vlm_explorer.widgets.controls import ChoiceBox
from vlm_explorer.widgets.theme import ANNOTATION, font, theme

_HINT = Qt.ItemDataRole.UserRole + 1
_ROW, _LIST, _WIDTH = 44, 400, 164  # px
_EDGE = 12
Index = QModelIndex | QPersistentModelIndex


class MethodDelegate(QStyledItemDelegate):
    """Draws a method's name, and below it what it shows."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines."""
        return QSize(_LIST, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        painter.save()
        there = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour("hover"))
            painter.drawRoundedRect(option.rect.adjusted(2, 1, -2, -1), 4, 4)
        area = option.rect.adjusted(_EDGE, 5, -_EDGE, -5)
        upper = QRect(area.left(), area.top(), area.width(), area.height() // 2)
        lower = upper.translated(0, area.height() // 2)
        name, hint = index.data(Qt.ItemDataRole.DisplayRole), index.data(_HINT)
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        if not there:
            painter.setPen(theme().colour("disabled"))
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(font(ANNOTATION))
        painter.setPen(theme().colour("secondary"))
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(hint, Qt.TextElideMode.ElideRight, lower.width())
        painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


class MethodBox(ChoiceBox):
    """A choice of methods; those that do not apply to the encoder are greyed, with the reason."""

    def __init__(self, model: SaliencyModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._items = QStandardItemModel(self)
        for method, (title, hint) in {"off": OFF, "auto": AUTO, **METHODS}.items():
            item = QStandardItem(title)
            item.setData(method, Qt.ItemDataRole.UserRole)
            item.setData(hint, _HINT)
            self._items.appendRow(item)
        self.setModel(self._items)
        self.setItemDelegate(MethodDelegate(self))
        self.setMaxVisibleItems(self._items.rowCount())
        self.setFixedWidth(_WIDTH)
        self.view().setMinimumWidth(_LIST)
        self.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setAccessibleName("Overlay")
        model.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Bring the list in line with the encoder and the choice."""
        model = self._model
        for row in range(self._items.rowCount()):
            item = self._items.item(row)
            method = item.data(Qt.ItemDataRole.UserRole)
            reason = model.reasons.get(method, "")
            hint = METHODS[method].hint if method in METHODS else item.data(_HINT)
            words = f"Not here: {reason}" if reason else hint
            if item.data(_HINT) != words:
                item.setData(words, _HINT)
                item.setToolTip(words)
                item.setData(words, Qt.ItemDataRole.AccessibleDescriptionRole)
            if item.isEnabled() == bool(reason):
                item.setEnabled(not reason)
        self.setCurrentIndex(self.findData(model.choice.method))
        now = f": {title_of(model.method)}" if model.choice.method == "auto" else ""
        self.setToolTip(f"What lies over the scan{now}")
