"""A line to name something and keep it, with what went wrong beneath; rows of what is kept."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from vlm_explorer.widgets.controls import text_button


class NameForm(QWidget):
    """A field and its button; left empty, the field stands for its suggestion.

    Signals:
        named(str): the user wants it kept under this name.
    """

    named = Signal(str)

    def __init__(self, title: str, called: str, parent: QWidget | None = None) -> None:
        """Title the button, and call the field for those who cannot see it."""
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.field = QLineEdit(self)
        self.field.setAccessibleName(called)
        self.button = text_button(title, parent=self)
        line = row_line()
        line.setSpacing(8)
        line.addWidget(self.field, 1)
        line.addWidget(self.button)
        column.addLayout(line)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "annotation-warning")
        self.problem.hide()
        column.addWidget(self.problem)
        self.field.returnPressed.connect(self._name)
        self.button.clicked.connect(self._name)

    def offer(self, suggestion: str, *, possible: bool) -> None:
        """Suggest a name, or say why nothing can be kept."""
        for part in (self.field, self.button):
            part.setEnabled(possible)
        self.field.setPlaceholderText(suggestion)

    def say(self, text: str) -> None:
        """Say what went wrong; "" for nothing."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    @Slot()
    def _name(self) -> None:
        self.say("")
        self.named.emit(self.field.text().strip() or self.field.placeholderText())


def row_line(parent: QWidget | None = None) -> QHBoxLayout:
    """Return the line of a row, without margins."""
    line = QHBoxLayout() if parent is None else QHBoxLayout(parent)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(4)
    return line


def clear_rows(rows: QVBoxLayout) -> None:
    """Take all rows away."""
    while (item := rows.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
