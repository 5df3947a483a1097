"""What is typed into the prompt bar: how the encoder reads it, and what was typed before."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.session import Session

PAUSE = 150  # ms without a key before the encoder is asked how it reads the text
SHORT_PAUSE = 40  # ms without a key before the images are ranked; a burst of keys ranks once
HISTORY = 50


class Prompt(QObject):
    """Follows the text being typed: while it grows, the images are ranked by it.

    Typing never waits for a ranking. Each replaces the one before, whose answer, should it still
    be on its way, never arrives.

    Attributes:
        reading: what the encoder reads of the text; None until it was asked.
        stale: whether `text` has changed since.

    Signals:
        read(): the encoder has read the text; `reading` is that of `text`.
    """

    read = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.text = ""
        self.reading: TextReading | None = None
        self.stale = False
        self._history: list[str] = []
        self._place = 0
        self._draft = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._ask)
        self._ranking = QTimer(self)
        self._ranking.setSingleShot(True)
        self._ranking.setInterval(SHORT_PAUSE)
        self._ranking.timeout.connect(self._rank)
        session.encoder_changed.connect(self._ask)
        session.collection_changed.connect(self._recall)

    def edit(self, text: str) -> None:
        """Take the text that the user has just changed, and rank by it in a moment."""
        self.type(text)
        if text.strip():
            self._ranking.start()
        else:
            self._session.clear_query()

    def type(self, text: str) -> None:
        """Take the text as it stands now, whoever put it there."""
        self.stale = text != self.text
        self.text = text
        if not text.strip():
            self._timer.stop()
            self._ranking.stop()
            self._take(None)
        else:
            self._timer.start()

    def enter(self) -> None:
        """Search for the text now, and remember it."""
        self._ranking.stop()
        text = self.text.strip()
        if text:
            self._history = [other for other in self._history if other != text][-HISTORY:]
            self._history.append(text)
            self._session.kept.put("history", list(self._history))
        self._place = len(self._history)
        self._rank()

    @Slot()
    def _rank(self) -> None:
        """Search for the text, unless that was answered already or is being answered."""
        query, text = self._session.query, self.text.strip()
        known = query.pending or query.answer is not None
        if not (text and text == query.text and known):
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

    @property
    def unread(self) -> tuple[str, ...]:
        """Words beyond the encoder's window."""
        return self.reading.unread if self.reading else ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words that the encoder never met."""
        return self.reading.unknown if self.reading else ()

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
        self.reading = read.reading if read else None
        self.stale = False
        self.read.emit()
