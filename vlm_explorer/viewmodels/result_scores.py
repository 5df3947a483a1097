"""What the scores of ranked images say: cosine, z by rank, and which are no better than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.queries.search_answer import SearchAnswer
    from vlm_explorer.viewmodels.score_scale import ScoreScale


@dataclass(frozen=True, eq=False)
class ResultScores:
    """The scores of an answer, by row of the collection and by rank from 0.

    Attributes:
        answer: to what was searched for.
        z: float64 (K,), of the best hits; empty where nothing is known of unrelated prompts.
        least: from which z on a hit is called a match.
        scale: what z is compared with, in words.
    """

    answer: SearchAnswer
    z: NDArray[np.float64]
    least: float = 0.0
    scale: str = ""

    @classmethod
    def of(cls, answer: SearchAnswer, scale: ScoreScale) -> ResultScores:
        """Return the scores of an answer on the scale of its collection."""
        return cls(answer, scale.z_of(answer), scale.least, scale.words)

    @property
    def compared(self) -> bool:
        """Whether there is any z."""
        return len(self.z) > 0

    @property
    def no_match(self) -> bool:
        """Whether even the best hit is no better than those of unrelated prompts."""
        return self.answer.matches is False

    def cosine(self, row: int) -> float | None:
        """Return the cosine of an image; None where there is none."""
        value = self.answer.cosine[row]
        return None if np.isnan(value) else float(value)

    def z_at(self, rank: int) -> float | None:
        """Return the z of the hit of a rank; None beyond the ranks that are compared."""
        return float(self.z[rank]) if 0 <= rank < len(self.z) else None

    def below(self, rank: int) -> bool:
        """Whether a hit is no better than unrelated prompts' of its rank.

        Beyond the ranks that are compared, as the last of these.
        """
        return self.compared and float(self.z[min(rank, len(self.z) - 1)]) < self.least

    def words(self, row: int, rank: int) -> list[str]:
        """Return the lines that say all about an image's score; none where it has none."""
        cosine, z = self.cosine(row), self.z_at(rank)
        if cosine is None:
            return []
        ranked = self.answer.ranked
        if ranked is not None:
            score = f"Score {ranked.score[row]:.3f}, {self.answer.ranking.words}"
            over = [] if ranked.over is None else [ranked.over.words.capitalize()]
            return [score, *over, f"Cosine {numbers.cosine(cosine)}"]
        of = f"rank {rank + 1:,} of {self.answer.searched:,}"
        if z is None:
            beyond = self.compared and rank >= len(self.z)
            more = [f"z is known of the first {len(self.z):,} ranks"] if beyond else []
            return [f"Cosine {numbers.cosine(cosine)}, {of}", *more]
        verdict = "; no better than chance" if self.below(rank) else ""
        return [f"Cosine {numbers.cosine(cosine)}, z {numbers.z(z)}, {of}{verdict}", self.scale]
