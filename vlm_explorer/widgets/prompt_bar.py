"""The prompt bar: one line of text that ranks all images, and what the encoder makes of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.prompt import Prompt
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.theme import icon, theme, themes

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

    def grey(self, words: frozenset[str]) -> None:
        """Draw these words in the colour of what is switched off."""
        faint = QTextCharFormat()
        faint.setForeground(theme().colour("disabled"))
        attributes = []
        place = 0
        for word in self.text().split(" "):
            if word.strip(".,;:!?()“”\"'") in words or word in words:
                attributes.append(
                    QInputMethodEvent.Attribute(
                        QInputMethodEvent.AttributeType.TextFormat,
                        place - self.cursorPosition(),
                        len(word),
                        faint,
                    )
                )
            place += len(word) + 1
        self.event(QInputMethodEvent("", attributes))


class PromptBar(QWidget):
    """Field, chip of "more like this", and a line that says what happened."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._prompt = Prompt(session, self)
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.field = PromptField(self._prompt, self)
        self.chip = QPushButton(self)
        self.note = Words("", "annotation", parent=self)
        self._glass = QAction(self)
        self.field.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._set_up_chip()
        self._lay_out()
        self.field.textChanged.connect(self._prompt.type)
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 4)
        layout.setSpacing(2)
        layout.addLayout(row)
        note = QHBoxLayout()
        note.setContentsMargins(12, 0, 0, 0)
        note.addWidget(self.note)
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
        """Follow what is searched for, wherever that was said."""
        query = self._session.query
        self.chip.setVisible(query.like is not None)
        if query.text and query.text != self.field.text().strip():
            self.field.setText(query.text)
        elif query.like is not None:
            self.field.clear()
        self._show_reading()

    @Slot()
    def _show_reading(self) -> None:
        prompt = self._prompt
        self.field.grey(frozenset(prompt.unknown) | frozenset(prompt.unread))
        self.note.setText(self._words())
        warned = bool(prompt.unknown or prompt.unread)
        self.note.setProperty("role", "annotation-warning" if warned else "annotation")
        self.note.style().polish(self.note)

    def _words(self) -> str:
        """Return one sentence: what has no effect, what was found, or what to do."""
        prompt, query = self._prompt, self._session.query
        if prompt.unknown:
            return f"This encoder never met: {', '.join(prompt.unknown)}. Try other words."
        if prompt.unread:
            first = " ".join(prompt.unread[:4])
            return f"Too long for this encoder: it reads nothing from “{first}” on."
        if query.active and query.pending:
            waiting = self._session.encoder is None
            return "Waiting for the encoder" if waiting else "Ranking"
        if query.answer is not None and query.answer.hits:
            best = query.answer.hits[0].cosine
            return (
                f"{len(query.answer.cosine):,} images ranked · best cosine {numbers.cosine(best)}"
            )
        if self._session.collection is None:
            return ""
        return "Enter ranks all images and places a star on the map"
