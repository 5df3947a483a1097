"""What a search is ranked by, and what it lists; chosen in window, command and API alike."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_explorer.errors import UsageError

RANKINGS = ("cosine", "csls", "inverted-softmax")
UNITS = ("image", "series", "study", "patient")
REDUCTIONS = ("max", "mean", "top-k-mean")
TOP = 5  # images of a group that count for "top-k-mean"


@dataclass(frozen=True, slots=True)
class RankingChoice:
    """What is ranked by, and what is listed.

    Attributes:
        rank_by: one of `RANKINGS`, see `analysis.hubs`.
        per: what a hit stands for, one of `UNITS`; its best image is shown.
        reduce: how the scores of its images make one, one of `REDUCTIONS`.
        top: how many of the best images "top-k-mean" takes.
        diversity: 0 to 1, how much unlikeness to the hits before counts; None leaves the order.
    """

    rank_by: str = "cosine"
    per: str = "image"
    reduce: str = "max"
    top: int = TOP
    diversity: float | None = None

    @property
    def is_plain(self) -> bool:
        """Whether images are ranked by cosine, as they are."""
        return self.rank_by == "cosine" and self.per == "image" and not self.diversity

    @property
    def words(self) -> str:
        """How it is ranked, such as "by CSLS, mean of each series, diverse"."""
        names = {"cosine": "cosine", "csls": "CSLS", "inverted-softmax": "inverted softmax"}
        how = {"max": "best", "mean": "mean", "top-k-mean": f"mean of the best {self.top}"}
        parts = [f"by {names[self.rank_by]}"]
        if self.per != "image":
            parts.append(f"{how[self.reduce]} of each {self.per}")
        if self.diversity:
            parts.append(f"diverse {self.diversity:g}")
        return ", ".join(parts)

    def check(self) -> None:
        """See that every choice is one.

        Raises:
            UsageError: one is not.
        """
        for name, value, known in (
            ("ranking", self.rank_by, RANKINGS),
            ("unit", self.per, UNITS),
            ("reduction", self.reduce, REDUCTIONS),
        ):
            if value not in known:
                raise UsageError(
                    f"There is no {name} “{value}”.", f"Choose one of {', '.join(known)}."
                )
        if self.top < 1:
            raise UsageError("At least one image of each group must count.", "")
        if self.diversity is not None and not 0 <= self.diversity <= 1:
            raise UsageError("Diversity must be from 0 to 1.", "0 leaves the order as it is.")
