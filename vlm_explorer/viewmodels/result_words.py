"""What is said above the results: how many are listed, and why in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

_PLURAL = {"series": "series", "study": "studies", "patient": "patients"}

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session


def summary(
    session: Session, listed: int, *, images: int | None, no_match: bool, per: str = "series"
) -> str:
    """Return one sentence about the results; "" where there are no images.

    Args:
        listed: how many tiles.
        images: where a tile stands for a series: how many images all of them stand for.
        no_match: whether what was searched for is found no better than by chance.
        per: what a tile stands for then: "series", "study" or "patient".
    """
    total, query = len(session.images), session.query
    if not total:
        return ""
    count = f"{listed:,} of {total:,} shown"
    if images is not None:
        count = f"{listed:,} {_PLURAL[per]}, {images:,} of {total:,} images shown"
    if query.active and query.answer is None:
        return f"{count} · ranking" if query.pending else f"{count} · not ranked"
    answer = query.answer
    if answer is None:
        return f"{count} · in the order of the files"
    how = "" if answer.approximate is None else f" · {answer.approximate.words}"
    ranked = "" if answer.ranking.is_plain else f" · {answer.ranking.words}"
    if answer.ranked is not None:
        ranked += "".join(f" · {said}" for said in answer.ranked.words)
    if query.like is not None:
        return f"{count} · most alike first{ranked}{how}"
    if no_match:
        return f"No match for {query.words} · {count}{ranked}{how}"
    return f"{count}{ranked or ' · by cosine'} to {query.words}{how}"
