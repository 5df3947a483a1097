"""What an evaluation of labels asks for, and its frozen answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.evaluating import ClassFigures, LabelFigures
from vlm_explorer.analysis.label_metrics import REPLICATES, Measured
from vlm_explorer.analysis.resampling import Estimate
from vlm_explorer.queries.classify import ClassifyRequest
from vlm_explorer.queries.evaluate_truth import LABEL, Cases
from vlm_explorer.queries.label_set import Calibration
from vlm_explorer.queries.truth_counting import Counting


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """Labels, and where it stands what is true.

    Attributes:
        asked: labels, templates and task.
        column: of the images, or of `table`; a cell holds findings joined by "; ", or `normal`.
            `FINDINGS`: a column of 0 and 1 a label; empty: the first that could say it.
        values: for a label, further values of the column, or columns, that stand for it.
        stands: for a label, exactly those that do, whatever it is called.
        table: the file of a table with that column; empty: the collection itself.
        counting: what -1 and blanks count as in columns of 0 and 1.
        image_ids: only these images; None: all.
        split: a column whose cases "val…", "dev…" or "tun…" fit thresholds and calibration; empty:
            half of the patients do.
        seed: of that half, and of the bootstrap.
        replicates: bootstrap samples of the patients.
    """

    asked: ClassifyRequest
    column: str = LABEL
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    stands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    table: str = ""
    image_ids: tuple[str, ...] | None = None
    split: str = ""
    seed: int = 0
    replicates: int = REPLICATES
    counting: Counting = Counting()


@dataclass(frozen=True, slots=True)
class Wrong:
    """An image that is called otherwise than it is.

    Attributes:
        truth, called: labels. With several labels an image one of them is "": the label was missed,
            or falsely found.
        confidence: the probability of what was called; of a missed label, of that label.
    """

    image_id: str
    truth: str
    called: str
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateAnswer:
    """Every figure of one encoder with one set of templates.

    Attributes:
        variant: what tells it from others that it is compared with.
        image_ids: of the n cases.
        scores: float64 (n, L), the log-odds by which cases are ranked and called.
        rows: the figures of each label.
        overall: means over the labels that have figures, and what a choice of one label is worth.
        classes: of a choice of one label an image; None where several may apply.
        wrong: what was called wrongly, the most confident first; with several labels an image, of
            the half that chose no threshold.
        prompts: what the labels were asked with, see `label_set.Calibration`; "" where the
            probabilities were not the model's own, so that what was fitted holds for no others.
    """

    request: EvaluateRequest
    variant: str
    model: str
    task: str
    templates: str
    labels: tuple[str, ...]
    cases: Cases
    image_ids: tuple[str, ...]
    scores: np.ndarray
    rows: tuple[LabelFigures, ...]
    overall: dict[str, Measured]
    classes: ClassFigures | None
    wrong: tuple[Wrong, ...]
    prompts: str = ""

    def calibration(self, fingerprint: str) -> Calibration | None:
        """Return what was fitted on the tuning half, to be kept with the label set.

        Args:
            fingerprint: of the encoder that the figures are of.

        Returns:
            None where nothing could be fitted.
        """
        fitted = self.classes.calibration if self.classes is not None else None
        curves = tuple(
            (row.label, row.calibration.platt.slope, row.calibration.platt.offset)
            for row in self.rows
            if row.calibration is not None and row.calibration.platt is not None
        )
        if not self.prompts or not (curves or (fitted and fitted.temperature)):
            return None
        temperature = fitted.temperature if fitted and fitted.temperature else 1.0
        cases = int(self.cases.tuning.sum())
        return Calibration(self.model, fingerprint, self.prompts, cases, temperature, curves)

    def called(self, label: int) -> np.ndarray:
        """Return where a label is called, bool (n,); by its threshold where several may apply."""
        if self.classes is not None:
            return np.asarray(self.scores.argmax(axis=1) == label)
        at = self.rows[label].at_threshold
        if at is None:
            return np.zeros(len(self.scores), bool)
        return np.asarray(self.scores[:, label] >= at.threshold)

    def cell(self, truth: int, called: int, label: int | None = None) -> tuple[str, ...]:
        """Return the images of a cell of a confusion matrix.

        Args:
            truth, called: numbers of classes; with `label`, 1 for it and 0 for its absence, among
                the cases of the test half.
        """
        if label is None:
            inside = self.cases.truth[:, truth] & self.called(called)
        else:
            inside = (self.cases.truth[:, label] == truth) & (self.called(label) == called)
            inside &= ~self.cases.tuning & self.cases.known[:, label]
        return tuple(self.image_ids[row] for row in np.flatnonzero(inside))

    def confusion_of(self, label: int) -> np.ndarray:
        """Return int64 (2, 2), absent and present, true by called, of the test half."""
        test = ~self.cases.tuning & self.cases.known[:, label]
        pairs = 2 * self.cases.truth[test, label] + self.called(label)[test]
        return np.bincount(pairs.astype(np.intp), minlength=4).reshape(2, 2).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of one answer less that of the first, on the same cases and the same samples.

    Attributes:
        label: "" for a figure over all labels.
    """

    variant: str
    label: str
    measure: str
    estimate: Estimate

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.estimate.low > 0 or self.estimate.high < 0


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One answer, or several on the same cases.

    Attributes:
        differences: of each answer but the first, to the first.
        without_vector: images that are left out because an encoder has not seen them.
    """

    answers: tuple[EvaluateAnswer, ...]
    differences: tuple[Difference, ...] = ()
    without_vector: int = 0
    warnings: tuple[str, ...] = ()
