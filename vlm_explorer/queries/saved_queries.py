"""Queries that the user saved by name with a collection, and what of them may describe an image."""

from __future__ import annotations

from collections.abc import Sequence

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.describe_texts import Candidate
from vlm_explorer.queries.query_json import SAVED, WINDOW, SavedQuery, query_of_json


def saved_queries(collection: Collection) -> dict[str, SavedQuery]:
    """Return what was saved with a collection, by name; what cannot be read is left out."""
    kept = collection.user_state(WINDOW)
    saved = kept.get(SAVED) if isinstance(kept, dict) else None
    return {
        str(name): query_of_json(value)
        for name, value in (saved.items() if isinstance(saved, dict) else ())
    }


def saved_texts(
    collection: Collection, names: Sequence[str] | None
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Return saved queries as texts that may describe an image, and the names of those left out.

    Args:
        names: of the queries; None: all, of which those with images are left out.

    Raises:
        UsageError: none is saved under a name, or images take part in it.
    """
    saved = saved_queries(collection)
    for name in names or ():
        if name not in saved:
            there = ", ".join(f"“{each}”" for each in saved) or "none"
            raise UsageError(
                f"No query “{name}” is saved with “{collection.name}”.", f"There are: {there}."
            )
        if not saved[name].of_texts:
            raise UsageError(
                f"Images take part in the query “{name}”, and texts alone describe an image.",
                "Name a query that texts alone make.",
            )
    wanted = {name: saved[name] for name in (saved if names is None else names)}
    texts = tuple(
        Candidate(query.listed(name), "saved", terms=query.terms, fuse=query.fuse)
        for name, query in wanted.items()
        if query.of_texts
    )
    return texts, tuple(name for name, query in wanted.items() if not query.of_texts)
