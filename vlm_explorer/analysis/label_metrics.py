"""How well scores tell which images a label is true of, with intervals over resampled patients.

Every figure is computed for many weightings of the images at once: the first is the figure itself
(all weights 1), the rest are bootstrap samples, in which a patient is drawn several times or never.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.resampling import Estimate, draw, estimate

Truth = NDArray[np.bool_]
Scores = NDArray[np.floating]
Weights = NDArray[np.float64]
Values = NDArray[np.float64]
Figure = Callable[[Weights], Values]  # a figure under weightings (R, N): see `auroc` and others

REPLICATES = 1000
_AT_ONCE = 64  # weightings: of 100,000 images they are 50 MB


def auroc(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Return the area under the ROC curve: the chance that a true image scores above a false one.

    Equal scores count half, as in scikit-learn's `roc_auc_score`.

    Args:
        truth: bool (N,).
        scores: (N,), finite.
        weights: float64 (R, N), 0 or more.

    Returns:
        float64 (R,); NaN where a weighting has only true or only false images.
    """
    positive, negative, place = _apart(truth, scores, weights)
    below = negative[:, place[0]] + negative[:, place[1]]
    pairs = positive.sum(axis=1) * negative[:, -1]
    return _ratio((positive * below).sum(axis=1) / 2, pairs)


def average_precision(truth: Truth, scores: Scores, weights: Weights) -> Values:
    """Return the mean precision over the true images, as in scikit-learn.

    Args, returns: as `auroc`; NaN where a weighting has no true image. Its level by chance is the
    share of true images.
    """
    positive, negative, place = _apart(truth, scores, weights)
    # what is true from each score on: equal ones come together
    summed = np.cumsum(positive[:, ::-1], axis=1)[:, ::-1]
    found = summed[:, place[2]]
    precision = _ratio(found, found + negative[:, -1:] - negative[:, place[0]])
    return _ratio(np.nansum(positive * precision, axis=1), positive.sum(axis=1))


def sensitivity(truth: Truth, called: Truth, weights: Weights) -> Values:
    """Return the share of true images that are called so, float64 (R,); of false, the other way."""
    return _ratio(weights @ (truth & called), weights @ truth)


def share(right: Truth, weights: Weights) -> Values:
    """Return the share of all images of which something holds, float64 (R,)."""
    return _ratio(weights @ right, weights.sum(axis=1))


def f1(truth: Truth, called: Truth, weights: Weights) -> Values:
    """Return the harmonic mean of precision and sensitivity; 0 where nothing is true or called."""
    either = weights @ truth + weights @ called
    return np.nan_to_num(_ratio(2 * (weights @ (truth & called)), either))


def balanced_accuracy(
    truth: NDArray[np.intp], called: NDArray[np.intp], weights: Weights
) -> Values:
    """Return the mean over the classes that occur of the share called rightly, float64 (R,).

    Args:
        truth, called: (N,), the number of the class of each image.
    """
    shares = [sensitivity(truth == k, called == k, weights) for k in np.unique(truth)]
    return _mean(shares)


def macro_f1(
    truth: NDArray[np.intp], called: NDArray[np.intp], classes: int, weights: Weights
) -> Values:
    """Return the mean of the classes' F1, 0 where a class is neither true nor called."""
    shares = [f1(truth == k, called == k, weights) for k in range(classes)]
    return np.asarray(np.mean(shares, axis=0), np.float64)


