"""Columns of what was asked of the images: similarity to the prompt, labels, hubs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.queries.classify_answer import NO_CALL
from vlm_explorer.viewmodels.columns import SCORES, Column, Offer
from vlm_explorer.viewmodels.hubs_columns import offers_of_hubs
from vlm_explorer.viewmodels.label_columns import offers_of_labels

if TYPE_CHECKING:
    from vlm_explorer.queries.classify import ClassifyAnswer
    from vlm_explorer.queries.search_answer import SearchAnswer
    from vlm_explorer.viewmodels.session import Session

SIMILARITY, ZERO_SHOT = "similarity", "zero-shot label"


def offers_of_scores(session: Session) -> dict[str, Offer]:
    """Return what columns there are of answers to the prompt and the labels, and of hubs."""
    size = len(session.images)
    offers: list[Offer] = []
    query, labels = session.query.answer, session.label_state.answer
    if query is not None and len(query.cosine) == size:
        make = partial(_similarity, query, prompt_title(session))
        offers.append(Offer(SIMILARITY, "similarity", SCORES, True, make))
    if labels is not None and len(labels.probability) == size:
        offers.append(
            Offer(ZERO_SHOT, "zero-shot label", SCORES, False, partial(_best_label, labels))
        )
        offers += offers_of_labels(session, labels)
    offers += offers_of_hubs(session)
    return {offer.key: offer for offer in offers}


def _similarity(answer: SearchAnswer, title: str) -> Column:
    values = answer.cosine.astype(np.float64)
    return Column(SIMILARITY, title, values, group=SCORES, note="cosine, −1 to 1")


def _best_label(answer: ClassifyAnswer) -> Column:
    values, order, note = answer.best, answer.labels, "the label of the highest probability"
    if answer.least_margin > 0:
        values[answer.known & ~answer.calls.any(axis=1)] = NO_CALL
        order, note = (*order, NO_CALL), f"{note}; {NO_CALL} below the margin"
    return Column(ZERO_SHOT, "zero-shot label", values, group=SCORES, order=order, note=note)


def prompt_title(session: Session) -> str:
    """Return what the similarity is to: the prompt's words, or an image."""
    query = session.query
    if query.like is not None and query.like in session.images.row_of:
        return f"cosine to {session.images.name_of(session.images.row_of[query.like])}"
    return f"cosine to {query.words}"
