"""How near each image of a series is to what is searched for. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.states import QueryState


@dataclass(frozen=True, eq=False)
class Profile:
    """Cosines along a series, in the order of the wheel.

    Attributes:
        cosine: float32 (N,), NaN for an image without a vector.
        subject: what the cosines are to, in words.
    """

    cosine: np.ndarray
    subject: str

    @cached_property
    def known(self) -> np.ndarray:
        """Which images have a cosine, bool (N,)."""
        return np.asarray(np.isfinite(self.cosine))

    @cached_property
    def best(self) -> int:
        """Index of the nearest image."""
        return int(np.nanargmax(self.cosine))

    @cached_property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest cosine."""
        return float(np.nanmin(self.cosine)), float(np.nanmax(self.cosine))

    def bins(self, count: int) -> np.ndarray:
        """Return the largest cosine in each of `count` parts of the series, float32 (count,).

        With fewer images than parts an image fills several. NaN where no image has a vector.
        """
        size = len(self.cosine)
        starts = np.arange(count) * size // count
        ends = np.maximum(np.arange(1, count + 1) * size // count, starts + 1)
        filled = np.where(self.known, self.cosine, -np.inf)
        largest = np.array(
            [filled[start:end].max() for start, end in zip(starts, ends, strict=True)],
            dtype=np.float32,
        )
        return np.where(np.isneginf(largest), np.float32(np.nan), largest)

    def words_at(self, index: int) -> str:
        """Return an image's place and cosine in words."""
        place = f"Image {index + 1} of {len(self.cosine)}"
        if not self.known[index]:
            return f"{place}: not encoded"
        return f"{place}: cosine {numbers.cosine(float(self.cosine[index]))} to {self.subject}"

    def summary(self) -> str:
        """Return the whole in words."""
        lowest, highest = (numbers.cosine(value) for value in self.range)
        parts = [
            f"Cosine to {self.subject} from {lowest} to {highest}",
            f"highest at image {self.best + 1}",
        ]
        if missing := int((~self.known).sum()):
            parts.append(f"{missing} of {len(self.cosine)} images not encoded")
        return ", ".join(parts)


def profile_of(images: ImageTable, query: QueryState, ids: Sequence[str]) -> Profile | None:
    """Return the profile of a series under the present answer; nothing is encoded for it.

    None without an answer, for a single image, and where no image of it has a vector.
    """
    if query.answer is None or len(ids) < 2:
        return None
    answer = query.answer.cosine
    rows = np.array([images.row_of[image_id] for image_id in ids])
    cosine = np.full(len(rows), np.nan, dtype=np.float32)
    encoded = rows < len(answer)  # while a folder is indexed, images come after the answer
    cosine[encoded] = answer[rows[encoded]]
    if not np.isfinite(cosine).any():
        return None
    return Profile(cosine, "the image searched for" if query.like else query.words)
