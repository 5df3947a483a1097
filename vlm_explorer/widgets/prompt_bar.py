"""The prompt bar: one line of text that ranks all images, and what the encoder makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.prompt import Prompt
from vlm_explorer.viewmodels.prompt_words import (
    answer_in_words,
    tokens_in_words,
    warning_in_words,
    words_without_effect,
)
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import IconButton, Words
from vlm_explorer.widgets.theme import icon, theme, themes
from vlm_explorer.widgets.window_undo import WindowUndo

HEIGHT = 72  # px: field, note, and the distances around them


class PromptField(QLineEdit):
    """The field itself: greys the words that have no effect, and walks through the history.

    Signals:
        left_down(): the down key was pressed where nothing comes later.
    """

    left_down = Signal()

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
        else:
            super().keyPressEvent(event)

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


class PromptBar(QWidget):
    """Field, chip of "more like this", and a line that says what happened."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._prompt = Prompt(session, self)
        self._followed: tuple[str, str | None] = ("", None)
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.field = PromptField(self._prompt, self)
        WindowUndo(self.field)
        self.chip = QPushButton(self)
        self.pin = IconButton("ph.push-pin", "Pin the prompt to the map", "Ctrl+P", parent=self)
        self.pin.clicked.connect(session.pins.pin_prompt)
        session.pins.changed.connect(self._show_pin)
        self.note = Words("", "annotation", parent=self)
        self.tokens = QLabel(self)
        self.tokens.setProperty("role", "annotation")
        self.tokens.setToolTip(
            "How much of the encoder's window for text the prompt takes. A word is one token or a "
            "few; what lies beyond the window is not read"
        )
        self._glass = QAction(self)
        self.field.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._set_up_chip()
        self._lay_out()
        self.field.textChanged.connect(self._prompt.type)
        self.field.textEdited.connect(self._prompt.edit)
        self.field.returnPressed.connect(self._prompt.enter)
        self._prompt.read.connect(self._show_reading)
        session.query_changed.connect(self._show_query)
        session.encoder_changed.connect(self._show_reading)
        session.collection_changed.connect(self._greet)
        themes.changed.connect(self._tint)
        self._tint()
        self._show_query()

    def _set_up_chip(self) -> None:
        self.chip.setProperty("chip", True)
        self.chip.setText("More like this")
        self.chip.setAccessibleName("Stop searching images like this one")
        self.chip.setToolTip("Ranked by likeness to one image. Click to stop (Esc)")
        self.chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the cross on the right
        self.chip.setIconSize(QSize(12, 12))
        self.chip.clicked.connect(self._session.clear_query)
        self.chip.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.chip)
        row.addWidget(self.pin)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 4)
        layout.setSpacing(2)
        layout.addLayout(row)
        note = QHBoxLayout()
        note.setContentsMargins(12, 0, 0, 0)
        note.setSpacing(12)
        note.addWidget(self.note, 1)
        note.addWidget(self.tokens)
        layout.addLayout(note)

    def focus_field(self) -> None:
        """Put the cursor into the field, all of its text selected."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def clear(self) -> None:
        """Search for nothing."""
        self.field.clear()
        self._session.clear_query()

    @Slot()
    def _tint(self) -> None:
        self._glass.setIcon(icon("ph.magnifying-glass", "secondary"))
        self.chip.setIcon(icon("ph.x", "accent"))
        self._show_reading()

    @Slot()
    def _greet(self) -> None:
        """An empty field for another collection."""
        if self._session.collection is None:
            self.field.clear()

    @Slot()
    def _show_query(self) -> None:
        """Follow what is searched for, wherever that was said; an answer leaves the field alone.

        By the time it comes, more may have been typed.
        """
        query = self._session.query
        self.chip.setVisible(query.like is not None)
        self._show_pin()
        if (query.text, query.like) != self._followed:
            self._followed = query.text, query.like
            if query.text and query.text != self.field.text().strip():
                self.field.setText(query.text)
            elif query.like is not None or (self._session.history.restoring and not query.text):
                self.field.clear()
        self._show_reading()

    @Slot()
    def _show_pin(self) -> None:
        self.pin.setEnabled(self._session.pins.can_pin)

    @Slot()
    def _show_reading(self) -> None:
        prompt, reading = self._prompt, self._prompt.reading
        self.field.grey(words_without_effect(prompt.text, reading, stale=prompt.stale))
        self.note.setText(self._words())
        self.tokens.setText(tokens_in_words(reading))
        too_long = reading is not None and bool(reading.unread)
        _warn(self.note, bool(warning_in_words(reading)))
        _warn(self.tokens, too_long)

    def _words(self) -> str:
        """Return one sentence: what has no effect, what was found, or what to do."""
        query = self._session.query
        if warning := warning_in_words(self._prompt.reading):
            return warning
        if query.active and query.pending:
            waiting = self._session.encoder is None
            return "Waiting for the encoder" if waiting else "Ranking"
        if query.answer is not None and query.answer.hits:
            return answer_in_words(query.answer)
        if self._session.collection is None:
            return ""
        return "Typing ranks all images and places a star on the map"


def _warn(label: QLabel, warned: bool) -> None:
    """Draw a label as a warning, or as what it is otherwise."""
    label.setProperty("role", "annotation-warning" if warned else "annotation")
    label.style().polish(label)
