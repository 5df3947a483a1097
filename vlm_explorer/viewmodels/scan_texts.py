"""Which texts describe the scan in the viewer: of the sources that are chosen, ranked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.query_json import SavedQuery
from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.query_shelf import WholeQuery
from vlm_explorer.viewmodels.states import QueryState

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.describe import DescribeAnswer, Description
    from vlm_explorer.queries.label_set import LabelSet
    from vlm_explorer.viewmodels.session import Session

MOST = 12  # texts that are listed
SOURCES = "sources of texts"  # under which a collection keeps which are chosen
NOW, SAVED, ASKED, PINNED, LABELS, CAPTIONS = "now", "saved", "asked", "pinned", "labels", "stored"
# What a text of each is called; captions say themselves what they are.
_KINDS = {NOW: "this search", SAVED: "saved", ASKED: "asked before", PINNED: "pinned"}
_KEY = "describe"


@dataclass(frozen=True, slots=True)
class Source:
    """Where texts come from: its key, what it is called, how many, and whether it is chosen."""

    key: str
    title: str
    count: int
    chosen: bool


class Sought(NamedTuple):
    """What is compared with a scan: queries by what they are called, labels, captions."""

    queries: tuple[tuple[str, str, QueryState], ...]
    labels: LabelSet | None
    stored: bool


def describe_scan(
    opened: Opened, encoder: Encoder, image_id: str, sought: Sought, *, context: JobContext
) -> DescribeAnswer:
    """Rank texts by their cosine to an image."""
    from vlm_explorer.queries.describe import DescribeRequest, describe
    from vlm_explorer.queries.describe_texts import Candidate, of_labels

    more = [
        Candidate(words, kind, terms=query.whole, fuse=query.fuse)
        for words, kind, query in sought.queries
    ]
    labels = () if sought.labels is None else of_labels(sought.labels)
    request = DescribeRequest(image_id, k=MOST, stored=sought.stored, more=(*more, *labels))
    return describe(opened.collection, encoder, request, context=context)


class ScanTexts(QObject):
    """Asks about a scan, as often as other sources are chosen.

    Attributes:
        image_id: of the scan; None: none is open.
        answer: the ranked texts; None while they are not known.

    Signals:
        changed(): an answer came, other sources are chosen, or it was said why no answer comes.
    """

    changed = Signal()

    def __init__(self, session: Session, image_id: str | None) -> None:
        super().__init__()
        self._session = session
        self.image_id = image_id
        self.answer: DescribeAnswer | None = None
        self._why = ""
        left = session.kept.get(SOURCES, list, [])
        self._without = frozenset(str(key) for key in left)

    def ask(self) -> None:
        """Rank the texts, or say why that cannot be done."""
        session, sought = self._session, self._sought()
        self._why, self.answer = "", None
        if session.content is None or self.image_id is None:
            self._why = "No scan is open. Open one first."
        elif session.encoder is None:
            self._why = "The encoder is not loaded yet."
        elif not (sought.queries or sought.labels or sought.stored):
            session.runner.cancel(_KEY)
            self._why = "The chosen sources hold no text. Choose another one."
        else:
            session.runner.start(
                describe_scan,
                session.content,
                session.encoder,
                self.image_id,
                sought,
                title="Comparing texts with the scan",
                key=_KEY,
                on_success=self._take,
                on_failure=self._fail,
            )
        self.changed.emit()

    def leave(self) -> None:
        """Want no answer any more."""
        self._session.runner.cancel(_KEY)

    # Where texts come from

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources, with how many texts each has."""
        session = self._session
        labels, collection = session.label_state.chosen, session.collection
        titles = {
            NOW: "This search",
            SAVED: "Saved queries",
            ASKED: "Asked before",
            PINNED: "Pinned",
        }
        counts = {key: len(self._of(key)) for key in titles}
        titles |= {LABELS: f"Labels: {labels.title}", CAPTIONS: "Captions"}
        counts[LABELS] = len(labels.labels)
        counts[CAPTIONS] = 0 if collection is None else collection.texts.num_rows
        return tuple(
            Source(key, title, counts[key], key not in self._without)
            for key, title in titles.items()
        )

    def choose(self, key: str, chosen: bool) -> None:
        """Rank the texts of a source, too, or no longer."""
        self._without = self._without - {key} if chosen else self._without | {key}
        self._session.kept.put(SOURCES, sorted(self._without))
        self.ask()

    def _of(self, key: str) -> dict[str, WholeQuery]:
        """Return the queries of a source that texts alone make, by what they are called."""
        session = self._session
        if key == SAVED:
            return _of_texts(session.shelf.saved.items())
        if key == PINNED:
            pinned = [WholeQuery(QueryState(pin.text)) for pin in session.pins.items]
            return _of_texts((each.query.text, each) for each in pinned)
        if key == ASKED:
            return _of_texts((_called(each), each) for each in reversed(session.shelf.asked))
        # each text by itself, and all of them together
        found = [term.text for term in session.query.whole if term.kind == "text"]
        parts = [WholeQuery(QueryState(text)) for text in found]
        whole = [session.shelf.present] if len(session.query.whole) > 1 else []
        return _of_texts((_called(each), each) for each in (*whole, *parts))

    def _sought(self) -> Sought:
        found: dict[tuple[Any, ...], tuple[str, str, QueryState]] = {}
        for key, kind in _KINDS.items():
            named = {} if key in self._without else self._of(key)
            for name, whole in named.items():
                query = whole.query
                found.setdefault((query.whole, query.fuse), (_words(key, name, whole), kind, query))
        labels = self._session.label_state.chosen
        wanted = LABELS not in self._without and bool(labels.labels)
        stored = CAPTIONS not in self._without
        return Sought(tuple(found.values()), labels if wanted else None, stored)

    # What is said

    @property
    def words(self) -> str:
        """What is listed, or why nothing is."""
        if self.answer is None:
            return self._why or "Comparing texts"
        shown, ranked = len(self.answer.texts), self.answer.ranked
        left = sum(not _is_of_texts(each) for each in self._session.shelf.saved.values())
        saved = f"; {left} saved with images not compared" if left else ""
        return (
            f"{shown:,} of {ranked:,} texts shown, by cosine; z against {self.answer.nulls:,} "
            f"unrelated prompts with this scan{saved}"
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
        """Search for a text of the list; a query that was saved or asked comes back whole."""
        for key in (SAVED, ASKED):
            for name, whole in self._of(key).items():
                if _words(key, name, whole) == text and not whole.is_plain:
                    self._session.shelf.bring_back(whole)
                    return
        present = self._session.shelf.present
        if _called(present) != text:
            self._session.ask(replace(self._session.query.nothing, text=text))

    @Slot(object)
    def _take(self, answer: DescribeAnswer) -> None:
        self.answer = answer
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._why = str(error)
        self.changed.emit()


def _of_texts(named: Iterable[tuple[str, WholeQuery]]) -> dict[str, WholeQuery]:
    return {name: whole for name, whole in named if _is_of_texts(whole)}


def _is_of_texts(whole: WholeQuery) -> bool:
    return whole.query.like is None and SavedQuery(whole.query.whole).of_texts


def _called(whole: WholeQuery) -> str:
    """Return what a query is called: its one text, or the sum of its terms."""
    return SavedQuery(whole.query.whole).called


def _words(key: str, name: str, whole: WholeQuery) -> str:
    """Return what a query is listed as: its words, and of a saved one of several the name, too."""
    return SavedQuery(whole.query.whole).listed(name) if key == SAVED else _called(whole)
