"""Curves of an evaluation, as what is drawn in a square from 0 to 1. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.evaluate_words import interval, number

if TYPE_CHECKING:
    from vlm_explorer.analysis.calibration import Reliability
    from vlm_explorer.analysis.calibration_figures import Calibration
    from vlm_explorer.analysis.evaluating import LabelFigures
    from vlm_explorer.queries.evaluate_answer import EvaluateAnswer

MOST = 500  # points that are drawn of a curve
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SquareLine:
    """A line through points, or points alone, told from others by colour.

    Attributes:
        steps: whether the height stays until the next point (precision).
        dots: whether points are marked.
    """

    name: str
    x: Floats
    y: Floats
    dots: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SquarePlot:
    """What a small plot shows; both axes run from 0 to 1.

    Attributes:
        across, up: what the axes are.
        chance: two ends (x, y) of the line of chance, or of a perfect calibration.
        mark: the point of the threshold in use.
        words: the whole in a sentence.
        short: the figure alone.
    """

    title: str
    across: str
    up: str
    lines: tuple[SquareLine, ...]
    chance: tuple[tuple[float, float], tuple[float, float]]
    words: str
    short: str
    mark: tuple[float, float] | None = None

    def nearest(self, x: float, y: float) -> str:
        """Return in words the point of the first line that is nearest to a place."""
        line = self.lines[0]
        at = int(np.argmin((line.x - x) ** 2 + (line.y - y) ** 2))
        return f"{self.up} {number(line.y[at])} at {self.across} {number(line.x[at])}"


def roc_plot(row: LabelFigures) -> SquarePlot | None:
    """Return the ROC curve of a label."""
    if row.roc is None or row.auroc is None:
        return None
    words = short = f"AUROC {interval(row.auroc.estimate)}"
    mark = None
    if (at := row.at_threshold) is not None:
        mark = 1 - at.specificity.estimate.value, at.sensitivity.estimate.value
        words += f". The dot is the threshold, on the {at.n:,} cases that did not choose it"
    kept = _thinned(row.roc.x + row.roc.y)
    line = SquareLine("ROC", row.roc.x[kept], row.roc.y[kept])
    ends = ((0.0, 0.0), (1.0, 1.0))
    axes = ("ROC: sensitivity", "1 − specificity", "sensitivity")
    return SquarePlot(*axes, (line,), ends, words, short, mark)


def precision_plot(row: LabelFigures) -> SquarePlot | None:
    """Return the precision-recall curve of a label, with the level of chance."""
    if row.precision_recall is None or row.average_precision is None:
        return None
    curve, level = row.precision_recall, row.prevalence
    words = f"AP {interval(row.average_precision.estimate)}, by chance {level:.2f}"
    # precision holds back to the recall before: the sum of such steps is the average precision
    kept = _thinned(curve.x)
    x = np.repeat(np.concatenate([[0.0], curve.x[kept]]), 2)[1:-1]
    line = SquareLine("precision", x, np.repeat(curve.y[kept], 2))
    chance = (0.0, level), (1.0, level)
    short = f"AP {interval(row.average_precision.estimate)}"
    return SquarePlot("Precision", "sensitivity", "precision", (line,), chance, words, short)


def reliability_plot(answer: EvaluateAnswer, row: LabelFigures | None) -> SquarePlot | None:
    """Return said against seen: of a label, or of the class called."""
    calibration: Calibration | None = None
    if answer.classes is not None:
        calibration = answer.classes.calibration
    elif row is not None:
        calibration = row.calibration
    if calibration is None:
        return None
    words = (
        f"ECE {interval(calibration.ece_before.estimate)}, calibrated "
        f"{interval(calibration.ece_after.estimate)}"
    )
    lines = (_line("as said", calibration.before), _line("calibrated", calibration.after))
    title = "Share true" if answer.classes is None else "Share called rightly"
    before, after = (
        number(each.estimate.value) for each in (calibration.ece_before, calibration.ece_after)
    )
    short = f"ECE {before}, calibrated {after}"
    ends = ((0.0, 0.0), (1.0, 1.0))
    return SquarePlot(title, "probability", "share", lines, ends, words, short)


def _thinned(along: Floats) -> NDArray[np.intp]:
    """Return as many points of a curve as can be told apart, by a number that rises along it."""
    if len(along) <= MOST:
        return np.arange(len(along))
    found = np.searchsorted(along, np.linspace(along[0], along[-1], MOST))
    return np.unique(found)


def _line(name: str, found: Reliability) -> SquareLine:
    there = found.counts > 0
    return SquareLine(name, found.said[there], found.seen[there], dots=True)
