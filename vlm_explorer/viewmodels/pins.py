"""Prompts pinned to the map: kept with the collection, named, compared, coloured by."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.states import QueryState

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.search_answer import SearchAnswer
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.session import Session

GROUP = "Pinned prompts"  # of the columns that pins give


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned prompt.

    Attributes:
        number: tells pins of one collection apart; never given twice while it is open.
        text: what the encoder reads.
        name: what the window calls it.
    """

    number: int
    text: str
    name: str

    @property
    def column(self) -> str:
        """Key of the column of cosines to it."""
        return f"pin:{self.number}"


Pair = tuple[int, int]
State = tuple[tuple[Pin, ...], tuple[Pair, ...]]


def margin_column(pair: Pair) -> str:
    """Return the key of the column of margins between two pins."""
    return f"pin margin:{pair[0]}:{pair[1]}"


class Pins(QObject):
    """Holds the pins, has them scored by the encoder in use, and offers them as columns.

    Attributes:
        items: the pins, the oldest first.
        pairs: numbers of pins that are compared; the margin is the first's cosine less the other's.

    Signals:
        changed(): other pins, names, or scores.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.items: tuple[Pin, ...] = ()
        self.pairs: tuple[Pair, ...] = ()
        self._answers: dict[str, SearchAnswer] = {}
        self._columns: set[str] = set()
        session.opened.connect(self._restore_kept)
        session.encoder_changed.connect(self._begin)
        session.collection_changed.connect(self._take_collection)

    # What there is

    def get(self, number: int) -> Pin | None:
        """Return a pin, or None where there is none of that number."""
        return next((pin for pin in self.items if pin.number == number), None)

    def answer(self, pin: Pin) -> SearchAnswer | None:
        """Return how near the images are to a pin, as far as that is known."""
        return self._answers.get(pin.text)

    def counts(self) -> dict[int, int]:
        """Return how many images are nearer to each pin than to any other, by number."""
        known = [(pin, self._answers[pin.text]) for pin in self.items if pin.text in self._answers]
        if not known:
            return {}
        cosine = np.stack([np.nan_to_num(answer.cosine, nan=-2.0) for _, answer in known])
        usable = cosine.max(axis=0) > -2
        votes = np.bincount(cosine.argmax(axis=0)[usable], minlength=len(known)).tolist()
        return {pin.number: votes[place] for place, (pin, _) in enumerate(known)}

    @property
    def can_pin(self) -> bool:
        """Whether what is searched for is a text that is not pinned yet."""
        text = self._session.query.text
        return bool(text) and all(pin.text != text for pin in self.items)

    # Intents

    def pin_prompt(self) -> None:
        """Pin what is searched for."""
        query = self._session.query
        if not self.can_pin:
            return
        if query.answer is not None and not query.terms and self._fits(query.answer):
            self._answers[query.text] = query.answer
        number = 1 + max((pin.number for pin in self.items), default=0)
        number = max(number, 1 + max(itertools.chain.from_iterable(self.pairs), default=0))
        self._put((*self.items, Pin(number, query.text, query.text)), self.pairs)

    def rename(self, number: int, name: str) -> None:
        """Call a pin something else; without a name it goes by its text again."""
        name = " ".join(name.split())
        items = tuple(
            replace(pin, name=name or pin.text) if pin.number == number else pin
            for pin in self.items
        )
        self._put(items, self.pairs)

    def remove(self, number: int) -> None:
        """Take a pin off the map."""
        items = tuple(pin for pin in self.items if pin.number != number)
        self._put(items, tuple(pair for pair in self.pairs if number not in pair))

    def compare(self, first: int, second: int) -> str:
        """Compare two pins; return the key of the column of their margins."""
        pair = first, second
        if pair not in self.pairs and first != second and self.get(first) and self.get(second):
            self._put(self.items, (*self.pairs, pair))
        return margin_column(pair)

    def _put(self, items: tuple[Pin, ...], pairs: tuple[Pair, ...]) -> None:
        if (items, pairs) == (self.items, self.pairs):
            return
        with self._session.history.step():
            self.restore((items, pairs))

    # What can be undone

    def state(self) -> State:
        """Return the pins and what is compared."""
        return self.items, self.pairs

    def restore(self, state: State) -> None:
        """Have these pins, compared so."""
        self.items, self.pairs = state
        kept = [[pin.number, pin.text, pin.name] for pin in self.items]
        self._session.kept.put("pins", {"items": kept, "pairs": [list(p) for p in self.pairs]})
        self._begin()

    def words(self, before: State, after: State) -> str:
        """Name what was done to pins."""
        new = [pin for pin in after[0] if pin.number not in {old.number for old in before[0]}]
        if new:
            return "pin a prompt"
        if len(after[0]) < len(before[0]):
            return "remove a pin"
        return "rename a pin" if after[0] != before[0] else "compare two pins"

    # What is kept, and scored

    @Slot()
    def _restore_kept(self) -> None:
        kept = self._session.kept.get("pins", dict, {})
        try:
            items = tuple(Pin(int(n), str(text), str(name)) for n, text, name in kept["items"])
            known = {pin.number for pin in items}
            pairs = tuple((int(a), int(b)) for a, b in kept["pairs"] if {a, b} <= known)
        except (KeyError, TypeError, ValueError):  # none were kept, or by another version
            items, pairs = (), ()
        self.items, self.pairs = items, pairs
        self._begin()

    @Slot()
    def _take_collection(self) -> None:
        """Score anew where there are other images; without any there are no pins."""
        self._answers, self._columns = {}, set()
        if self._session.collection is None:
            self.items, self.pairs = (), ()
        self._begin()

    @Slot()
    def _begin(self) -> None:
        """Have what is not scored yet scored, as soon as there is an encoder to do it with."""
        session = self._session
        self._answers = {
            text: answer for text, answer in self._answers.items() if self._fits(answer)
        }
        missing = [pin.text for pin in self.items if pin.text not in self._answers]
        if missing and session.encoder is not None and session.content is not None:
            session.runner.start(
                score, session.content, session.encoder, missing,
                title="Scoring pinned prompts", key="pins",
                on_success=self._take, on_failure=session.messages.show_error,
            )  # fmt: skip
        self._offer_columns()
        self.changed.emit()

    def _fits(self, answer: SearchAnswer) -> bool:
        """Whether an answer is that of the encoder in use."""
        encoder = self._session.encoder
        return encoder is None or answer.model == encoder.id

    @Slot(object)
    def _take(self, found: tuple[Opened, dict[str, SearchAnswer]]) -> None:
        content, answers = found
        if content is self._session.content:
            self._answers |= answers
            self._offer_columns()
            self.changed.emit()

    def _offer_columns(self) -> None:
        """Offer cosines and margins to colour by; take back those of pins that are gone."""
        columns = self._session.columns
        made = {column.key: column for column in self._made()}
        for key in self._columns - made.keys():
            columns.remove(key)
        for key, column in made.items():
            known = columns.get(key) if key in self._columns else None
            if known is None or known.title != column.title:
                columns.add(column)
        self._columns = set(made)

    def _made(self) -> list[Column]:
        size, made = len(self._session.images), []
        cosine = {
            pin.number: (pin, self._answers[pin.text].cosine.astype(np.float64))
            for pin in self.items
            if pin.text in self._answers and len(self._answers[pin.text].cosine) == size
        }
        for pin, values in cosine.values():
            title = f"cosine to “{pin.name}”"
            made.append(Column(pin.column, title, values, group=GROUP, note="cosine, −1 to 1"))
        for pair in self.pairs:
            if set(pair) <= cosine.keys():
                (first, of_first), (second, of_second) = cosine[pair[0]], cosine[pair[1]]
                title = f"margin of “{first.name}” over “{second.name}”"
                note = "cosine to the first less cosine to the second"
                margin = of_first - of_second
                made.append(
                    Column(margin_column(pair), title, margin, centre=0, group=GROUP, note=note)
                )
        return made


def score(
    opened: Opened, encoder: Encoder, texts: list[str], *, context: JobContext
) -> tuple[Opened, dict[str, Any]]:
    """Find how near all images are to each of some texts (worker thread)."""
    found = {
        text: questions.search(opened, encoder, QueryState(text), context=context).answer
        for text in texts
    }
    return opened, found
