"""How results are ranked: the choices in words, and what they changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

RANK_BY = (
    ("cosine", "Cosine"),
    ("csls", "CSLS: hubs count less"),
    ("inverted-softmax", "Inverted softmax: hubs count less"),
)
PER = (
    ("image", "Every image"),
    ("series", "One per series"),
    ("study", "One per study"),
    ("patient", "One per patient"),
)
REDUCE = (
    ("max", "Its best image's score"),
    ("mean", "The mean of all its images"),
    ("top-k-mean", "The mean of its best 5"),
)
FUSE = (
    ("sum", "Weighted sum of unit vectors"),
    ("z", "Weighted sum of z-scores"),
)


class QueryRanking(QObject):
    """The choices; each change ranks anew and can be undone.

    Signals:
        changed(): another choice, or another answer.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        session.query_changed.connect(self.changed)

    def value(self, name: str) -> str:
        """Return what is chosen: of "rank_by", "per", "reduce" or "fuse"."""
        query = self._session.query
        return str(query.fuse if name == "fuse" else getattr(query.ranking, name))

    @property
    def diversity(self) -> float:
        """How much unlikeness to the hits before counts, 0 to 1."""
        return self._session.query.ranking.diversity or 0.0

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the usual is chosen."""
        query = self._session.query
        return query.ranking.is_plain and query.fuse == "sum"

    def choose(self, name: str, value: Any) -> None:
        """Choose something; of "diversity", 0 to 1."""
        query = self._session.query
        if name == "fuse":
            asked = replace(query.asked, fuse=value)
        else:
            value = (value or None) if name == "diversity" else value
            asked = replace(query.asked, ranking=replace(query.ranking, **{name: value}))
        if asked != query.asked:
            self._session.ask(asked, name if name == "diversity" else "")

    @property
    def words(self) -> str:
        """What the choices changed, or what can be said of them."""
        query = self._session.query
        if query.active and query.pending:
            return "Ranking"
        answer = query.answer
        if answer is None:
            return "These apply to the next search."
        if answer.ranked is not None and answer.changed is not None:
            changed, *over = answer.ranked.words
            said = [f"{changed}, of {answer.searched:,} images", *over]
            return " ".join(f"{each[0].upper()}{each[1:]}." for each in said)
        if answer.ranking.is_plain:
            return f"{answer.searched:,} images, the nearest first."
        return f"{answer.searched:,} images, {answer.ranking.words}."
