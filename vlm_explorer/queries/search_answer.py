"""What a search found: the nearest images, with what their scores mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from vlm_explorer.analysis.descending import descending
from vlm_explorer.analysis.null_scores import MATCH, NullScores
from vlm_explorer.queries.approximate import Approximation
from vlm_explorer.queries.ranking import Changed, Ranked
from vlm_explorer.queries.ranking_choice import RankingChoice


@dataclass(frozen=True, slots=True)
class Hit:
    """An image that was found.

    Attributes:
        score: what the ranking goes by: the cosine, or what `SearchRequest.ranking` says.
        z: how far the score lies above those of unrelated prompts' hits of the same rank, in
            standard deviations; None where that is not known, or would mean nothing.
        count: how many images it stands for, itself the best of them.
    """

    rank: int
    image_id: str
    file: str
    frame: int
    cosine: float
    score: float
    z: float | None = None
    count: int = 1


@dataclass(frozen=True, eq=False)
class SearchAnswer:
    """The nearest images, best first.

    Attributes:
        model: id of the encoder.
        query: what was looked for, in words.
        hits: the best k; cosines that differ by less than 1e-6 are a tie, ordered by image id.
        cosine: float32 (N,), in the order of the collection; NaN for images without a vector. The
            float32 product with the stored float16 values, those of hits summed in float64.
        rows: int64 (K,), the rows of the hits in the collection.
        searched: how many images have a vector.
        approximate: how well the index finds that was asked, where there are too many images to
            be searched exactly; `cosine` is then NaN for all that it did not find.
        vector: float32 (D,), the unit vector that was looked for.
        weights: of the texts that were looked for, put together; empty where images were, too.
        ranking: what was ranked by, and what is listed.
        ranked: how all images rank, where that is not simply by cosine.
        best_z: how far the best cosine lies above unrelated prompts' best; None if not known.
    """

    model: str
    query: str
    hits: tuple[Hit, ...]
    cosine: np.ndarray
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    searched: int = 0
    approximate: Approximation | None = None
    vector: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    weights: tuple[float, ...] = (1.0,)
    ranking: RankingChoice = RankingChoice()
    ranked: Ranked | None = None
    best_z: float | None = None

    @property
    def of_one_text(self) -> bool:
        """Whether a single text was looked for, and nothing else."""
        return len(self.weights) == 1 and self.weights[0] > 0

    @property
    def matches(self) -> bool | None:
        """Whether the best cosine is better than unrelated prompts' best; None if not known."""
        return None if self.best_z is None else self.best_z >= MATCH

    @property
    def changed(self) -> Changed | None:
        """What another order than that by cosine changed at the top; None where it is that."""
        return None if self.ranked is None else self.ranked.changed

    def compared(self, nulls: NullScores | None) -> SearchAnswer:
        """Return the answer with each hit's z, where nulls are known and it means something.

        Unrelated prompts say nothing of what images score with images. A hit of another ranking
        than that of images by cosine has no unrelated prompt's hit of the same rank beside it;
        the best cosine of all has.

        Args:
            nulls: of unrelated prompts, put together by the same `weights`.
        """
        if nulls is None or not self.weights or not self.hits:
            return self
        best = float(nulls.z_of_hits(np.array([np.nanmax(self.cosine)]))[0])
        if self.ranked is not None:
            return self._told(best, self.hits)
        scores = nulls.z_of_hits(np.array([hit.cosine for hit in self.hits])).tolist()
        hits = (
            replace(hit, z=None if z != z else z) for hit, z in zip(self.hits, scores, strict=True)
        )
        return self._told(best, tuple(hits))

    def _told(self, best_z: float, hits: tuple[Hit, ...]) -> SearchAnswer:
        """Return the same answer that says more; its rows are not sorted again."""
        answer = replace(self, hits=hits, best_z=best_z)
        if "order" in vars(self):
            vars(answer)["order"] = self.order
        return answer

    @cached_property
    def order(self) -> np.ndarray:
        """All rows of the collection, int64 (N,): the hits, the others, then those without vector.

        Where groups are listed, all images of the first group come first, and so on.
        """
        if self.ranked is not None:
            return self.ranked.order
        by_cosine = descending(self.cosine)
        left = np.ones(len(by_cosine), np.bool_)
        left[self.rows] = False
        return np.concatenate([self.rows, by_cosine[left[by_cosine]]])
