"""Does what a map marks move the score? Patches are hidden, or shown, in the map's order.

Deletion and insertion as in RISE (Petsiuk et al., BMVC 2018), by whole patches; MoRF and LeRF, the
most and the least relevant first, as in Samek et al. (IEEE TNNLS 2017). All is held against random
orders: what a score does when anything is hidden says nothing of the map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.found import tower_of
from vlm_explorer.saliency.occlusion import (
    Baseline,
    Views,
    batch_size_of,
    make_baseline,
    view_encoder,
)

Floats = NDArray[np.float64]
Order = NDArray[np.intp]
# Scores, float (B,), of model views uint8 (B, S, S, 3).
Score = Callable[[Views], NDArray[np.floating]]

ALL_AT = 49  # patches, up to which they are hidden one by one
STEPS = 28  # where there are more
RANDOM_ORDERS = 10
# Below this distance of the scores of the image and of its baseline a share of it is rounding.
_LEAST_SPAN = 0.01
# A gain within so many standard deviations of random orders could be one of theirs.
_BEYOND_CHANCE = 2.0


@dataclass(frozen=True, slots=True)
class DeletionCurves:
    """What the score does as patches are hidden or shown; K steps, R random orders.

    Attributes:
        fractions: float64 (K + 1,), of patches done, 0 to 1.
        deletion: float64 (K + 1,), scores as the patches marked most are hidden first.
        insertion: float64 (K + 1,), scores as they are shown first on the baseline.
        random: float64 (R, K + 1), scores as patches are hidden in random order. Backwards, each is
            the insertion of the opposite order, so that the areas stand for both.
        baseline: what hidden patches show; see `occlusion.occlude`.
        seed: of the random orders, and of the order of patches of equal value.
    """

    fractions: Floats
    deletion: Floats
    insertion: Floats
    random: Floats
    baseline: Baseline
    seed: int

    @property
    def score(self) -> float:
        """The score with everything shown."""
        return float(self.deletion[0])

    @property
    def score_hidden(self) -> float:
        """The score of the baseline alone."""
        return float(self.deletion[-1])

    @property
    def deletion_auc(self) -> float:
        """The area below the deletion's curve (trapezoids): small where the map is faithful."""
        return self._area(self.deletion)

    @property
    def insertion_auc(self) -> float:
        """The area below the insertion's curve: large where the map is faithful."""
        return self._area(self.insertion)

    @property
    def random_auc(self) -> tuple[float, float]:
        """Mean and standard deviation of the areas of the random orders."""
        areas = [self._area(curve) for curve in self.random]
        return float(np.mean(areas)), float(np.std(areas, ddof=1))

    @property
    def deletion_gain(self) -> float:
        """By how much the score falls faster than in random order, as an area."""
        return self.random_auc[0] - self.deletion_auc

    @property
    def insertion_gain(self) -> float:
        """By how much the score comes back faster than in random order, as an area."""
        return self.insertion_auc - self.random_auc[0]

    @property
    def aopc(self) -> float:
        """Mean over the steps of LeRF less MoRF: the least relevant hidden first, and the most."""
        lerf = self.insertion[::-1]
        return float((lerf - self.deletion)[1:].mean())

    @property
    def random_aopc(self) -> tuple[float, float]:
        """Mean and standard deviation of the same for pairs of random orders."""
        pairs = (np.roll(self.random, 1, axis=0) - self.random)[:, 1:].mean(axis=1)
        return float(pairs.mean()), float(pairs.std(ddof=1))

    def normalised(self, area: float) -> float | None:
        """Return an area where the baseline's score is 0 and the image's 1.

        None where the two scores lie within 0.01 of each other.
        """
        span = self.score - self.score_hidden
        return None if abs(span) < _LEAST_SPAN else (area - self.score_hidden) / span

    @property
    def deletion_failed(self) -> bool:
        """Whether hiding what is marked does no more than hiding at random."""
        return self.deletion_gain <= _BEYOND_CHANCE * self.random_auc[1]

    @property
    def insertion_failed(self) -> bool:
        """Whether showing what is marked does no more than showing at random."""
        return self.insertion_gain <= _BEYOND_CHANCE * self.random_auc[1]

    @property
    def failed(self) -> bool:
        """Whether the map is no better than chance in either way."""
        return self.deletion_failed or self.insertion_failed

    def _area(self, curve: Floats) -> float:
        return float(np.trapezoid(curve, self.fractions))


