"""The field for the prompt: greys what has no effect, and walks through what was entered before."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QTextCharFormat,
)
from PySide6.QtWidgets import QLineEdit, QWidget

from vlm_explorer.viewmodels.prompt import Prompt
from vlm_explorer.viewmodels.results import IMAGE_MIME
from vlm_explorer.widgets.drop_target import dropped_paths
from vlm_explorer.widgets.theme import theme


def shows_images(data: QMimeData) -> bool:
    """Whether what is dragged or pasted are images to search for: pixels, files, or a tile."""
    files = [path for path in dropped_paths(data) if path.is_file()]
    return data.hasFormat(IMAGE_MIME) or data.hasImage() or bool(files)


class PromptField(QLineEdit):
    """The field itself: greys the words that have no effect, and walks through the history.

    Signals:
        left_down(): the down key was pressed where nothing comes later.
        images_given(data): images were pasted.
    """

    left_down = Signal()
    images_given = Signal(QMimeData)

    def __init__(self, prompt: Prompt, parent: QWidget) -> None:
        super().__init__(parent)
        self._prompt = prompt
        self.setPlaceholderText("Describe what to look for, such as “left pleural effusion”")
        self.setAccessibleName("Prompt")
        self.setProperty("large", True)
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down bring back what was entered before; below that lie the results."""
        if event.key() == Qt.Key.Key_Up:
            self.setText(self._prompt.earlier())
        elif event.key() == Qt.Key.Key_Down and self._prompt.at_the_end:
            self.left_down.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.setText(self._prompt.later())
        elif event.key() == Qt.Key.Key_Backspace and not self.text() and self._prompt.terms.terms:
            self._prompt.terms.remove(len(self._prompt.terms.terms) - 1)
        elif event.matches(QKeySequence.StandardKey.Paste) and self._holds_images():
            self.images_given.emit(QGuiApplication.clipboard().mimeData())
        else:
            super().keyPressEvent(event)

    def _holds_images(self) -> bool:
        """Whether the clipboard holds a picture or files; a text comes first."""
        held = QGuiApplication.clipboard().mimeData()
        return shows_images(held) and (held.hasUrls() or not held.hasText())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Leave images to the bar: the field would take their names."""
        if shows_images(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def grey(self, places: Sequence[tuple[int, int]]) -> None:
        """Draw words in the colour of what is switched off, by their start and length."""
        faint = QTextCharFormat()
        faint.setForeground(theme().colour("disabled"))
        attributes = [
            QInputMethodEvent.Attribute(
                QInputMethodEvent.AttributeType.TextFormat,
                start - self.cursorPosition(),
                length,
                faint,
            )
            for start, length in places
        ]
        self.event(QInputMethodEvent("", attributes))
