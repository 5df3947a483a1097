"""Which images are asked about: those that are shown, or those that are selected."""

from __future__ import annotations

from vlm_explorer.viewmodels.session import Session

SHOWN, SELECTED = "shown", "selected"


def ids_within(session: Session, scope: str) -> tuple[str, ...]:
    """Return the ids of the images of a scope."""
    if scope == SELECTED:
        return tuple(session.selection.ids)
    return tuple(session.images.ids[session.shown].tolist())


def count_within(session: Session, scope: str) -> int:
    """Return how many images a scope has."""
    return len(session.selection.ids) if scope == SELECTED else int(session.shown.sum())


def is_whole(session: Session, scope: str) -> bool:
    """Whether a scope is all images because none is filtered out."""
    return scope == SHOWN and bool(session.shown.all())


def state_of(session: Session, scope: str) -> object:
    """Return what is equal as long as a scope has the same images."""
    return session.selection.ids if scope == SELECTED else session.shown.tobytes()
