"""The cells of the table of labels: how they are drawn, and edited in place."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QPlainTextEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vlm_explorer.viewmodels import labels as model
from vlm_explorer.widgets.theme import BODY, font, theme

ROW = 28
DIGITS = 52  # px, room for a probability in digits
_LINES = QSize(320, 116)  # px, of the editor of several prompts

Index = QModelIndex | QPersistentModelIndex
_NUMBERS = (model.COSINE, model.Z, model.PERCENTILE)


class PromptLines(QPlainTextEdit):
    """Prompts, one a line; Ctrl+Enter or Tab takes them, Esc leaves them as they were.

    Signals:
        done(): they are to be taken.
    """

    done = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(f"{name}, one a line")
        self.setPlaceholderText("One a line · Ctrl+Enter when done")
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter is done; Enter alone begins a line."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.done.emit()
            return
        super().keyPressEvent(event)


class LabelDelegate(QStyledItemDelegate):
    """Draws a label, its prompts, scores in digits, and a probability as bar and digits."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        return QSize(0, ROW)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Return a field that fits into the row, or one of several lines over the window."""
        if index.column() in model.PROMPTS:
            # the table may be as low as two rows: the lines lie over whatever is around it
            lines = PromptLines(model.COLUMNS[index.column()], parent.window())
            lines.done.connect(partial(self._finish, lines, parent))
            return lines
        editor = QLineEdit(parent)
        editor.setProperty("inline", True)
        return editor

    def _finish(self, editor: PromptLines, viewport: QWidget) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)
        if (table := viewport.parentWidget()) is not None:
            table.setFocus()

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Begin with what is there; with nothing in the row that adds a label."""
        text = str(index.data(Qt.ItemDataRole.EditRole) or "")
        if isinstance(editor, PromptLines):
            editor.setPlainText(text)
            editor.selectAll()
        elif isinstance(editor, QLineEdit):
            editor.setText(text)
            editor.selectAll()

    def setModelData(self, editor: QWidget, model_: QAbstractItemModel, index: Index) -> None:
        """Take what was written."""
        if isinstance(editor, PromptLines):
            model_.setData(index, editor.toPlainText())
        elif isinstance(editor, QLineEdit):
            model_.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Put a field into its row, and lines where the window has room for them."""
        if not isinstance(editor, PromptLines):
            super().updateEditorGeometry(editor, option, index)
            return
        window, table = editor.window(), option.widget
        viewport = getattr(table, "viewport", lambda: table)()
        corner = viewport.mapTo(window, option.rect.topLeft()) - QPoint(0, 2)
        width = max(_LINES.width(), option.rect.width())
        left = max(0, min(corner.x(), window.width() - width - 8))
        top = max(0, min(corner.y(), window.height() - _LINES.height() - 8))
        editor.setGeometry(QRect(left, top, width, _LINES.height()))
        editor.raise_()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell."""
        self.initStyleOption(option, index)
        text, option.text = option.text, ""
        style = option.widget.style()
        style.drawControl(style.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        painter.save()
        area, left = option.rect.adjusted(12, 0, -8, 0), Qt.AlignmentFlag.AlignLeft
        if index.column() == model.LABEL:
            self._paint_label(painter, area, text, index)
        elif index.column() in model.PROMPTS:
            role = "secondary" if index.data(model.DEFAULT) else "text"
            self._write(painter, area, text, role, left)
        elif index.column() in _NUMBERS:
            role = "secondary" if index.column() == model.COSINE else "text"
            self._write(painter, area, text, role, Qt.AlignmentFlag.AlignRight)
        else:
            self._paint_probability(painter, area, text, index)
        painter.restore()

    def _paint_label(self, painter: QPainter, area: QRect, text: str, index: Index) -> None:
        adding = index.data(Qt.ItemDataRole.EditRole) is None
        weight = QFont.Weight.DemiBold if index.data(model.BEST) else QFont.Weight.Normal
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
