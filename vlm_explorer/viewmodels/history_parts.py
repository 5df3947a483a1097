"""The session's states that can be undone: how each is read, made again, and called."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.viewmodels.filters import Filter

if TYPE_CHECKING:
    from vlm_explorer.queries.label_set import LabelSet
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.history import Part
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.states import QueryState


def parts_of(session: Session) -> tuple[Part, ...]:
    """Return what can be undone of a session, in the order in which it is made again."""
    kinds = (QueryPart, FilterPart, LabelPart, LayoutPart, SelectionPart)
    return tuple(kind(session) for kind in kinds)


@dataclass(frozen=True)
class QueryPart:
    """What is searched for, and how it is ranked."""

    session: Session

    def state(self) -> QueryState:
        """Return what is asked; the answer is asked for again."""
        return self.session.query.asked

    def restore(self, state: QueryState) -> None:
        """Search again."""
        self.session.ask(state)

    def words(self, before: QueryState, after: QueryState) -> str:
        """Name the search, or what else changed about it."""
        if not after.active:
            return "clear the search" if before.active else "change the ranking"
        if (before.text, before.like, before.terms) == (after.text, after.like, after.terms):
            return "change the ranking"
        if after.like is not None:
            return "find similar images"
        return (
            f"search {shortened(after.words)}"
            if after.terms
            else (f"search “{shortened(after.text)}”")
        )


@dataclass(frozen=True)
class FilterPart:
    """The filters, all of them."""

    session: Session

    def state(self) -> tuple[Filter, ...]:
        """Return the filters: they are frozen."""
        return self.session.filters

    def restore(self, state: tuple[Filter, ...]) -> None:
        """Filter by these alone."""
        self.session.set_filters(state)

    def words(self, before: tuple[Filter, ...], after: tuple[Filter, ...]) -> str:
        """Name what came, else what went."""
        if new := [each for each in after if each not in before]:
            return f"filter {shortened(new[-1].title)}"
        gone = [each for each in before if each not in after]
        return f"remove filter {shortened(gone[0].title)}" if len(gone) == 1 else "clear filters"


@dataclass(frozen=True)
class LabelPart:
    """The zero-shot labels with their prompts, and how they are scored."""

    session: Session

    def state(self) -> tuple[LabelSet, float, float, bool]:
        """Return what is asked; the scores are asked for again."""
        return self.session.label_state.asked

    def restore(self, state: tuple[LabelSet, float, float, bool]) -> None:
        """Score again."""
        chosen, temperature, margin, calibrated = state
        self.session.labelling.change(
            chosen=chosen, temperature=temperature, margin=margin, calibrated=calibrated
        )

    def words(self, before: Any, after: Any) -> str:
        """Name what changed about the labels."""
        if before[0] == after[0]:
            which = next(place for place in (1, 2, 3) if before[place] != after[place])
            return ("", "change the temperature", "change the margin", "change calibration")[which]
        old, new = before[0], after[0]
        added = [label for label in new.names if label not in old.names]
        if len(added) == 1 and len(new.labels) == len(old.labels) + 1:
            return f"add label “{shortened(added[0])}”"
        if old.name != new.name or old.title != new.title:
            return f"label set “{shortened(new.title)}”"
        if old.names == new.names and old.labels != new.labels:
            return "change prompts"
        return "change labels" if old.names != new.names else "change how labels are scored"


@dataclass(frozen=True, slots=True)
class Laid:
    """A layout as it was chosen; `answer` once it was there, and of which `content`."""

    choices: tuple[tuple[str, Any], ...]
    name: str
    answer: LayoutAnswer | None = field(compare=False)
    content: Opened | None = field(compare=False)


@dataclass(frozen=True)
class LayoutPart:
    """How the map is laid out; a layout that was finished is at hand again at once."""

    session: Session

    def state(self) -> Laid:
        """Return what was chosen, with the answer where it is not still on its way."""
        layout = self.session.layout
        finished = not (layout.pending or layout.preliminary)
        choices = tuple(layout.choices.items())
        answer = layout.answer if finished else None
        return Laid(choices, layout.name, answer, self.session.content)

    def restore(self, state: Laid) -> None:
        """Lay out as it was."""
        session = self.session
        answer = state.answer if state.content is session.content else None
        choices = dict(state.choices)
        session.lay_out_again(replace(session.layout, name=state.name, answer=answer, **choices))

    def words(self, _before: Laid, after: Laid) -> str:
        """Name the layout."""
        method = dict(after.choices)["method"]
        return f"lay out by {method.upper()}"


@dataclass(frozen=True)
class SelectionPart:
    """What is selected, and which image is in the viewer; a bit an image."""

    session: Session

    def state(self) -> tuple[bytes, str | None]:
        """Return the selection in little room: a million images take 125 kB."""
        return np.packbits(self.session.selected).tobytes(), self.session.selection.current

    def restore(self, state: tuple[bytes, str | None]) -> None:
        """Select as it was."""
        mask = _unpacked(state[0])[: len(self.session.images)]
        self.session.select_mask(mask, state[1])

    def words(self, before: tuple[bytes, str | None], after: tuple[bytes, str | None]) -> str:
        """Say how many are selected."""
        if before[0] == after[0]:
            return "go to another image"
        count = int(_unpacked(after[0]).sum())
        if not count:
            return "clear the selection"
        return f"select {count:,} image{'' if count == 1 else 's'}"


def _unpacked(bits: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bits, np.uint8)).astype(np.bool_)


def shortened(text: str, most: int = 32) -> str:
    """Return a text that fits into a menu."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
