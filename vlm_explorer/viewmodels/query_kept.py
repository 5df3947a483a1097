"""Queries as JSON values: the one that a collection was left with, and those saved by name.

What is kept without being asked for names no file, as paths may hold a patient's name: a query with
a file or a picture from elsewhere is not kept then. What the user saves may name files; pixels are
never saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vlm_explorer.queries import query_json
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.query_json import json_of_term
from vlm_explorer.viewmodels.states import QueryState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable

MOST_IMAGES = 2000  # of a mean that is kept


def kept_query(query: QueryState, images: ImageTable) -> dict[str, Any]:
    """Return what a collection keeps of what is searched for, by name."""
    own = all(_is_own(term, images) for term in query.terms)
    return {
        "query": query.text,
        "like": query.like or "",
        "terms": [json_of_term(term) for term in query.terms] if own else [],
        "ranking": json_of_ranking(query),
    }


def query_of_kept(kept: Mapping[str, Any], images: ImageTable) -> QueryState:
    """Return the query that a collection kept; what cannot be read is left out."""
    like = kept.get("like")
    text = kept.get("query")
    terms = query_of_json({"terms": kept.get("terms"), "ranking": kept.get("ranking")})
    known = tuple(term for term in terms.terms if _is_own(term, images))
    return QueryState(
        text if isinstance(text, str) else "",
        like if isinstance(like, str) and not text and like in images.row_of else None,
        terms=known,
        fuse=terms.fuse,
        ranking=terms.ranking,
    )


def json_of_query(query: QueryState) -> dict[str, Any]:
    """Return a query as it is saved.

    Raises:
        UsageError: it holds a picture that lies in no file.
    """
    like = () if query.like is None else (Term(query.like, 1.0, "image"),)
    terms = [json_of_term(term) for term in (*like, *query.whole)]
    return {"terms": terms, "ranking": json_of_ranking(query)}


def query_of_json(saved: Any) -> QueryState:
    """Return a saved query; what cannot be read is left out."""
    found = query_json.query_of_json(saved)
    return QueryState(terms=found.terms, fuse=found.fuse, ranking=found.ranking)


def json_of_ranking(query: QueryState) -> dict[str, Any]:
    """Return how a query is ranked."""
    return asdict(query.ranking) | {"fuse": query.fuse}


def _is_own(term: Term, images: ImageTable) -> bool:
    """Whether a term is words, or images of the collection."""
    from vlm_explorer.queries.examples import Region, Several

    match term.example:
        case Region(image):
            return image in images.row_of
        case Several(ids):
            return len(ids) <= MOST_IMAGES and all(key in images.row_of for key in ids)
        case None:
            return term.kind == "text" or term.text in images.row_of
    return False
