"""Other orders than that of images by cosine: without hubs, by series or patient, diverse."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.aggregation import Groups, group_scores
from vlm_explorer.analysis.diversity import diverse_order
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.vector_rows import VectorRows
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.queries.hub_bank import CountedOver, hubs_of
from vlm_explorer.queries.ranking_choice import RankingChoice
from vlm_explorer.queries.series_codes import series_codes

COMPARED = 20  # hits at the top, of which it is said what changed
_CANDIDATES = 200  # at least as many of the best, and ten times k, are what diversity chooses from

_codes: WeakKeyDictionary[VectorRows, dict[str, NDArray[np.int64]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Changed:
    """What is among the first `top` hits now and was not by cosine, and what was and is not.

    Attributes:
        new, fell: image ids; of groups, those of the image that stands or stood for each.
    """

    top: int
    new: tuple[str, ...]
    fell: tuple[str, ...]

    @property
    def words(self) -> str:
        """What changed, in words."""
        if not self.new:
            return f"the same {self.top} at the top as by cosine"
        return f"{len(self.new)} of the top {self.top} new, as many fell"


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """How N images rank.

    Attributes:
        score: float64 (N,), what images are ranked by before they make groups; NaN without vector.
        order: int64 (N,), all rows, group after group, the best first; those without vector last.
        codes: int64 (N,), the group of each image; -1 without a vector.
        whole: float64 (N,), the score of each image's group; NaN without a vector.
        rows: int64 (k,), the image that stands for each hit.
        hit_scores: float64 (k,), of each hit as a whole.
        counts: int64 (k,), how many images each hit stands for.
        changed: what changed against the order by cosine; None where that is the order.
        over: what hubs were counted over; None where the ranking does not make up for them.
    """

    score: NDArray[np.float64]
    order: NDArray[np.int64]
    codes: NDArray[np.int64]
    whole: NDArray[np.float64]
    rows: NDArray[np.int64]
    hit_scores: NDArray[np.float64]
    counts: NDArray[np.int64]
    changed: Changed | None
    over: CountedOver | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What is to be said of the order, a phrase each; nothing of one by cosine."""
        said = [] if self.changed is None else [self.changed.words]
        return (*said, *([] if self.over is None else [self.over.words]))


def rank(
    collection: Collection,
    encoder: Encoder,
    cosine: NDArray[np.float32],
    choice: RankingChoice,
    k: int,
) -> Ranked:
    """Rank images that have a vector, as chosen; of equal ones the earlier in the collection first.

    Diversity is chosen among the best 200, or 10 k if that is more: their scores, from the least
    to the best of them, count as 0 to 1 beside cosines, see `analysis.diversity`.

    Args:
        cosine: float32 (P,), in the order of the stored vectors.
    """
    stored = collection.vector_rows(encoder.id)
    score, over = np.asarray(cosine, np.float64), None
    if choice.rank_by != "cosine":
        hubs = hubs_of(collection, encoder)
        over = hubs.over
        score = hubs.csls(cosine) if choice.rank_by == "csls" else hubs.inverted_softmax(cosine)
    codes = group_codes(collection, stored, choice.per)
    groups = _grouped(score, codes, choice)
    best = groups.best_images(score)
    order = groups.order
    if choice.diversity:
        order = _diverse(groups, stored.halves, best, choice.diversity, k)
    rows = best[order[:k]]
    own, whole = np.full((2, stored.wanted), np.nan)
    own[stored.rows], whole[stored.rows] = score, groups.score[codes]
    whole_codes = np.full(stored.wanted, -1, np.int64)
    whole_codes[stored.rows] = codes
    without = np.flatnonzero(whole_codes < 0)
    return Ranked(
        score=own,
        order=np.concatenate([stored.rows[groups.images(score, order)], without]).astype(np.int64),
        codes=whole_codes,
        whole=whole,
        rows=stored.rows[rows].astype(np.int64),
        hit_scores=groups.score[order[:k]],
        counts=np.bincount(codes)[order[:k]],
        changed=_changed(collection, stored, cosine, groups, order, best, choice, k),
        over=over,
    )


def group_codes(collection: Collection, stored: VectorRows, per: str) -> NDArray[np.int64]:
    """Return the number of the group of each image with a vector, int64 (P,), numbered as met.

    An image that tells no patient or study is of its series' own; plain images are one each, the
    frames of a file one together.
    """
    if per == "image":
        return np.arange(len(stored.rows), dtype=np.int64)
    kept = _codes.setdefault(stored, {})
    if per not in kept:
        series = series_codes(collection.images)[stored.rows]
        keys = list(map(str, series.tolist()))
        if per != "series":
            named = collection.images[per].take(stored.rows).to_pylist()
            keys = [f"{per} {name}" if name else own for name, own in zip(named, keys, strict=True)]
        numbers: dict[str, int] = {}
        kept[per] = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    return kept[per]


def _grouped(
    score: NDArray[np.floating], codes: NDArray[np.int64], choice: RankingChoice
) -> Groups:
    counted = {"max": 1, "mean": None, "top-k-mean": choice.top}[choice.reduce]
    return group_scores(score, codes, counted)


def _diverse(
    groups: Groups, vectors: NDArray[np.float16], best: NDArray[np.int64], diversity: float, k: int
) -> NDArray[np.int64]:
    """Return the order of groups of which the first k are unlike each other."""
    candidates = groups.order[: max(_CANDIDATES, 10 * k)]
    score = groups.score[candidates]
    span = float(np.ptp(score))
    share = (score - score.min()) / span if span else np.zeros(len(score))
    chosen = diverse_order(share, vectors[best[candidates]].astype(np.float32), k, 1 - diversity)
    left = np.ones(len(groups.order), np.bool_)
    left[chosen] = False  # places among the candidates are places in the order
    return np.concatenate([candidates[chosen], groups.order[left]])


def _changed(
    collection: Collection,
    stored: VectorRows,
    cosine: NDArray[np.float32],
    groups: Groups,
    order: NDArray[np.int64],
    best: NDArray[np.int64],
    choice: RankingChoice,
    k: int,
) -> Changed | None:
    if choice.rank_by == "cosine" and not choice.diversity:
        return None
    plain = _grouped(cosine, groups.codes, choice)
    before = plain.best_images(cosine)
    top = min(COMPARED, k, len(order))
    now, then = order[:top].tolist(), plain.order[:top].tolist()
    new = [best[code] for code in now if code not in then]
    fell = [before[code] for code in then if code not in now]
    return Changed(top, _ids(collection, stored, new), _ids(collection, stored, fell))


def _ids(collection: Collection, stored: VectorRows, places: list[np.int64]) -> tuple[str, ...]:
    rows = stored.rows[np.array(places, np.int64)]
    return tuple(collection.images["image_id"].take(rows).to_pylist())
