"""What is typed into the prompt bar: how the encoder reads it, and what was typed before."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.session import Session

PAUSE = 150  # ms without a key before the encoder is asked how it reads the text
HISTORY = 50


class Prompt(QObject):
    """Follows the text being typed.

    Attributes:
        unread: words beyond the encoder's window.
        unknown: words that the encoder never met.

    Signals:
        read(): the encoder has read the text; `unread` and `unknown` are those of `text`.
    """

    read = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.text = ""
        self.unread: tuple[str, ...] = ()
        self.unknown: tuple[str, ...] = ()
        self._history: list[str] = []
        self._place = 0
        self._draft = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._ask)
        session.encoder_changed.connect(self._ask)
        session.collection_changed.connect(self._recall)

    def type(self, text: str) -> None:
        """Take the text as it stands now."""
        self.text = text
        if not text.strip():
            self._timer.stop()
            self._take(None)
        else:
            self._timer.start()

    def enter(self) -> None:
        """Search for the text."""
        text = self.text.strip()
        if text:
            self._history = [other for other in self._history if other != text][-HISTORY:]
            self._history.append(text)
            self._session.kept.put("history", list(self._history))
        self._place = len(self._history)
        self._session.search(text)

    def earlier(self) -> str:
        """Return the text entered before the one in the field; the field's own at the end."""
        if self._place == len(self._history):
            self._draft = self.text
        self._place = max(0, self._place - 1)
        return self._history[self._place] if self._history else self.text

    @property
    def at_the_end(self) -> bool:
        """Whether nothing was entered after the text in the field."""
        return self._place >= len(self._history)

    def later(self) -> str:
        """Return the text entered after the one in the field, at last what was being typed."""
        if self.at_the_end:
            return self.text
        self._place += 1
        return self._draft if self._place == len(self._history) else self._history[self._place]

    @Slot()
    def _recall(self) -> None:
        """Take over what was entered when this collection was open before."""
        kept = self._session.kept.get("history", list, [])
        if kept and not self._history:
            self._history = [str(text) for text in kept][-HISTORY:]
            self._place = len(self._history)

    @Slot()
    def _ask(self) -> None:
        encoder = self._session.encoder
        if encoder is None or not self.text.strip():
            return
        self._session.runner.start(
            questions.read_text,
            encoder,
            self.text,
            title="Reading the prompt",
            key="reading",
            on_success=self._take,
        )

    @Slot(object)
    def _take(self, read: questions.ReadText | None) -> None:
        if read is not None and read.text != self.text:
            return
        self.unread = read.reading.unread if read else ()
        self.unknown = read.reading.unknown if read else ()
        self.read.emit()
