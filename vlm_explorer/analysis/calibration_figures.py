"""What it is worth to calibrate probabilities: said against seen, before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.calibration import (
    Platt,
    Reliability,
    brier,
    calibration_error,
    fit_temperature,
    reliability,
)
from vlm_explorer.analysis.label_metrics import Measured, Samples

Truth = NDArray[np.bool_]
Scores = NDArray[np.float64]
Classes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Whether probabilities mean what they say, on the half that calibrated nothing.

    Attributes:
        before, after: said against seen, as the model says it and calibrated.
        ece_before, ece_after: expected calibration errors.
        brier_before, brier_after: mean squared gaps.
        temperature: what logits are divided by (`single`), or None.
        platt: the curve over a label's logit (`multi`), or None.
    """

    before: Reliability
    after: Reliability
    ece_before: Measured
    ece_after: Measured
    brier_before: float
    brier_after: float
    temperature: float | None = None
    platt: Platt | None = None


def calibrated_by_platt(
    platt: Platt, truth: Truth, scores: Scores, samples: Samples
) -> Calibration:
    """Measure a curve over a label's logits, on cases that it was not fitted on.

    Args:
        truth: bool (n,), of those cases.
        scores: float64 (n,), the label's logits as the model says them.
    """
    calibration = _calibration(Platt(1.0, 0.0)(scores), platt(scores), truth, samples)
    return replace(calibration, platt=platt)


def calibrated_by_temperature(
    truth: Classes,
    logits: Scores,
    probability: NDArray[np.floating],
    tuning: Truth,
    samples: Samples,
) -> Calibration:
    """Fit a temperature on the tuning cases, and measure it on the others.

    Args:
        truth: intp (N,), the number of the true class.
        logits: float64 (N, L).
        probability: (N, L), what the model says.
        tuning: bool (N,), some of the cases, not all.
    """
    from scipy.special import softmax

    test = ~tuning
    temperature = fit_temperature(logits[tuning], truth[tuning])
    right = logits[test].argmax(axis=1) == truth[test]
    before = np.asarray(probability[test].max(axis=1), np.float64)
    after = softmax(logits[test] / temperature, axis=1).max(axis=1)
    calibration = _calibration(before, after, right, samples.among(test))
    return replace(calibration, temperature=temperature)


def _calibration(before: Scores, after: Scores, true: Truth, samples: Samples) -> Calibration:
    return Calibration(
        before=reliability(before, true),
        after=reliability(after, true),
        ece_before=samples.measure(lambda weights: calibration_error(before, true, weights)),
        ece_after=samples.measure(lambda weights: calibration_error(after, true, weights)),
        brier_before=brier(before, true),
        brier_after=brier(after, true),
    )
