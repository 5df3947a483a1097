"""What of the query the overlay explains: a text, or the direction of several parts. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.queries.expression import Term, summed
from vlm_explorer.saliency.directions import SAME, Direction, likeness
from vlm_explorer.viewmodels.states import QueryState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.viewmodels.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is explained.

    Attributes:
        prompt: a text, or the words of a direction; "" for nothing.
        direction: of a query of several parts, or of an image; None for a text.
        waiting: whether the query's vector is not known yet.
    """

    prompt: str = ""
    direction: Direction | None = None
    waiting: bool = False

    @property
    def text(self) -> str:
        """The prompt where it is a text; "" where it is more than one."""
        return self.prompt if self.direction is None and not self.waiting else ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from another."""
        return self.prompt, "" if self.direction is None else self.direction.digest


def asked_of(session: Session) -> Asked:
    """Return what is searched for, as methods explain it."""
    query = session.query
    terms = terms_of(query)
    if not terms:
        return Asked()
    if len(terms) == 1 and terms[0].kind == "text" and terms[0].weight > 0:
        return Asked(terms[0].text)
    words, title, of_images = _called(session, query, terms)
    vector = vector_of(query, session.encoder)
    if vector is None:
        return Asked(words, waiting=True)
    opposed = any(term.weight < 0 for term in terms)
    return Asked(words, Direction(words, vector, title, of_images, opposed))


def terms_of(query: QueryState) -> tuple[Term, ...]:
    """Return all that is searched for, an image that others are compared with among it."""
    like = () if query.like is None else (Term(query.like, 1.0, "image"),)
    return (*like, *query.whole)


def vector_of(query: QueryState, encoder: Encoder | None) -> NDArray[np.float32] | None:
    """Return the unit vector of the query; None until this encoder has given it."""
    answer = query.answer
    if answer is None or encoder is None or answer.model != encoder.id or not len(answer.vector):
        return None
    return answer.vector


def lies_in(asked: Asked, query: QueryState, row: int | None) -> bool:
    """Return whether an image, by its row, lies in the very direction that is explained."""
    answer = query.answer
    if asked.direction is None or answer is None or row is None or row >= len(answer.cosine):
        return False
    same = np.array_equal(answer.vector, asked.direction.vector)
    return same and bool(answer.cosine[row] >= SAME)


def _called(session: Session, query: QueryState, terms: tuple[Term, ...]) -> tuple[str, str, bool]:
    """Return what to call a query in files and in the window, and whether it is of images alone."""
    of_images = all(term.kind == "image" for term in terms)
    whole = QueryState(terms=terms)
    words, title = whole.words, summed(terms, session.terms.title)
    if of_images:
        words, title = likeness(words), likeness(title)
    fused = ", fused by z-scores" if query.fuse == "z" and len(terms) > 1 else ""
    return f"{words}{fused}", f"{title}{fused}", of_images
