"""Columns of hubs: how often an image, or its caption, is among the nearest of others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.viewmodels.columns import HUBS, Column, Offer

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.jobs import JobContext
    from vlm_explorer.queries.hub_counts import HubCounts
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.session import Session

OF_PROMPTS, NEAREST_PROMPTS = "hubs:prompts", "hubs:nearest prompts"
OF_IMAGES, OF_CAPTIONS = "hubs:images", "hubs:captions"
_TITLES = {
    OF_PROMPTS: "hub score by prompts",
    OF_IMAGES: "hub score by images",
    OF_CAPTIONS: "hub score of the caption",
    NEAREST_PROMPTS: "cosine to nearest prompts",
}
_SOURCE = "Radovanović et al. 2010"


def offers_of_hubs(session: Session) -> list[Offer]:
    """Return what can be counted with the vectors of the encoder in use."""
    content, encoder = session.content, session.encoder
    if content is None or content.vectors is None or not content.model:
        return []
    offers = [_offer(OF_IMAGES, partial(_images, content), content)]
    if session.images.has("caption"):
        offers.append(_offer(OF_CAPTIONS, partial(_captions, content), content))
    if encoder is not None and encoder.id == content.model:
        for key in (NEAREST_PROMPTS, OF_PROMPTS):
            offers.insert(0, _offer(key, partial(_prompts, content, encoder, key), encoder))
    return offers


def _offer(key: str, make: partial[Column], of: object) -> Offer:
    return Offer(key, _TITLES[key], HUBS, is_number=True, make=make, slow=True, of=of)


def _column(key: str, values: np.ndarray, note: str) -> Column:
    return Column(key, _TITLES[key], values.astype(np.float64), group=HUBS, note=note)


def _prompts(content: Opened, encoder: Encoder, key: str, *, context: JobContext) -> Column:
    """Count how often unrelated prompts and captions find an image, or say how near they come."""
    from vlm_explorer.analysis.hubs import NEAREST
    from vlm_explorer.queries.hub_bank import hubs_of

    stored = content.collection.vector_rows(encoder.id)
    found = hubs_of(content.collection, encoder, context=context)
    values = np.full(stored.wanted, np.nan)
    over = found.over
    asked = f"{over.prompts:,} unrelated prompts and {over.captions:,} "
    asked += f"of {over.all_captions:,} captions"
    if key == OF_PROMPTS:
        values[stored.rows] = found.counts
        k = min(NEAREST, len(found.counts))
        note = f"N{_below(k)}: for how many of {asked} it is among the {k} nearest ({_SOURCE})"
        return _column(key, values, note)
    values[stored.rows] = found.nearest
    note = f"over the {min(NEAREST, found.asked)} nearest of {asked}; what CSLS takes off"
    return _column(key, values, note)


def _images(content: Opened, *, context: JobContext) -> Column:
    from vlm_explorer.queries.hub_counts import image_hubs

    found = image_hubs(content.collection, content.model, context=context)
    note = _note(found, f"of how many of {found.queries:,} images it is among the {{k}} nearest")
    return _column(OF_IMAGES, found.counts, note)


def _captions(content: Opened, *, context: JobContext) -> Column:
    from vlm_explorer.queries.hub_counts import caption_hubs

    found = caption_hubs(content.collection, content.model, context=context)
    asked = f"for how many of {found.queries:,} images its caption is among the {{k}} nearest"
    return _column(OF_CAPTIONS, found.counts, _note(found, asked))


def _note(found: HubCounts, asked: str) -> str:
    about = "" if found.exact else "; found among likely neighbours, some may be missed"
    return f"N{_below(found.k)}: {asked.format(k=found.k)} ({_SOURCE}){about}"


def _below(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
