"""What a label's scores give at every threshold: ROC and precision-recall curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelCurve:
    """Points of a curve, at falling thresholds; `x` and `y` are what the function says."""

    x: Floats
    y: Floats
    thresholds: Floats


def roc_curve(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> LabelCurve:
    """Return 1 - specificity and sensitivity where "from this score on" means true.

    As scikit-learn's `roc_curve`: from (0, 0), at a threshold that nothing reaches, to (1, 1);
    points on a straight line between others are left out.

    Args:
        truth: bool (N,), with both kinds among them.
        scores: (N,), finite.
    """
    true, false, thresholds = _counts(truth, scores)
    kept = np.ones(len(true), bool)
    kept[1:-1] = (np.diff(true, 2) != 0) | (np.diff(false, 2) != 0)
    true, false = np.concatenate([[0], true[kept]]), np.concatenate([[0], false[kept]])
    return LabelCurve(
        false / false[-1], true / true[-1], np.concatenate([[np.inf], thresholds[kept]])
    )


def precision_recall_curve(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> LabelCurve:
    """Return sensitivity (recall) and precision where "from this score on" means true.

    As scikit-learn's `precision_recall_curve`, in rising order of recall and without its made-up
    point at recall 0; of neighbours of equal recall only the ends are kept.

    Args: as `roc_curve`.
    """
    true, false, thresholds = _counts(truth, scores)
    kept = np.ones(len(true), bool)
    kept[1:-1] = (np.diff(true)[:-1] != 0) | (np.diff(true)[1:] != 0)
    true, false = true[kept], false[kept]
    return LabelCurve(true / true[-1], true / (true + false), thresholds[kept])


def _counts(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[Floats, ...]:
    """Return how many true and false images reach each distinct score, from the highest on."""
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    ordered = np.asarray(scores, np.float64)[order]
    last = np.flatnonzero(np.concatenate([ordered[1:] != ordered[:-1], [True]]))
    true = np.cumsum(truth[order])[last].astype(np.float64)
    return true, 1.0 + last - true, ordered[last]
