"""Columns of what is known of each label: probability, z, percentile, margin and cosine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.viewmodels.columns import OF_LABELS, Column, Offer

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.jobs import JobContext
    from vlm_explorer.queries.classify_answer import ClassifyAnswer
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.session import Session

PROBABILITY, Z, PERCENTILE, MARGIN, COSINE = (  # and the label
    "probability:", "z:", "percentile:", "margin:", "cosine:",
)  # fmt: skip
_GROUP_OF = dict(zip((PROBABILITY, Z, PERCENTILE, MARGIN, COSINE), OF_LABELS, strict=True))
_UNKNOWN = "not known: too few images, or too many, to ask unrelated prompts about"


def offers_of_labels(session: Session, answer: ClassifyAnswer) -> list[Offer]:
    """Return what columns an answer about labels gives, kind by kind.

    What compares with unrelated prompts is slow, and needs the encoder that answered.
    """
    held = {PROBABILITY: answer.probability, MARGIN: answer.margin, COSINE: answer.cosine}
    offers = []
    for prefix, values in held.items():
        if values.shape == answer.cosine.shape:
            offers += _offers(answer, prefix, partial(_held, answer), of=values)
    encoder, content = session.encoder, session.content
    if encoder is not None and content is not None and encoder.id == answer.model:
        for prefix, make in ((Z, _z), (PERCENTILE, _percentile)):
            asked = partial(make, content, encoder, answer)
            offers += _offers(answer, prefix, asked, of=answer.cosine, slow=True)
    return offers


def _offers(
    answer: ClassifyAnswer, prefix: str, make: partial[Column], *, of: object, slow: bool = False
) -> list[Offer]:
    return [
        Offer(
            f"{prefix}{label}",
            _title(prefix, label),
            _GROUP_OF[prefix],
            is_number=True,
            make=partial(make, prefix, place),
            slow=slow,
            of=of,
        )
        for place, label in enumerate(answer.labels)
    ]


def _title(prefix: str, label: str) -> str:
    return f"{label}: {prefix.removesuffix(':')}"


def _column(
    answer: ClassifyAnswer,
    prefix: str,
    place: int,
    values: np.ndarray,
    note: str,
    *,
    unit: str = "",
    centre: float | None = None,
) -> Column:
    label = answer.labels[place]
    return Column(
        f"{prefix}{label}",
        _title(prefix, label),
        values.astype(np.float64),
        unit=unit,
        centre=centre,
        group=_GROUP_OF[prefix],
        note=note,
    )


def _held(answer: ClassifyAnswer, prefix: str, place: int) -> Column:
    """Return what the answer itself holds."""
    several = answer.task == "multi"
    if prefix == PROBABILITY:
        note = f"the label by itself, {answer.of_what}" if several else f"share {answer.of_what}"
        values = answer.probability[:, place] * np.float64(100)
        return _column(answer, prefix, place, values, note, unit="%")
    if prefix == MARGIN:
        note = "how far the odds of present against absent lie above even, in cosines"
        note = note if several else "cosine less that of the best of the other labels"
        return _column(answer, prefix, place, answer.margin[:, place], note, centre=0.0)
    note = "cosine of the image with the label's prompts, −1 to 1"
    return _column(answer, prefix, place, answer.cosine[:, place], note)


def _z(
    content: Opened,
    encoder: Encoder,
    answer: ClassifyAnswer,
    prefix: str,
    place: int,
    *,
    context: JobContext,
) -> Column:
    """Compare a label's cosines with those of unrelated prompts on the same images."""
    from vlm_explorer.queries.null_bank import null_scores_of

    cosine, note = answer.cosine[:, place], _UNKNOWN
    values = np.full(len(cosine), np.nan)
    nulls = null_scores_of(content.collection, encoder, context=context)
    if nulls is not None:
        stored = content.collection.vector_rows(encoder.id)
        values[stored.rows] = nulls.z_of_images(cosine[stored.rows])
        note = f"standard deviations above {nulls.prompts:,} unrelated prompts on the same image"
    return _column(answer, prefix, place, values, note)


def _percentile(
    content: Opened,
    encoder: Encoder,
    answer: ClassifyAnswer,
    prefix: str,
    place: int,
    *,
    context: JobContext,
) -> Column:
    """Return the share of unrelated prompts that a label lies above, image by image."""
    from vlm_explorer.queries.null_bank import null_percentiles, null_scores_of

    cosine = answer.cosine[:, place : place + 1]
    nulls = null_scores_of(content.collection, encoder, context=context)
    if nulls is None:
        return _column(answer, prefix, place, np.full(len(cosine), np.nan), _UNKNOWN, unit="%")
    share = null_percentiles(content.collection, encoder, cosine, context=context)[:, 0]
    note = f"share of {nulls.prompts:,} unrelated prompts that score lower on the same image"
    return _column(answer, prefix, place, share.astype(np.float64) * 100, note, unit="%")
