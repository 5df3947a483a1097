"""Whether probabilities mean what they say, and how to make them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 15
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Said against seen, in bins of equal width from 0 to 1.

    Attributes:
        said: float64 (B,), mean probability in each bin; NaN in an empty one.
        seen: float64 (B,), share that was true in each bin; NaN in an empty one.
        counts: int64 (B,).
    """

    said: Floats
    seen: Floats
    counts: NDArray[np.int64]

    @property
    def ece(self) -> float:
        """The expected calibration error: the mean gap, by counts (Naeini et al. 2015)."""
        if not self.counts.sum():
            return float("nan")
        gap = np.nan_to_num(np.abs(self.said - self.seen))
        return float(gap @ self.counts / self.counts.sum())


def reliability(
    probability: NDArray[np.floating], true: NDArray[np.bool_], bins: int = BINS
) -> Reliability:
    """Return what was said against what was seen.

    Args:
        probability: (N,), 0 to 1: of the class called, or of a finding.
        true: bool (N,), whether the call was right, or the finding there.
        bins: how many; each but the first leaves out its lower end, as in Guo et al. 2017.
    """
    values = np.asarray(probability, np.float64)
    place = _bins_of(values, bins)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        said = np.bincount(place, weights=values, minlength=bins) / counts
        seen = np.bincount(place, weights=true.astype(np.float64), minlength=bins) / counts
    return Reliability(said, seen, counts.astype(np.int64))


def _bins_of(values: Floats, bins: int) -> NDArray[np.intp]:
    return np.clip(np.ceil(values * bins).astype(np.intp) - 1, 0, bins - 1)


def calibration_error(
    probability: NDArray[np.floating], true: NDArray[np.bool_], weights: Floats, bins: int = BINS
) -> Floats:
    """Return `Reliability.ece` under many weightings of the cases, float64 (R,).

    Args:
        weights: float64 (R, N), 0 or more.
    """
    values = np.asarray(probability, np.float64)
    parts = np.zeros((len(values), bins))
    parts[np.arange(len(values)), _bins_of(values, bins)] = values - true
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(weights @ parts).sum(axis=1) / weights.sum(axis=1))


def brier(probability: NDArray[np.floating], true: NDArray[np.bool_]) -> float:
    """Return the mean squared gap between probability and what was true (Brier 1950)."""
    return float(np.mean((np.asarray(probability, np.float64) - true) ** 2))


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.intp]) -> float:
    """Return what logits are best divided by before the softmax (Guo et al. 2017, section 4.2).

    The temperature of the largest likelihood, from 0.01 to 100.

    Args:
        logits: (N, L), cosines times the model's scale.
        truth: (N,), the true class.

    Raises:
        ValueError: no labelled case.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    if not len(truth):
        raise ValueError("a temperature needs labelled cases")
    values, rows = np.asarray(logits, np.float64), np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        shares = log_softmax(values * np.exp(-log_temperature), axis=1)
        return float(-shares[rows, truth].mean())

    ends = float(np.log(0.01)), float(np.log(100))
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


@dataclass(frozen=True, slots=True)
class Platt:
    """probability = 1 / (1 + exp(-(slope score + offset))) (Platt 1999)."""

    slope: float
    offset: float

    def __call__(self, scores: NDArray[np.floating]) -> Floats:
        """Return probabilities, float64 of the same shape."""
        from scipy.special import expit

        return np.asarray(expit(self.slope * np.asarray(scores, np.float64) + self.offset))


def fit_platt(scores: NDArray[np.floating], true: NDArray[np.bool_]) -> Platt:
    """Return the logistic curve of the largest likelihood, with Platt's softened targets.

    The targets (n+ + 1)/(n+ + 2) and 1/(n- + 2) keep the curve finite where scores tell all apart
    (Platt 1999, section 2.2).

    Args:
        scores: (N,), such as the margin of "finding" over "no finding", times the scale.
        true: bool (N,), with both kinds among them.

    Raises:
        ValueError: cases of one kind only.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    if true.all() or not true.any():
        raise ValueError("Platt scaling needs cases with the finding and without it")
    values = np.asarray(scores, np.float64)
    centre, spread = values.mean(), max(float(values.std()), _SMALLEST)
    scaled, count = (values - centre) / spread, np.count_nonzero(true)
    target = np.where(true, (count + 1) / (count + 2), 1 / (len(true) - count + 2))

    def loss(curve: Floats) -> tuple[float, Floats]:
        level = curve[0] * scaled + curve[1]
        gap = expit(level) - target
        value = np.mean(np.logaddexp(0, level) - target * level)
        return float(value), np.array([np.mean(gap * scaled), np.mean(gap)])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    slope, offset = found.x[0] / spread, found.x[1] - found.x[0] * centre / spread
    return Platt(float(slope), float(offset))
