"""The vectors that a review compares, with the series to which their images belong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.series_codes import series_codes


@dataclass(frozen=True, slots=True, eq=False)
class ReviewVectors:
    """The P images of a collection that have a vector of an encoder, out of N.

    Attributes:
        model: id of the encoder.
        key: under which its vectors are kept.
        image_ids: all N, in the order of the collection.
        rows: intp (P,), ascending.
        vectors: float32 (P, D), unit rows.
        series: int64 (P,), the number of each image's series; None where it does not count.
    """

    model: str
    key: str
    image_ids: tuple[str, ...]
    rows: np.ndarray
    vectors: np.ndarray
    series: np.ndarray | None

    @property
    def without_vector(self) -> int:
        """How many images the encoder has not seen."""
        return len(self.image_ids) - len(self.rows)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return float32 (N,): the P values in their rows, NaN elsewhere."""
        spread = np.full(len(self.image_ids), np.nan, np.float32)
        spread[self.rows] = values
        return spread


def review_vectors(
    collection: Collection, model: str | None, *, across_series: bool
) -> ReviewVectors:
    """Read the image vectors of an encoder, by default the one last used.

    Args:
        across_series: whether images of one series are not to be compared with each other.

    Raises:
        UsageError: no image has a vector.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    entry = collection.encoder_entry(model)
    stored = collection.vector_rows(entry.key)
    if not len(stored.rows):
        raise UsageError(
            f"No image of “{collection.name}” has a vector of {entry.model}.",
            f"Index its folders with --model {entry.model}.",
        )
    images = collection.images
    return ReviewVectors(
        model=entry.model,
        key=entry.key,
        image_ids=tuple(images["image_id"].to_pylist()),
        rows=stored.rows,
        vectors=unit(stored.halves),
        series=series_codes(images)[stored.rows] if across_series else None,
    )
