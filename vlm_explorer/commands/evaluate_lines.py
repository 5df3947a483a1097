"""Evaluations as lines for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlm_explorer.analysis.label_metrics import Measured
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.queries.evaluate_answer import EvaluateAnswer, Evaluation
    from vlm_explorer.queries.retrieve import RetrieveAnswer

_CELL = 20


def print_evaluation(found: Evaluation) -> None:
    """Print each answer as a table, and what they differ by."""
    first = found.answers[0]
    cases = first.cases
    where = "columns of 0 and 1" if cases.unsure else f"column {first.request.column}"
    where += f" of {first.request.table}" if first.request.table else ""
    print(
        f"{len(cases.rows)} cases of {cases.patients} groups ({cases.by}), truth: {where}. "
        f"Thresholds and calibration on {int(cases.tuning.sum())} cases "
        f"({cases.split}), measured on the other {int((~cases.tuning).sum())}. "
        "95 % intervals in brackets."
    )
    if renamed := [
        f"{label}: {', '.join(own)}" for label, own in cases.stands.items() if own != (label,)
    ]:
        print(f"What stands for the labels: {'; '.join(renamed)}.")
    for answer in found.answers:
        print()
        _print_answer(answer)
    if found.differences:
        print(f"\nDifference to {first.variant}, paired on the same cases:")
        for each in found.differences:
            words = f"{each.variant}: {each.label or 'all labels'}, {each.measure}"
            clear = "" if each.clear else "  (0 is not ruled out)"
            print(f"  {words:<60}{_signed(each.estimate)}{clear}")


def _print_answer(answer: EvaluateAnswer) -> None:
    print(f"{answer.model}, templates {answer.templates}")
    width = max(len(label) for label in answer.labels) + 2
    heads = (
        "AUROC",
        "by cosine alone",
        "AP",
        "(chance)",
        "sensitivity",
        "specificity",
        "ECE",
        "calibrated",
    )
    print(f"{'label':<{width}}{'positive':>10}  " + "".join(f"{head:<{_CELL}}" for head in heads))
    for row in answer.rows:
        at, calibration = row.at_threshold, row.calibration
        cells = [
            _cell(row.auroc),
            _cell(row.auroc_cosine),
            _cell(row.average_precision),
            "" if row.skipped else f"({row.prevalence:.2f})",
            _cell(at.sensitivity if at else None),
            _cell(at.specificity if at else None),
            _cell(calibration.ece_before if calibration else None),
            _cell(calibration.ece_after if calibration else None),
        ]
        told = f"{row.positives}/{row.n}"
        line = "".join(f"{cell:<{_CELL}}" for cell in cells)
        print(f"{row.label:<{width}}{told:>10}  {row.skipped or line}".rstrip())
    for name, figure in answer.overall.items():
        print(f"{name.replace('_', ' ')}: {_cell(figure)}, n = {figure.estimate.n}")
    classes = answer.classes
    if classes is not None and classes.calibration is not None:
        found = classes.calibration
        print(
            f"ECE {_cell(found.ece_before)}, with temperature {found.temperature:.2f} "
            f"{_cell(found.ece_after)}, n = {found.ece_after.estimate.n}"
        )
    print(f"{len(answer.wrong)} wrongly called")


def print_retrieval(answer: RetrieveAnswer) -> None:
    """Print both directions in each space."""
    print(f"\nRetrieval by {answer.model}: {answer.images} images, {answer.captions} captions")
    for row in answer.rows:
        print(f"{row.direction}, {row.space}: {row.queries} queries, {row.candidates} candidates")
        for name, figure in row.figures.items():
            print(f"  {name:<14}{_cell(figure):<26}chance {row.chance[name]:.3g}")


def _cell(measured: Measured | None) -> str:
    if measured is None or math.isnan(measured.estimate.value):
        return "n/a"
    figure = measured.estimate
    places = 2 if abs(figure.value) <= 1 else 1
    if math.isnan(figure.low):
        return f"{figure.value:.{places}f}"
    return f"{figure.value:.{places}f} [{figure.low:.{places}f}, {figure.high:.{places}f}]"


def _signed(figure: Estimate) -> str:
    if math.isnan(figure.low):
        return f"{figure.value:+.3f}"
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"
