"""Which texts describe the scan in the viewer: prompts, pins, labels and captions, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.background import Opened

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.describe import DescribeAnswer, Description
    from vlm_explorer.viewmodels.session import Session

MOST = 12  # texts that are listed
_KEY = "describe"


def describe_scan(
    opened: Opened,
    encoder: Encoder,
    image_id: str,
    prompts: Sequence[str],
    labels: Sequence[str],
    *,
    context: JobContext,
) -> DescribeAnswer:
    """Rank texts by their cosine to an image."""
    from vlm_explorer.queries.describe import DescribeRequest, describe

    request = DescribeRequest(image_id, tuple(prompts), tuple(labels), MOST)
    return describe(opened.collection, encoder, request, context=context)


class ScanTexts(QObject):
    """Asks once about a scan.

    Attributes:
        image_id: of the scan; None: none is open.
        answer: the ranked texts; None while they are not known.

    Signals:
        changed(): an answer came, or it was said why none does.
    """

    changed = Signal()

    def __init__(self, session: Session, image_id: str | None) -> None:
        super().__init__()
        self._session = session
        self.image_id = image_id
        self.answer: DescribeAnswer | None = None
        self._why = ""

    def ask(self) -> None:
        """Rank the texts, or say why that cannot be done."""
        session = self._session
        if session.content is None or self.image_id is None:
            self._why = "No scan is open. Open one first."
        elif session.encoder is None:
            self._why = "The encoder is not loaded yet."
        else:
            session.runner.start(
                describe_scan,
                session.content,
                session.encoder,
                self.image_id,
                self.prompts,
                session.label_state.labels,
                title="Comparing texts with the scan",
                key=_KEY,
                on_success=self._take,
                on_failure=self._fail,
            )
        self.changed.emit()

    def leave(self) -> None:
        """Want no answer any more."""
        self._session.runner.cancel(_KEY)

    @property
    def prompts(self) -> tuple[str, ...]:
        """What was searched for by words, now or before, and what is pinned."""
        query = self._session.query
        now = [term.text for term in query.whole if term.kind == "text"]
        pinned = [pin.text for pin in self._session.pins.items]
        before = reversed(self._session.shelf.asked)
        typed = [each.query.text for each in before if each.query.text and not each.query.terms]
        return tuple(dict.fromkeys((*now, *pinned, *typed)))

    @property
    def words(self) -> str:
        """What is listed, or why nothing is."""
        if self.answer is None:
            return self._why or "Comparing texts"
        shown, ranked = len(self.answer.texts), self.answer.ranked
        return (
            f"{shown:,} of {ranked:,} texts, by cosine; z against {self.answer.nulls:,} "
            "unrelated prompts with this scan"
        )

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The texts, the nearest first, each with what is said beside it."""
        texts = () if self.answer is None else self.answer.texts
        return [(text.text, self._note(text)) for text in texts]

    def _note(self, text: Description) -> str:
        kind = "its caption" if text.own else text.kind
        return f"{kind} · {numbers.cosine(text.cosine)} · z {numbers.z(text.z)}"

    def search(self, text: str) -> None:
        """Search for a text of the list."""
        self._session.ask(self._session.query.nothing)
        self._session.search(text)

    @Slot(object)
    def _take(self, answer: DescribeAnswer) -> None:
        self.answer = answer
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._why = str(error)
        self.changed.emit()
