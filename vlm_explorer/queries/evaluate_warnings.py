"""What is to be known beside the figures of an evaluation."""

from __future__ import annotations

import numpy as np

from vlm_explorer.queries.evaluate_answer import EvaluateAnswer


def warnings_of(answer: EvaluateAnswer, without: int) -> tuple[str, ...]:
    """Return what the figures leave out, or rest on, in sentences.

    Args:
        without: how many images an encoder has not seen.
    """
    told = []
    if without:
        told.append(f"{without} images have not been seen by every encoder, and take no part.")
    for reason, count in answer.cases.left_out.items():
        told.append(f"{count} images are {reason}, and take no part.")
    told += [*answer.cases.counting.told(answer.cases.unsure), *_of_the_split(answer)]
    skipped = [f"{row.label} ({row.skipped})" for row in answer.rows if row.skipped]
    if skipped:
        told.append(f"Without figures: {', '.join(skipped)}.")
    if skipped and answer.cases.other_values:
        others = ", ".join(list(answer.cases.other_values)[:8])
        what = "Columns" if answer.cases.unsure else f"Values of {answer.request.column}"
        told.append(f"{what} that stand for no label: {others}.")
    alone, odds = answer.overall["macro_auroc_cosine"], answer.overall["macro_auroc"]
    if answer.task == "multi" and alone.less(odds).low > 0:
        told.append(
            f"Ranked by the prompt alone, macro AUROC is {alone.estimate.value:.2f} instead of "
            f"{odds.estimate.value:.2f}: what denies the labels makes it worse."
        )
    if answer.cases.by != "patient":
        whose = (
            "No patient is known" if answer.cases.by == "image" else "Not every patient is known"
        )
        told.append(f"{whose}: intervals take images of nobody one by one, and may be too narrow.")
    return tuple(told)


def _of_the_split(answer: EvaluateAnswer) -> list[str]:
    """Return what is wrong with the parts that a column names, in sentences."""
    column, cases = answer.request.split, answer.cases
    if not column:
        return []
    if cases.tuning.all() or not cases.tuning.any():
        return [
            f"The column {column} names no two parts, of which one begins with val, dev or tun: no "
            "threshold and no calibration is fitted."
        ]
    both = len(np.intersect1d(cases.groups[cases.tuning], cases.groups[~cases.tuning]))
    if not both:
        return []
    return [
        f"{both} {'patient has' if both == 1 else 'patients have'} cases in both parts of the "
        f"column {column}: figures at thresholds and of calibration are not of other patients."
    ]
