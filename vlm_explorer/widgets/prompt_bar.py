"""The prompt bar: one line of text that ranks all images, and what the encoder makes of it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Slot
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.prompt import Prompt
from vlm_explorer.viewmodels.prompt_words import (
    answer_in_words,
    tokens_in_words,
    warning_in_words,
    words_without_effect,
)
from vlm_explorer.viewmodels.query_terms import QueryTerms
from vlm_explorer.viewmodels.results import IMAGE_MIME
from vlm_explorer.viewmodels.scan_texts import ScanTexts
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import IconButton, Words
from vlm_explorer.widgets.drop_target import dropped_paths
from vlm_explorer.widgets.prompt_field import PromptField, shows_images
from vlm_explorer.widgets.qimages import to_pixels
from vlm_explorer.widgets.query_chips import QueryChips
from vlm_explorer.widgets.query_saved import SavedQueries
from vlm_explorer.widgets.scan_texts import ScanTextsPanel
from vlm_explorer.widgets.theme import icon, themes
from vlm_explorer.widgets.window_undo import WindowUndo

HEIGHT = 72  # px: field, note, and the distances around them
_CHIPS = 32  # px more with a row of chips
_DROP = "Drop to search for images like it"


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
        self.save = IconButton("ph.bookmark-simple", "Saved queries", "Ctrl+Shift+D", parent=self)
        self.save.clicked.connect(self.open_saved)
        self.chips = QueryChips(session, self._prompt.terms, self)
        self.chips.emptied.connect(self.focus_field)
        self._dragged = False
        self.setAcceptDrops(True)
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
        self.field.images_given.connect(self.take_images)
        self._prompt.taken.connect(self.field.clear)
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
        row.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 4)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.chips)
        note = QHBoxLayout()
        note.setContentsMargins(12, 0, 0, 0)
        note.setSpacing(12)
        note.addWidget(self.note, 1)
        note.addWidget(self.tokens)
        layout.addLayout(note)

    @property
    def terms(self) -> QueryTerms:
        """What is searched for, as chips."""
        return self._prompt.terms

    @Slot()
    def open_saved(self) -> None:
        """Offer the saved queries, and to save this one."""
        SavedQueries(self.save, self._session, self._session.shelf).open()

    def open_texts(self, image_id: str | None) -> None:
        """List which texts describe a scan."""
        ScanTextsPanel(self.field, ScanTexts(self._session, image_id)).open()

    @Slot(QMimeData)
    def take_images(self, data: QMimeData) -> None:
        """Search for images like those that were dropped or pasted."""
        if data.hasFormat(IMAGE_MIME):
            self.terms.add_images([bytes(data.data(IMAGE_MIME).data()).decode()])
        elif files := dropped_paths(data):
            self.terms.add_files(files)
        elif not (image := QImage(data.imageData())).isNull():
            self.terms.add_pixels(to_pixels(image))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images; folders are opened by the window."""
        if self._session.collection is not None and shows_images(event.mimeData()):
            event.acceptProposedAction()
            self._say_dragged(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Forget about it."""
        self._say_dragged(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Search for what was dropped."""
        self._say_dragged(False)
        event.acceptProposedAction()
        self.take_images(event.mimeData())

    def _say_dragged(self, dragged: bool) -> None:
        self._dragged = dragged
        self._show_reading()

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
        self.chips.setVisible(self.chips.wanted)
        self.setFixedHeight(HEIGHT + (_CHIPS if self.chips.wanted else 0))
        self._show_pin()
        if (query.text, query.like) != self._followed:
            moved = bool(query.terms) and self.field.text().strip() == self._followed[0]
            self._followed = query.text, query.like
            if query.text and query.text != self.field.text().strip():
                self.field.setText(query.text)
            elif query.like is not None or (
                not query.text and (moved or self._session.history.restoring)
            ):
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
        refused = self._prompt.refused and bool(self._prompt.wrong)
        _warn(self.note, refused or bool(warning_in_words(reading)))
        _warn(self.tokens, too_long)

    def _words(self) -> str:
        """Return one sentence: what has no effect, what was found, or what to do."""
        query = self._session.query
        if self._dragged:
            return _DROP
        if said := self._prompt.wrong or self._prompt.expected:
            return said
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
