"""The checks of a review in words, and what one found, ready to be listed. No Qt.

Everything heavy is imported inside the functions, in the worker's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.background import Opened

FLOOR = 0.8  # the least cosine of pairs that the window looks for
MOST = 20_000  # pairs, the nearest; nobody looks through more
PAIRS, OUTLIERS, CAPTIONS = CHECKS = ("duplicates", "outliers", "mispaired")


@dataclass(frozen=True, slots=True)
class Words:
    """What the window calls a check.

    Attributes:
        title: on the button that chooses it.
        one, many: what it finds.
        value: what its number is, within a sentence.
        note: how the number comes about.
        none: said where it found nothing at all.
        across: what it means that images of one series are not compared with each other.
    """

    title: str
    one: str
    many: str
    value: str
    note: str
    none: str
    across: str = ""


WORDS = {
    PAIRS: Words(
        "Near-duplicates",
        "pair",
        "pairs",
        "cosine",
        "The cosine of two images, each compared with every other, in the full space.",
        "No two images are near-duplicates.",
        "Leave out pairs of one series",
    ),
    OUTLIERS: Words(
        "Outliers",
        "image",
        "images",
        "score",
        "How unlike its 10 nearest an image is (mean cosine distance, Angiulli and Pizzuti 2002), "
        "and how unlike all others together (Mahalanobis distance, covariance shrunk as by Ledoit "
        "and Wolf 2004): the mean of both as modified z-scores, in the full space. At first the "
        "limit is where these scores have a modified z-score of 3.5.",
        "No image has others to be compared with.",
        "Neighbours in other series only",
    ),
    CAPTIONS: Words(
        "Mis-paired",
        "caption",
        "captions",
        "ranked behind",
        "How many of all other captions fit the image better than its own, and how many of all "
        "other images fit the caption better; the mean of both shares. Drawn at random it is 50 %.",
        "No image has a caption.",
    ),
}


def number(check: str, value: float) -> str:
    """Return the number of a check in words; those of a caption are shares."""
    if check == OUTLIERS:
        return numbers.score(value)
    return numbers.percent(value) if check == CAPTIONS else numbers.cosine(value)


def sentence(check: str, count: int, threshold: float, groups: int = 0) -> str:
    """Return how many findings there are at a threshold: "23 pairs at cosine 0.980 or more"."""
    words = WORDS[check]
    found = f"{count:,} {words.one if count == 1 else words.many}"
    limit = number(check, threshold)
    if check == PAIRS:
        together = f", {groups:,} {'group' if groups == 1 else 'groups'}" if groups else ""
        return f"{found} at cosine {limit} or more{together}"
    if check == OUTLIERS:
        whose = "its" if count == 1 else "their"
        return f"{found} unlike {whose} nearest and all others: score {limit} or more"
    return f"{found} ranked behind {limit} or more"


@dataclass(frozen=True, eq=False)
class Findings:
    """What a check found, the most suspicious first.

    Attributes:
        check: one of `CHECKS`.
        images: N, how many images there are.
        rows: int64 (M, 2) or (M, 1), rows of the table of images.
        values: float32 (M,), descending.
        least, most: the ends of the slider.
        limit: the threshold at first.
        columns: key, title and values (N,) of what every image can be coloured by.
        captions: the caption of each finding, of captions.
        details: a further line of words for each finding, by its place.
        notes: what is to be known about all of them, each a sentence.
    """

    check: str
    images: int
    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    least: float
    most: float
    limit: float
    columns: tuple[tuple[str, str, NDArray[np.float64]], ...]
    captions: tuple[str, ...] = ()
    details: Callable[[int], str] = field(default=lambda _place: "")
    notes: tuple[str, ...] = ()

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """One number for each finding, (M,), by which `code` finds it again."""
        rows = self.rows[:, 0] * self.images + self.rows[:, -1]
        if not self.captions:
            return rows
        own = np.array([self._captions[text] for text in self.captions], np.int64)
        return rows * len(self._captions) + own

    def code(self, rows: Sequence[int], caption: str) -> int:
        """Return the number of a finding; of a caption that is none of these, -1."""
        code = rows[0] * self.images + rows[-1]
        if not self.captions:
            return code
        number = self._captions.get(caption, -1)
        return code * len(self._captions) + number if number >= 0 else -1

    @cached_property
    def _captions(self) -> dict[str, int]:
        """The number of each distinct caption."""
        return {text: number for number, text in enumerate(dict.fromkeys(self.captions))}

    def above(self, threshold: float) -> int:
        """Return how many reach a threshold: the first that many."""
        return int(np.searchsorted(-self.values, -np.float32(threshold), side="right"))

    def histogram(self, bins: int) -> NDArray[np.int64]:
        """Return how many findings lie in each of equal parts of the slider, (bins,)."""
        counts, _ = np.histogram(self.values, bins, (self.least, self.most))
        return counts.astype(np.int64)


def find(opened: Opened, check: str, across_series: bool, *, context: JobContext) -> Findings:
    """Look through the open collection.

    Raises:
        ExplorerError: it cannot be looked through, or there are no captions.
    """
    context.check()
    found = _FIND[check](opened, across_series, context)
    _ = found.codes  # made here, so that the window need not
    return found


def _find_pairs(opened: Opened, across_series: bool, context: JobContext) -> Findings:
    from vlm_explorer.queries.duplicates import THRESHOLD, DuplicatesRequest, duplicates

    request = DuplicatesRequest(FLOOR, across_series, MOST)
    found = duplicates(opened.collection, request, model=opened.model or None, context=context)
    patient = opened.images.patient

    def relation(place: int) -> str:
        one, other = (patient[row] for row in found.pairs[place])
        if not one or not other:
            return ""
        return "same patient" if one == other else "two patients"

    notes: tuple[str, ...] = ()
    if found.complete_from > FLOOR:
        listed = f"the {len(found.pairs):,} nearest pairs"
        notes = (f"Only {listed} are kept: all from cosine {found.complete_from:.3f} on.",)
    least = found.complete_from
    return Findings(
        PAIRS,
        len(opened.images),
        found.pairs,
        found.cosine,
        least,
        1.0,
        max(THRESHOLD, least),
        (("nearest-cosine", "cosine with the nearest image", found.nearest.astype(np.float64)),),
        details=relation,
        notes=notes + _unseen(found.without_vector),
    )


def _find_outliers(opened: Opened, across_series: bool, context: JobContext) -> Findings:
    from vlm_explorer.queries.outliers import OutliersRequest, outliers

    request = OutliersRequest(threshold=-np.inf, across_series=across_series)
    found = outliers(opened.collection, request, model=opened.model or None, context=context)
    values = found.score[found.outliers]
    images = opened.images

    def kind(place: int) -> str:
        row = found.outliers[place]
        return str(images.modality[row] or images.label[row])

    least, most = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    return Findings(
        OUTLIERS,
        len(opened.images),
        found.outliers[:, None],
        values,
        least,
        max(most, least + 1e-3),
        float(np.clip(found.usual, least, most)) if len(values) else most,
        (
            ("outlier", "outlier score", found.score.astype(np.float64)),
            ("outlier-distance", "mean distance to the 10 nearest", found.distance.astype(float)),
        ),
        details=kind,
        notes=_unseen(found.without_vector),
    )


def _find_captions(opened: Opened, _across_series: bool, context: JobContext) -> Findings:
    from vlm_explorer.queries.mispaired import THRESHOLD, MispairedRequest, mispaired

    request = MispairedRequest(threshold=0)
    found = mispaired(opened.collection, request, model=opened.model or None, context=context)
    order, ranks = found.mispaired, found.ranks

    def both(place: int) -> str:
        pair = order[place]
        caption = f"caption {ranks.text_rank[pair]:,} of {ranks.text_rivals[pair] + 1:,}"
        return f"{caption}\nimage {ranks.image_rank[pair]:,} of {ranks.image_rivals[pair] + 1:,}"

    notes = _unseen(found.without_vector)
    if found.without_caption:
        notes += (_counted(found.without_caption, "image has no caption", "images have none"),)
    return Findings(
        CAPTIONS,
        len(opened.images),
        found.image[order][:, None],
        ranks.share_before[order],
        0.0,
        1.0,
        THRESHOLD,
        (("caption-rank", "rank of the best own caption", found.caption_rank.astype(np.float64)),),
        captions=tuple(found.captions[pair] for pair in order.tolist()),
        details=both,
        notes=notes,
    )


def _unseen(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (_counted(count, "image is not encoded yet", "images are not encoded yet"),)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}."


_FIND: dict[str, Callable[[Any, bool, JobContext], Findings]] = {
    PAIRS: _find_pairs,
    OUTLIERS: _find_outliers,
    CAPTIONS: _find_captions,
}
