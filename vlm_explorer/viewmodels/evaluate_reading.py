"""What was measured of labels, as it is read for one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.queries.evaluate_answer import EvaluateAnswer
from vlm_explorer.viewmodels.evaluate_plots import (
    SquarePlot,
    precision_plot,
    reliability_plot,
    roc_plot,
)
from vlm_explorer.viewmodels.evaluate_work import Found


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Figures, and the label whose curves and cases are looked at.

    Attributes:
        found: all that was measured.
        chosen: the row of a label, -1 for all of them.
    """

    found: Found
    chosen: int = -1

    @classmethod
    def first(cls, found: Found, chosen: int) -> Reading:
        """Read of the label that was chosen before, else of the first with figures."""
        rows = found.evaluation.answers[0].rows
        if not 0 <= chosen < len(rows) or rows[chosen].skipped:
            chosen = next((number for number, row in enumerate(rows) if not row.skipped), -1)
        return cls(found, chosen)

    def of(self, chosen: int) -> Reading:
        """Read of another label; of all where there is no such row."""
        return Reading(self.found, chosen if 0 <= chosen < len(self.answer.rows) else -1)

    @property
    def answer(self) -> EvaluateAnswer:
        """The answer about the labels as they are in the window."""
        return self.found.evaluation.answers[0]

    @property
    def label(self) -> str:
        """The name of the label, "" for all."""
        return self.answer.labels[self.chosen] if self.chosen >= 0 else ""

    def plots(self) -> tuple[SquarePlot | None, SquarePlot | None, SquarePlot | None]:
        """Return ROC, precision and reliability of the label."""
        row = self.answer.rows[self.chosen] if self.chosen >= 0 else None
        reliability = reliability_plot(self.answer, row)
        return (
            (roc_plot(row), precision_plot(row), reliability) if row else (None, None, reliability)
        )

    @property
    def words(self) -> str:
        """What the curves say, in a few lines."""
        return "\n".join(plot.short for plot in self.plots() if plot is not None)

    def confusion(self) -> tuple[NDArray[np.int64], tuple[str, ...]] | None:
        """Return true by called, int64 (C, C), with the names of the classes.

        Of a choice of one label all of them, else absent and present of the label.
        """
        answer = self.answer
        if answer.classes is not None:
            return answer.classes.confusion, answer.labels
        if self.chosen < 0 or answer.rows[self.chosen].at_threshold is None:
            return None
        return answer.confusion_of(self.chosen), ("absent", "present")

    def cell(self, truth: int, called: int) -> tuple[str, ...]:
        """Return the images of a cell of the confusion matrix."""
        label = None if self.answer.classes is not None else self.chosen
        return self.answer.cell(truth, called, label)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The images called wrongly, as the label or instead of it, the most confident first."""
        return self.found.wrong.get(self.label, ())
