"""What the scores of labels say, in words that claim no more than they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.queries.classify_answer import what_probabilities_are_of
from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.queries.classify_answer import ClassifyAnswer
    from vlm_explorer.viewmodels.states import LabelState


def probability_of(state: LabelState) -> tuple[str, str]:
    """Return the heading of the probabilities, and what they rest on."""
    answer = state.answer
    words = what_probabilities_are_of(state.task, len(state.labels))
    if answer is None:
        return words.capitalize(), f"Probability {words}"
    words = answer.of_what
    heading = words.capitalize()
    rests = f"Probability {words}: cosines times the model's scale of {answer.scale:.1f}"
    if answer.calibration is not None:
        cases = f"{answer.calibration.cases:,} cases"
        return heading, f"{rests}, then fitted to labelled images: calibrated on {cases}"
    if answer.temperature != 1:
        rests += f", divided by a temperature of {answer.temperature:.2g}"
    if state.task == "single" and answer.bias is None:
        return heading, f"{rests}; the labels share 100 % of each image"
    return heading, f"{rests}; labels do not compete with each other"


def describe(answer: ClassifyAnswer, rows: np.ndarray) -> tuple[str, bool]:
    """Return the best label of images with what its probability is a share of; and if it is called.

    Args:
        rows: (n,) of images with scores, at least one.
    """
    of_what = answer.of_what
    if len(rows) == 1:
        best, calls = int(answer.logit[rows[0]].argmax()), answer.calls_of(rows)
        probability = float(answer.probability[rows[0], best])
        share = f"{answer.labels[best]}: {numbers.percent(probability)} {of_what}"
        if calls[0, best] == 0:
            margin = abs(float(answer.margin[rows[0], best]))
            least = f"margin {margin:.3f}, below {answer.least_margin:.3f}"
            return f"No call: {least} · {share}", False
        return share, bool(calls[0, best] == 1)
    counts, without = answer.counts(rows)
    most = [place for place in np.argsort(-counts, kind="stable")[:3] if counts[place]]
    names = ", ".join(f"{counts[place]:,} {answer.labels[place]}" for place in most)
    if answer.task == "multi":
        return f"{len(rows):,} images: {names or 'nothing'} called present", bool(most)
    doubt = f"; {without:,} no call" if without else ""
    return f"{len(rows):,} images: {names or 'none called'}{doubt} (the likeliest {of_what})", True


def no_calls(answer: ClassifyAnswer | None) -> str:
    """Return how many are not called, and of how many."""
    if answer is None:
        return ""
    images = int(np.count_nonzero(answer.known))
    of_what = images if answer.task == "single" else images * len(answer.labels)
    unit = "images" if answer.task == "single" else "answers"
    return f"no call: {answer.no_calls:,} of {of_what:,} {unit}"
