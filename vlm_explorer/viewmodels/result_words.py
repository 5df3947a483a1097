"""What is said above the results: how many are listed, and why in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session


def summary(session: Session, listed: int, *, images: int | None, no_match: bool) -> str:
    """Return one sentence about the results; "" where there are no images.

    Args:
        listed: how many tiles.
        images: where a tile stands for a series: how many images all of them stand for.
        no_match: whether what was searched for is found no better than by chance.
    """
    total, query = len(session.images), session.query
    if not total:
        return ""
    count = f"{listed:,} of {total:,} shown"
    if images is not None:
        count = f"{listed:,} series, {images:,} of {total:,} images shown"
    if query.active and query.answer is None:
        return f"{count} · ranking" if query.pending else f"{count} · not ranked"
    found = query.answer.approximate if query.answer is not None else None
    how = "" if found is None else f" · {found.words}"
    if query.like is not None:
        return f"{count} · most alike first{how}"
    if query.text and no_match:
        return f"No match for “{query.text}” · {count}{how}"
    if query.text:
        return f"{count} · by cosine to “{query.text}”{how}"
    return f"{count} · in the order of the files"
