"""Messages inside the window: one line above the strip, with what to do next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from vlm_explorer.viewmodels.messages import Messages
from vlm_explorer.widgets.controls import GlyphLabel, IconButton, text_button

GLYPHS = {
    "info": ("ph.info", "accent"),
    "warning": ("ph.warning", "warning"),
    "error": ("ph.warning-circle", "danger"),
}
LINGER = 8000  # ms; what is still to be seen elsewhere goes by itself, the rest is dismissed
MARGIN = 16
WIDEST = 760


@dataclass(frozen=True, slots=True)
class Note:
    """A message, and what a button on it does."""

    level: str
    text: str
    hint: str = ""
    button: str = ""
    slot: Callable[[], object] | None = None


class Toast(QWidget):
    """Lies over the lower edge of `host`; shows one message after the other.

    Signals:
        emptied(): there is nothing more to say.
    """

    emptied = Signal()

    def __init__(self, messages: Messages, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._waiting: deque[Note] = deque()
        self._note: Note | None = None
        self.setProperty("toast", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._glyph = GlyphLabel("ph.info", "accent", parent=self)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = text_button("", "link", self)
        self.close_button = IconButton("ph.x", "Dismiss the message", parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(8)
        row.addWidget(self._glyph)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self.button.clicked.connect(self._act)
        self.close_button.clicked.connect(self.dismiss)
        messages.message.connect(self._take)
        messages.offered.connect(self._take_offer)
        host.installEventFilter(self)
        self.hide()

    def move_to(self, host: QWidget) -> None:
        """Lie over another widget from now on."""
        if host is self._host:
            return
        shown = self.isVisible()
        self._host.removeEventFilter(self)
        self._host = host
        self.setParent(host)
        host.installEventFilter(self)
        if shown:
            self.show()
            self._place()
            self.raise_()

    def show_note(self, note: Note) -> None:
        """Show a message, after those that wait; what is only news makes room at once."""
        if note == self._note or note in self._waiting:
            return
        if self._note is not None and self._note.level != "info":
            self._waiting.append(note)
        else:
            self._show(note)

    @Slot(str, str, str)
    def _take(self, level: str, text: str, hint: str) -> None:
        self.show_note(Note(level, text, hint))

    @Slot(str, str, object)
    def _take_offer(self, text: str, button: str, act: Callable[[], object]) -> None:
        self.show_note(Note("info", text, "", button, act))

    def _show(self, note: Note) -> None:
        self._note = note
        self._glyph.set_glyph(*GLYPHS[note.level])
        self.words.setText(f"{note.text} {note.hint}".strip())
        self.button.setText(note.button)
        self.button.setVisible(bool(note.button))
        self.setProperty("level", note.level)
        self.style().unpolish(self)
        self.style().polish(self)
        self._timer.stop()
        if note.level == "info" or note.button:
            self._timer.start(LINGER)
        self.show()
        self._place()
        self.raise_()

    @Slot()
    def dismiss(self) -> None:
        """Put the message away; show the next."""
        self._timer.stop()
        self._note = None
        if self._waiting:
            self._show(self._waiting.popleft())
        else:
            self.hide()
            self.emptied.emit()

    @Slot()
    def _act(self) -> None:
        note = self._note
        self.dismiss()
        if note is not None and note.slot is not None:
            note.slot()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge of the host."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self._note:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        """Lie centred above the lower edge, as narrow as the words allow."""
        room = self._host.width() - 2 * MARGIN
        around = self.sizeHint().width() - self.words.sizeHint().width()
        line = self.words.fontMetrics().horizontalAdvance(self.words.text()) + 8
        width = min(room, WIDEST, max(240, around + line))
        height = max(40, self.heightForWidth(width))
        left = (self._host.width() - width) // 2
        self.setGeometry(left, self._host.height() - height - MARGIN, width, height)