def youden_threshold(truth: Truth, scores: Scores) -> float:
    """Return the score from which on an image is best called true: sensitivity plus specificity.

    It lies in the middle between two scores (Youden 1950); NaN without images of both kinds.
    """
    if truth.all() or not truth.any():
        return float("nan")
    order, starts = _tied(scores)
    positive, negative = _sums(truth[order], np.ones((1, len(order))), starts)
    # calling true from the g-th distinct score on
    missed = np.concatenate([[0], np.cumsum(positive[0])]) / truth.sum()
    spared = np.concatenate([[0], np.cumsum(negative[0])]) / (~truth).sum()
    best = int(np.argmax(spared - missed))
    values = np.asarray(scores, np.float64)[order][starts]
    if best in (0, len(values)):
        return float(values[0] if best == 0 else np.nextafter(values[-1], np.inf))
    return float((values[best - 1] + values[best]) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A figure and its bootstrap replicates, so that two of the same cases can be compared.

    Attributes:
        replicates: float64 (R,), one for each sample of `Samples`; NaN where it does not exist.
    """

    estimate: Estimate
    replicates: Values

    def less(self, other: Measured) -> Estimate:
        """Return this figure less another of the same samples, with the paired interval."""
        value = self.estimate.value - other.estimate.value
        if np.isnan(self.estimate.low) or np.isnan(other.estimate.low):
            return Estimate(value, float("nan"), float("nan"), self.estimate.n)
        return estimate(value, self.replicates - other.replicates, self.estimate.n)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Weightings of N images: all once, and bootstrap samples of their groups.

    Attributes:
        group: intp (N,), the group of each image, from 0.
        draws: float64 (1 + R, G), how often each group counts; the first row is all 1.
    """

    group: NDArray[np.intp]
    draws: Weights

    @classmethod
    def of(
        cls, groups: NDArray[np.generic], replicates: int = REPLICATES, seed: int = 0
    ) -> Samples:
        """Draw samples of groups, such as patients, with return (Efron 1979)."""
        group = np.unique(groups, return_inverse=True)[1].astype(np.intp)
        count = int(group.max(initial=-1)) + 1
        drawn = draw(count, replicates, seed)
        return cls(group, np.concatenate([np.ones((1, count)), drawn]))

    def among(self, rows: NDArray[np.bool_]) -> Samples:
        """Return the same samples of some of the images only."""
        return Samples(self.group[rows], self.draws)

    def figures(self, function: Figure) -> Values:
        """Return a figure under every weighting, float64 (1 + R,)."""
        parts = [
            function(self.draws[start : start + _AT_ONCE][:, self.group])
            for start in range(0, len(self.draws), _AT_ONCE)
        ]
        return np.concatenate(parts)

    def measure(self, function: Figure) -> Measured:
        """Return a figure with its 95 % interval, the number of images, and its replicates."""
        values = self.figures(function)
        figure = estimate(float(values[0]), values[1:], len(self.group), groups=self.group)
        return Measured(figure, values[1:])

    def estimate(self, function: Figure) -> Estimate:
        """Return a figure with its 95 % interval and the number of images."""
        return self.measure(function).estimate


def _apart(
    truth: Truth, scores: Scores, weights: Weights
) -> tuple[Weights, Weights, tuple[NDArray[np.intp], ...]]:
    """Return the weights of true images and those of false ones below each number of them.

    Returns:
        float64 (R, P), the weights of the true images by rising score; float64 (R, 1 + N), the sum
        of the weights of the first false ones; and for each true image how many false ones lie
        below it, how many no higher, and where the first true one of its score stands.
    """
    values = np.asarray(scores)
    true, false = np.flatnonzero(truth), np.flatnonzero(~truth)
    true = true[np.argsort(values[true], kind="stable")]
    false = false[np.argsort(values[false], kind="stable")]
    negative = np.zeros((len(weights), len(false) + 1))
    np.cumsum(weights[:, false], axis=1, out=negative[:, 1:])
    own = values[true]
    place = (
        np.searchsorted(values[false], own, "left"),
        np.searchsorted(values[false], own, "right"),
        np.searchsorted(own, own, "left"),
    )
    return weights[:, true], negative, place


def _tied(scores: Scores) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rising order of scores, and where in it each distinct one begins."""
    order = np.argsort(scores, kind="stable")
    ordered = np.asarray(scores)[order]
    return order, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _sums(truth: Truth, weights: Weights, starts: NDArray[np.intp]) -> tuple[Weights, Weights]:
    """Return the weights of true and of false images at each distinct score, each (R, G)."""
    return (
        np.add.reduceat(weights * truth, starts, axis=1),
        np.add.reduceat(weights * ~truth, starts, axis=1),
    )


def _ratio(above: Values, below: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below, np.float64)


def _mean(parts: list[Values]) -> Values:
    """Return the mean of those that exist, float64 (R,)."""
    stacked = np.stack(parts)
    there = ~np.isnan(stacked)
    return _ratio(np.where(there, stacked, 0).sum(axis=0), there.sum(axis=0).astype(np.float64))