def insertion_deletion(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    row: int = 0,
    *,
    baseline: Baseline = "blur",
    steps: int | None = None,
    seed: int = 0,
    context: JobContext | None = None,
) -> DeletionCurves:
    """Hide and show what a map marks, and watch the cosine of its prompt.

    Args:
        encoder: any.
        pixels: the image as rendered, as given to `explain`.
        explanation: of it.
        row: which of its maps; a method that knows no prompt has one, checked with the prompt
            `row`.
        baseline: what hidden patches show; see `occlusion.occlude`.
        steps: K; by default one a patch up to 49 patches, else 28. One less where it is even and
            the number of patches odd.
        seed: of the random orders.
        context: told the progress and asked for cancellation after each batch.

    Raises:
        NotSupported: there is no prompt whose score could be watched.
    """
    prompts = explanation.target["prompts"]
    if not prompts:
        raise NotSupported(
            "Insertion and deletion watch the score of a prompt, and none was given.",
            "Type a prompt.",
        )
    tower = tower_of(encoder)
    view = encoder.view(pixels)
    text = encoder.encode_texts([prompts[row]])[0]
    encode = view_encoder(encoder)
    return curves(
        explanation.grid[min(row, len(explanation.grid) - 1)],
        view,
        make_baseline(view, baseline, encoder.preprocess.mean),
        tower.patch_hw,
        lambda views: encode(views) @ text,
        baseline=baseline,
        steps=steps,
        seed=seed,
        at_once=batch_size_of(encoder, tower),
        context=context,
    )


def curves(
    grid: NDArray[np.float32],
    view: Views,
    hidden: Views,
    patch_hw: tuple[int, int],
    score: Score,
    *,
    baseline: Baseline = "blur",
    steps: int | None = None,
    seed: int = 0,
    at_once: int = 32,
    context: JobContext | None = None,
) -> DeletionCurves:
    """Return the curves of a map for any score.

    Args:
        grid: float32 (gh, gw), the raw map.
        view: uint8 (S, S, 3), what is scored.
        hidden: uint8 (S, S, 3), what hidden patches show.
        patch_hw: sides of a patch in pixels.
        score: what is watched.
        baseline: the name of `hidden`.
        steps: see `insertion_deletion`.
        seed: of all chance.
        at_once: views scored at once.
        context: told the progress and asked for cancellation after each batch.
    """
    counts = plan_steps(grid.size, steps)
    random = np.random.default_rng(seed)
    order = descending(grid, random)
    orders = [order, order[::-1], *(random.permutation(grid.size) for _ in range(RANDOM_ORDERS))]
    # Their ends are the same: nothing hidden, and everything.
    inner = [hide(order, count, grid.shape) for order in orders for count in counts[1:-1]]
    masks = np.stack([hide(order, 0, grid.shape), hide(order, grid.size, grid.shape), *inner])
    scores = np.empty(len(masks))
    for start in range(0, len(masks), at_once):
        batch = masks[start : start + at_once]
        scores[start : start + len(batch)] = score(_cover(view, hidden, batch, patch_hw))
        if context is not None:
            context.report(start + len(batch), len(masks), "Hiding and showing patches")
    found = np.empty((len(orders), len(counts)))
    found[:, 0], found[:, -1] = scores[0], scores[1]
    found[:, 1:-1] = scores[2:].reshape(len(orders), -1)
    # Hiding the least relevant first is showing the most relevant first, backwards.
    return DeletionCurves(
        counts / grid.size, found[0], found[1][::-1], found[2:], baseline, seed
    )  # fmt: skip


def plan_steps(cells: int, steps: int | None = None) -> Order:
    """Return how many patches are done after each step, (K + 1,), from 0 to all.

    They are symmetric: as many are done after k steps as are left K - k steps before the end.
    """
    steps = min(steps or (cells if cells <= ALL_AT else STEPS), cells)
    if cells % 2 and steps % 2 == 0:
        steps -= 1
    first = np.floor(np.arange(steps + 1) * cells / steps + 0.5).astype(np.intp)
    late = 2 * np.arange(steps + 1) > steps
    return np.where(late, cells - first[::-1], first)


def descending(grid: NDArray[np.float32], random: np.random.Generator) -> Order:
    """Return the patches from the highest value down, equal ones in random order, NaN last."""
    values = np.where(np.isfinite(grid), grid, -np.inf).ravel()
    return np.lexsort((random.random(values.size), -values))


def hide(order: Order, count: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which patches are hidden, bool (gh, gw): the first `count` of an order."""
    mask = np.zeros(order.size, bool)
    mask[order[:count]] = True
    return mask.reshape(shape)


def _cover(
    view: Views, hidden: Views, masks: NDArray[np.bool_], patch_hw: tuple[int, int]
) -> Views:
    """Return uint8 (B, S, S, 3): the view with the patches of each mask replaced."""
    views = np.repeat(view[None], len(masks), axis=0)
    pixels = masks.repeat(patch_hw[0], axis=1).repeat(patch_hw[1], axis=2)
    rows, columns = (min(pair) for pair in zip(pixels.shape[1:], view.shape[:2], strict=True))
    pixels = pixels[:, :rows, :columns]
    views[:, :rows, :columns][pixels] = np.broadcast_to(
        hidden[:rows, :columns], (len(masks), rows, columns, 3)
    )[pixels]
    return views
