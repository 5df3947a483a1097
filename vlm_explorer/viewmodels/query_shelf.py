"""Queries that come back whole: those saved by name, and those that were asked before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.errors import UsageError
from vlm_explorer.queries.expression import write_expression
from vlm_explorer.queries.query_json import SAVED
from vlm_explorer.viewmodels.filters import Filter
from vlm_explorer.viewmodels.query_filters import filters_of_json, json_of_filters
from vlm_explorer.viewmodels.query_kept import (
    json_of_query,
    kept_query,
    query_of_json,
    query_of_kept,
)
from vlm_explorer.viewmodels.states import QueryState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

ASKED = "history"
MOST = 50  # that were asked before


@dataclass(frozen=True, slots=True)
class WholeQuery:
    """What is searched for, how it is ranked, and among what.

    Attributes:
        filters: None where it is not known what was filtered by: then the present ones stay.
    """

    query: QueryState
    filters: tuple[Filter, ...] | None = None

    @property
    def said(self) -> str:
        """It as one may type it; "" where images take part, whose ids say nothing."""
        query = self.query
        if not query.terms:
            return query.text
        texts = all(term.kind == "text" for term in query.terms)
        return write_expression(query.whole) if texts else ""

    @property
    def what(self) -> tuple[Any, ...]:
        """What is searched for alone, however it is weighed and ranked."""
        query = self.query
        return query.like, *((term.text, term.kind, term.example) for term in query.whole)

    @property
    def is_plain(self) -> bool:
        """Whether it is a text ranked by cosine, and nothing else."""
        query = self.query
        plain = not query.terms and query.like is None and query.ranking.is_plain
        return plain and query.fuse == "sum" and not self.filters

    @property
    def how(self) -> str:
        """How it is ranked, and how many filters there are; "" for the usual."""
        query = self.query
        parts = [] if query.ranking.is_plain else [query.ranking.words]
        parts += ["fused by z-scores"] if query.fuse == "z" else []
        if self.filters:
            count = len(self.filters)
            parts.append(f"{count} filter{'' if count == 1 else 's'}")
        return " · ".join(parts)


class QueryShelf(QObject):
    """Keeps queries, and asks them again as they were.

    Attributes:
        asked: what was asked before, the newest last; of one that changes in weights, ranking or
            filters the last state.

    Signals:
        changed(): there are others.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.asked: tuple[WholeQuery, ...] = ()
        self._filters: dict[str, tuple[Filter, ...]] = {}  # of saved queries, in this run
        session.query_changed.connect(self._follow)
        session.filters_changed.connect(self._follow)
        session.collection_changed.connect(self._take_collection)

    @property
    def present(self) -> WholeQuery:
        """What is asked now."""
        return WholeQuery(self._session.query.asked, self._session.filters)

    def bring_back(self, whole: WholeQuery) -> None:
        """Ask a query again as it was, in one step that can be undone."""
        query = whole.query
        only = query.terms[0] if len(query.whole) == 1 and query.terms else None
        if only is not None and only.kind == "text" and only.weight == 1:
            query = QueryState(only.text, fuse=query.fuse, ranking=query.ranking)
        if WholeQuery(query, whole.filters) != self.present:
            self._ask(query, whole.filters)
        self.remember()

    def _ask(self, query: QueryState, filters: tuple[Filter, ...] | None) -> None:
        session = self._session
        with session.history.step():
            if filters is not None:
                session.set_filters(filters)
            session.ask(query)

    # What was asked

    def remember(self) -> None:
        """Keep what is asked now among what was asked before, as the newest."""
        present = self.present
        if present.query.active:
            others = tuple(each for each in self.asked if each.what != present.what)
            self._put((*others, present))

    @Slot()
    def _follow(self) -> None:
        """Keep queries of several parts once they are answered, and follow the newest."""
        query = self._session.query
        if query.answer is None or query.pending:
            return
        newest = self.asked[-1] if self.asked else None
        present = self.present
        same = newest is not None and newest.what == present.what
        several = bool(query.terms) and not query.text  # a text beside them is being typed
        if (same or several or query.like is not None) and present != newest:
            self.remember()

    def _put(self, asked: tuple[WholeQuery, ...]) -> None:
        self.asked = asked[-MOST:]
        kept = [each for each in map(self._json_of, self.asked) if each is not None]
        self._session.kept.put(ASKED, kept)
        self.changed.emit()

    def _json_of(self, whole: WholeQuery) -> Any:
        """Return what may be kept without being asked for; None for a query that names files."""
        if whole.is_plain:
            return whole.query.text
        kept = kept_query(whole.query, self._session.images)
        if whole.query.terms and not kept["terms"]:
            return None
        return kept | {"filters": json_of_filters(whole.filters or ())}

    @Slot()
    def _take_collection(self) -> None:
        """Take over what was asked when this collection was open before."""
        session = self._session
        if session.collection is None:
            self.asked, self._filters = (), {}
            self.changed.emit()
        elif not self.asked and (kept := session.kept.get(ASKED, list, [])):
            found = [self._of_json(value) for value in kept]
            self.asked = tuple(each for each in found if each.query.active)[-MOST:]
            self.changed.emit()

    def _of_json(self, value: Any) -> WholeQuery:
        if not isinstance(value, dict):
            return WholeQuery(QueryState(str(value)))
        filters = filters_of_json(value.get("filters"), self._session.columns)
        return WholeQuery(query_of_kept(value, self._session.images), filters)

    # What is saved

    @property
    def saved(self) -> dict[str, WholeQuery]:
        """The queries saved with the collection, by name."""
        kept = self._session.kept.get(SAVED, dict, {})
        return {str(name): self._saved(str(name), value) for name, value in kept.items()}

    def _saved(self, name: str, value: Any) -> WholeQuery:
        filters = self._filters.get(name)
        if filters is None and isinstance(value, dict) and "filters" in value:
            filters = filters_of_json(value["filters"], self._session.columns)
        return WholeQuery(query_of_json(value), filters)

    def save(self, name: str) -> str:
        """Save what is asked under a name, in the place of what had it.

        Returns:
            what of it is not kept beyond this run, in a sentence; "" where all is.

        Raises:
            UsageError: there is no name, nothing is searched for, or pixels would be saved.
        """
        name, present = " ".join(name.split()), self.present
        if not name or not present.query.active:
            raise UsageError("There is nothing to save.", "Search for something, and name it.")
        filters = present.filters or ()
        value = json_of_query(present.query) | {"filters": json_of_filters(filters)}
        kept = self._session.kept.get(SAVED, dict, {})
        self._filters[name] = filters
        self._session.kept.put(SAVED, {**kept, name: value})
        self.changed.emit()
        left = len(filters) - len(value["filters"])
        if not left:
            return ""
        which = "1 filter" if left == 1 else f"{left} filters"
        return f"{which} may name people, and will be forgotten when the program ends."

    def forget(self, name: str) -> None:
        """Delete a saved query."""
        kept = self._session.kept.get(SAVED, dict, {})
        self._filters.pop(name, None)
        self._session.kept.put(SAVED, {key: kept[key] for key in kept if key != name})
        self.changed.emit()

    def recall(self, name: str) -> None:
        """Ask what was saved under a name."""
        if (whole := self.saved.get(name)) is not None:
            self.bring_back(whole)
