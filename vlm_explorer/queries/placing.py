"""What is needed to place a text on a map of a collection among the texts that are there."""

from __future__ import annotations

import numpy as np

from vlm_explorer.analysis.placing import Spread, TextsOfMap, shares_texts, spread_of
from vlm_explorer.collection.store import Collection
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.layout import LayoutAnswer


def texts_of_map(
    collection: Collection, answer: LayoutAnswer, *, context: JobContext | None = None
) -> TextsOfMap | None:
    """Return the texts of a layout with their vectors; None where a text is placed by images.

    Prompts that were laid out with the captions are left out: they have no stored vectors.

    Args:
        collection: that was laid out.
        answer: the layout.
        context: cancellation.

    Raises:
        ModelNotFound: the collection holds no vectors of the layout's encoder any more.
    """
    context = context or JobContext()
    stored = collection.text_rows(answer.model)
    ids = collection.texts["text_id"].take(stored.rows).to_pylist()
    row_of = {key: row for row, key in enumerate(ids)}
    laid_out = [place for place, key in enumerate(answer.text_ids) if key in row_of]
    if not shares_texts(answer.request.space, len(laid_out)):
        return None
    context.check()
    vectors = stored.halves[[row_of[answer.text_ids[place]] for place in laid_out]]
    xy = np.asarray(answer.text_xy[laid_out], np.float32)
    if answer.request.space != "centred":
        return TextsOfMap(vectors, xy)
    mean = vectors.mean(axis=0, dtype=np.float64)
    texts = spread_of(vectors, mean)
    context.check()
    rows = collection.vector_rows(answer.model)
    images = spread_of(rows.halves, mean)
    by_row = Spread(images.mean, rows.spread(images.along), rows.spread(images.length))
    return TextsOfMap(vectors, xy, by_row, texts)
