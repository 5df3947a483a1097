"""Whether the prompt that a map explains fits the image at all. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.saliency_asked import asked_of
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation


def weakness(session: Session, image_id: str | None, explanation: Explanation) -> tuple[str, ...]:
    """Return what to say where most images of the collection fit the explained prompt better.

    Only the prompt that is searched for is known to fit other images better or worse.
    """
    answer, row = session.query.answer, session.images.row_of.get(image_id or "")
    prompt = asked_of(session).prompt
    if explanation.target["prompts"] != [prompt] or answer is None or row is None:
        return ()
    if len(answer.cosine) != len(session.images):
        return ()
    words = weak_match(*rank_of(answer.cosine, row))
    return (words,) if words else ()


def rank_of(cosines: NDArray[np.floating], row: int) -> tuple[int, int]:
    """Return the rank of a row, from 1, and how many there are; NaN is none."""
    known = cosines[~np.isnan(cosines)]
    return 1 + int((known > cosines[row]).sum()), len(known)


def weak_match(rank: int, count: int) -> str:
    """Return what to say where a prompt fits most images better; empty where it does not.

    Args:
        rank: of the image among all, from 1.
        count: of the images.
    """
    if count < 2 or 2 * rank <= count + 1:
        return ""
    return f"Weak match: {rank - 1:,} of {count:,} images fit this prompt better."
