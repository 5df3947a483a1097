"""What is typed into the prompt bar: how the encoder reads it, and what was typed before."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.expression import parse_expression
from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.query_shelf import WholeQuery
from vlm_explorer.viewmodels.query_terms import is_expression
from vlm_explorer.viewmodels.session import Session

PAUSE = 150  # ms without a key before the encoder is asked how it reads the text
SHORT_PAUSE = 40  # ms without a key before the images are ranked; a burst of keys ranks once


class Prompt(QObject):
    """Follows the text being typed: while it grows, the images are ranked by it.

    Typing never waits for a ranking. Each replaces the one before, whose answer, should it still
    be on its way, never arrives.

    Attributes:
        terms: what else is searched for, as chips.
        reading: what the encoder reads of the text; None until it was asked.
        stale: whether `text` has changed since.
        refused: whether Enter found that the text is no expression, though meant as one.

    Signals:
        read(): the encoder has read the text; `reading` is that of `text`.
        taken(): the text has become terms: the field is to be empty.
    """

    read = Signal()
    taken = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.terms = session.terms
        self.text = ""
        self.reading: TextReading | None = None
        self.stale = self.refused = False
        self._place: int | None = None  # in what was asked before; None after it
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
        session.collection_changed.connect(self._leave_history)

    def edit(self, text: str) -> None:
        """Take the text that the user has just changed, and rank by it in a moment."""
        self.type(text)
        if is_expression(text):  # it is read as a whole, when it is entered
            self._ranking.stop()
        elif text.strip():
            self._ranking.start()
        else:
            self._session.search("")

    def type(self, text: str) -> None:
        """Take the text as it stands now, whoever put it there."""
        self.stale = text != self.text
        self.refused = self.refused and not self.stale
        self.text = text
        if not text.strip() or is_expression(text):
            self._timer.stop()
            self._ranking.stop()
            self._take(None)
        else:
            self._timer.start()

    @property
    def wrong(self) -> str:
        """Why the text is no expression, and where; "" where it is one, or none is meant."""
        if not is_expression(self.text):
            return ""
        try:
            parse_expression(self.text)
        except UsageError as error:
            return error.text
        return ""

    @property
    def expected(self) -> str:
        """What Enter does with an expression, in words; "" where none is meant."""
        brought = self._brought
        if brought is not None and not brought.is_plain:
            how = f", {brought.how}" if brought.how else ""
            return f"Enter searches for this as before{how}"
        if not is_expression(self.text) or self.wrong:
            return ""
        count = len(parse_expression(self.text))
        return f"Enter searches for {'this term' if count == 1 else f'these {count} terms'}"

    def enter(self) -> None:
        """Search for the text now, and remember it; terms of an expression become chips."""
        self._ranking.stop()
        text, brought = self.text.strip(), self._brought
        self._leave_history()
        if brought is not None:
            self._session.shelf.bring_back(brought)
            if brought.query.terms:
                self.taken.emit()
            return
        if is_expression(text):
            self._enter_expression(text)
            return
        if text and self.terms.terms:
            self._session.search(text)
            self.terms.take_text()
            self.taken.emit()
        else:
            self._rank()
        self._session.shelf.remember()

    def _enter_expression(self, text: str) -> None:
        """Make chips of an expression; one that cannot be read stays, and it is said why."""
        if self.wrong:
            self.refused = True
            self.read.emit()
            return
        self.terms.add_expression(text)
        self._session.shelf.remember()
        self.taken.emit()

    @Slot()
    def _rank(self) -> None:
        """Search for the text, unless that was answered already or is being answered."""
        query, text = self._session.query, self.text.strip()
        known = query.pending or query.answer is not None
        if not (text and text == query.text and known):
            self._session.search(text)

    # What was asked before

    @property
    def _before(self) -> list[WholeQuery]:
        """Return what was asked before and can be said in words, the newest last."""
        return [each for each in self._session.shelf.asked if each.said]

    @property
    def _brought(self) -> WholeQuery | None:
        """Return what was asked before, if that is in the field."""
        before = self._before
        if self._place is None or self._place >= len(before):
            return None
        found = before[self._place]
        return found if found.said == self.text.strip() else None

    @Slot()
    def _leave_history(self) -> None:
        self._place = None

    def earlier(self) -> str:
        """Return what was asked before the one in the field; the text itself where nothing was."""
        before = self._before
        if not before:
            return self.text
        if self._place is None:
            self._draft, self._place = self.text, len(before)
        self._place = max(0, self._place - 1)
        return before[self._place].said

    @property
    def at_the_end(self) -> bool:
        """Whether nothing was asked after what is in the field."""
        return self._place is None

    def later(self) -> str:
        """Return what was asked after the one in the field, at last what was being typed."""
        if self._place is None:
            return self.text
        before = self._before
        self._place += 1
        if self._place < len(before):
            return before[self._place].said
        self._leave_history()
        return self._draft

    @property
    def unread(self) -> tuple[str, ...]:
        """Words beyond the encoder's window."""
        return self.reading.unread if self.reading else ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words that the encoder never met."""
        return self.reading.unknown if self.reading else ()

    @Slot()
    def _ask(self) -> None:
        encoder = self._session.encoder
        if encoder is None or not self.text.strip() or is_expression(self.text):
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
