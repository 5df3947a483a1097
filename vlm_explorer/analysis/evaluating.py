"""Scores of labels against what is true of the images: every figure, with its interval.

What needs no threshold is of all cases. Thresholds and calibration are fitted on one half of the
patients, and what they are worth is measured on the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.calibration import fit_platt
from vlm_explorer.analysis.calibration_figures import (
    Calibration,
    Classes,
    Scores,
    Truth,
    calibrated_by_platt,
    calibrated_by_temperature,
)
from vlm_explorer.analysis.label_curves import LabelCurve, precision_recall_curve, roc_curve
from vlm_explorer.analysis.label_metrics import (
    Figure,
    Measured,
    Samples,
    auroc,
    average_precision,
    balanced_accuracy,
    f1,
    macro_f1,
    sensitivity,
    share,
    youden_threshold,
)
from vlm_explorer.analysis.resampling import Estimate, estimate


@dataclass(frozen=True, slots=True, eq=False)
class AtThreshold:
    """A label called from a score on that was chosen on other patients.

    Attributes:
        threshold: the score of the largest sensitivity plus specificity on the tuning half.
        n, positives: cases of the test half.
    """

    threshold: float
    n: int
    positives: int
    sensitivity: Measured
    specificity: Measured
    balanced_accuracy: Measured
    f1: Measured


@dataclass(frozen=True, slots=True, eq=False)
class LabelFigures:
    """What is known of one label; what needs both kinds of cases is None without them.

    Attributes:
        n, positives: cases, and of how many the label is true.
        skipped: why it has no figures and counts for no mean; "" where it has.
        auroc: of the log-odds, by which labels are called.
        auroc_cosine: of the cosine to what says that the label applies, alone; where it is much
            higher, what denies the label takes from it.
        prevalence: share of true cases, the level by chance of average precision.
        at_threshold: None where one half of the patients lacks a kind, and so for `calibration`.
    """

    label: str
    n: int
    positives: int
    skipped: str = ""
    auroc: Measured | None = None
    auroc_cosine: Measured | None = None
    average_precision: Measured | None = None
    roc: LabelCurve | None = None
    precision_recall: LabelCurve | None = None
    at_threshold: AtThreshold | None = None
    calibration: Calibration | None = None

    @property
    def prevalence(self) -> float:
        """The share of true cases; NaN without cases."""
        return self.positives / self.n if self.n else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class ClassFigures:
    """What is known of a choice of one label an image.

    Attributes:
        confusion: int64 (L, L), true class by called class.
        calibration: of the class called; None where a half has no case.
    """

    accuracy: Measured
    balanced_accuracy: Measured
    macro_f1: Measured
    confusion: NDArray[np.int64]
    calibration: Calibration | None


def label_figures(
    label: str,
    truth: Truth,
    scores: Scores,
    cosine: NDArray[np.floating],
    tuning: Truth,
    samples: Samples,
    *,
    calibrate: bool,
) -> LabelFigures:
    """Measure one label.

    Args:
        truth: bool (N,).
        scores: (N,), the label's log-odds as the model says them.
        cosine: (N,), to what says that the label applies.
        tuning: bool (N,), the cases that thresholds and calibration are fitted on.
        calibrate: whether scores become probabilities of their own, by Platt's curve.
    """
    figures = LabelFigures(label, len(truth), int(truth.sum()))
    if truth.all() or not truth.any():
        missing = "without it" if truth.all() and len(truth) else "with it"
        return replace(figures, skipped=f"no case {missing}")
    test = ~tuning
    both = _has_both(truth[tuning]) and _has_both(truth[test])
    part = truth[test], scores[test], samples.among(test)
    return replace(
        figures,
        auroc=_of_both(truth, samples, lambda weights: auroc(truth, scores, weights)),
        auroc_cosine=_of_both(truth, samples, lambda weights: auroc(truth, cosine, weights)),
        average_precision=_of_both(
            truth, samples, lambda weights: average_precision(truth, scores, weights)
        ),
        roc=roc_curve(truth, scores),
        precision_recall=precision_recall_curve(truth, scores),
        at_threshold=(
            _at_threshold(youden_threshold(truth[tuning], scores[tuning]), *part) if both else None
        ),
        calibration=(
            calibrated_by_platt(fit_platt(scores[tuning], truth[tuning]), *part)
            if both and calibrate
            else None
        ),
    )


def _has_both(truth: Truth) -> bool:
    return bool(truth.any()) and not bool(truth.all())


def _at_threshold(threshold: float, truth: Truth, scores: Scores, samples: Samples) -> AtThreshold:
    called = scores >= threshold
    found = samples.measure(lambda weights: sensitivity(truth, called, weights))
    spared = samples.measure(lambda weights: sensitivity(~truth, ~called, weights))
    return AtThreshold(
        threshold=threshold,
        n=len(truth),
        positives=int(truth.sum()),
        sensitivity=_of(found, truth, samples),
        specificity=_of(spared, ~truth, samples),
        balanced_accuracy=_of_both(
            truth,
            samples,
            lambda weights: balanced_accuracy(
                truth.astype(np.intp), called.astype(np.intp), weights
            ),
        ),
        f1=samples.measure(lambda weights: f1(truth, called, weights)),
    )


def _of(measured: Measured, cases: Truth, samples: Samples) -> Measured:
    """Return a figure that is a share of some cases only, without an interval if of one patient."""
    figure = replace(measured.estimate, n=int(cases.sum()))
    if _are_of_one(cases, samples):
        figure = replace(figure, low=float("nan"), high=float("nan"))
    return Measured(figure, measured.replicates)


def _of_both(truth: Truth, samples: Samples, function: Figure) -> Measured:
    """Measure what needs cases of both kinds.

    Where all of a kind are of one patient there is no interval: drawn again they are the same, and
    of other patients with the label nothing is known.
    """
    measured = samples.measure(function)
    if not (_are_of_one(truth, samples) or _are_of_one(~truth, samples)):
        return measured
    value, n = measured.estimate.value, measured.estimate.n
    return Measured(Estimate(value, float("nan"), float("nan"), n), measured.replicates)


def _are_of_one(cases: Truth, samples: Samples) -> bool:
    return len(np.unique(samples.group[cases])) < 2


def class_figures(
    truth: Classes,
    logits: Scores,
    probability: NDArray[np.floating],
    tuning: Truth,
    samples: Samples,
) -> ClassFigures:
    """Measure a choice of one label an image: the largest logit is called.

    Args:
        truth: (N,), the number of the true class.
        logits: (N, L).
        probability: (N, L), what the model says.
        tuning: bool (N,), the cases that the temperature is fitted on.
    """
    count = logits.shape[1]
    called = logits.argmax(axis=1)
    right = called == truth
    pairs = np.bincount(truth * count + called, minlength=count * count)
    return ClassFigures(
        accuracy=samples.measure(lambda weights: share(right, weights)),
        balanced_accuracy=samples.measure(
            lambda weights: balanced_accuracy(truth, called, weights)
        ),
        macro_f1=samples.measure(lambda weights: macro_f1(truth, called, count, weights)),
        confusion=pairs.reshape(count, count).astype(np.int64),
        calibration=(
            calibrated_by_temperature(truth, logits, probability, tuning, samples)
            if tuning.any() and not tuning.all()
            else None
        ),
    )


def log_odds(logits: Scores) -> Scores:
    """Return the log-odds of each class against the others, under the softmax.

    log(p / (1 - p)), without p being rounded to 0 or 1.

    Args:
        logits: (N, L), L at least 2.
    """
    from scipy.special import logsumexp

    others = [np.delete(logits, column, axis=1) for column in range(logits.shape[1])]
    rest = np.stack([logsumexp(part, axis=1) for part in others], axis=1)
    return np.asarray(logits - rest)


def macro(parts: list[Measured], n: int) -> Measured:
    """Return the mean of labels' figures, each counted once; of `n` cases.

    A sample in which a figure does not exist is the mean of the others.
    """
    if not parts:
        return Measured(Estimate(float("nan"), float("nan"), float("nan"), n), np.empty(0))
    stacked = np.stack([part.replicates for part in parts])
    there = ~np.isnan(stacked)
    with np.errstate(invalid="ignore"):
        means = np.where(there, stacked, 0).sum(axis=0) / there.sum(axis=0)
    value = float(np.mean([part.estimate.value for part in parts]))
    if all(np.isnan(part.estimate.low) for part in parts):  # one patient: no interval
        return Measured(Estimate(value, float("nan"), float("nan"), n), means)
    return Measured(estimate(value, means, n), means)
