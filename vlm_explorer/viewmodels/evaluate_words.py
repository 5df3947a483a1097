"""Evaluations in the words of the tab "Evaluate". No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlm_explorer.analysis.calibration_figures import Calibration
    from vlm_explorer.analysis.evaluating import LabelFigures
    from vlm_explorer.analysis.label_metrics import Measured
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.queries.evaluate_answer import EvaluateAnswer, Evaluation
    from vlm_explorer.queries.retrieve import RetrieveAnswer
    from vlm_explorer.viewmodels.truth_choice import TruthChoice

# Title, and what it says.
COLUMNS = (
    ("Label", "As the label set calls it; the first line is the mean over labels"),
    ("True", "In how many cases the label is true, of all"),
    ("AUROC", "Chance that a true case scores above one that is not; 0.50 by chance"),
    ("AP", "Average precision; by chance the share of true cases"),
    ("Sensitivity", "Share of true cases found, at a threshold of other patients"),
    ("Specificity", "Share of others spared, at the same threshold"),
    ("ECE", "Expected calibration error as the model says it, and calibrated on other patients"),
)
NONE = "–"
_OVERALL = {
    "macro_auroc": "macro AUROC",
    "macro_auroc_cosine": "macro AUROC by cosine alone",
    "macro_average_precision": "macro AP",
    "macro_sensitivity": "mean sensitivity",
    "macro_specificity": "mean specificity",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auroc": "AUROC",
    "auroc_cosine": "AUROC by cosine alone",
    "average_precision": "AP",
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of a table; `tips` say what lies behind each cell."""

    cells: tuple[str, ...]
    tips: tuple[str, ...]


def cells_of(
    rows: Sequence[FigureRow],
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the cells of rows, and their tool tips."""
    return [row.cells for row in rows], [row.tips for row in rows]


def number(value: float, signed: bool = False) -> str:
    """Return a share with two places and a true minus sign, a difference three, a rank one."""
    if math.isnan(value):
        return NONE
    places = 3 if signed else 2 if abs(value) <= 1 else 1
    return f"{value:{'+' if signed else ''}.{places}f}".replace("-", "−")


def interval(figure: Estimate, signed: bool = False) -> str:
    """Return a figure with its 95 % interval, where it has one."""
    told = number(figure.value, signed)
    if math.isnan(figure.value) or math.isnan(figure.low):
        return told
    return f"{told} [{number(figure.low, signed)}, {number(figure.high, signed)}]"


def table_rows(answer: EvaluateAnswer) -> tuple[FigureRow, ...]:
    """Return the mean over labels, then each label."""
    return (_overall_row(answer), *(_label_row(row) for row in answer.rows))


def _overall_row(answer: EvaluateAnswer) -> FigureRow:
    overall = answer.overall
    classes = answer.classes
    cells = [
        "All labels",
        f"{len(answer.cases.rows):,} cases",
        _cell(overall["macro_auroc"]),
        _cell(overall["macro_average_precision"]),
        _cell(overall.get("macro_sensitivity")),
        _cell(overall.get("macro_specificity")),
        _calibrated(classes.calibration if classes else None),
    ]
    tip = "\n".join(_overall_tip(answer))
    return FigureRow(tuple(cells), (tip,) * len(cells))


def _overall_tip(answer: EvaluateAnswer) -> list[str]:
    told = [
        f"{measure_title(name)} {interval(each.estimate)}, n = {each.estimate.n:,}"
        for name, each in answer.overall.items()
    ]
    if answer.classes is not None and answer.classes.calibration is not None:
        temperature = answer.classes.calibration.temperature
        told.append(f"Calibrated by a temperature of {temperature:.2f}")
    return told


def _label_row(row: LabelFigures) -> FigureRow:
    true = f"{row.positives:,} / {row.n:,}"
    if row.skipped:
        why = f"No figures: {row.skipped}. The label counts for no mean."
        return FigureRow((row.label, true, *[NONE] * 5), (why,) * 7)
    at = row.at_threshold
    cells = (
        row.label,
        true,
        _cell(row.auroc),
        _cell(row.average_precision),
        _cell(at.sensitivity if at else None),
        _cell(at.specificity if at else None),
        _calibrated(row.calibration),
    )
    halves = "Both halves of the patients need cases with the label and without it."
    at_tip = halves
    if at is not None:
        at_tip = (
            f"On {at.n:,} cases of patients that chose no threshold, {at.positives:,} true. "
            f"F1 {interval(at.f1.estimate)}, balanced accuracy "
            f"{interval(at.balanced_accuracy.estimate)}"
        )
    alone = interval(row.auroc_cosine.estimate) if row.auroc_cosine else NONE
    tips = (
        row.label,
        true,
        f"By the cosine to the prompt alone: {alone}",
        f"By chance {row.prevalence:.2f}",
        at_tip,
        at_tip,
        _calibration_tip(row.calibration) or halves,
    )
    return FigureRow(cells, tips)


def _cell(measured: Measured | None) -> str:
    return NONE if measured is None else interval(measured.estimate)


def _calibrated(found: Calibration | None) -> str:
    if found is None:
        return NONE
    return f"{number(found.ece_before.estimate.value)} → {number(found.ece_after.estimate.value)}"


def _calibration_tip(found: Calibration | None) -> str:
    if found is None:
        return ""
    return (
        f"Before {interval(found.ece_before.estimate)}, after {interval(found.ece_after.estimate)} "
        f"of {found.ece_after.estimate.n:,} cases. Brier score {found.brier_before:.3f}, "
        f"after {found.brier_after:.3f}"
    )


_NO_TRUTH = (
    "Nothing says what is true of these images. Choose a table, or put a captions.csv with the "
    "columns file and label beside them, and index the folder again."
)


def unmeasured(choice: TruthChoice, labels: int, images: int, where: str) -> str:
    """Return what to say before anything has been measured.

    Args:
        choice: where it stands what is true.
        labels: how many there are.
        images: how many are asked about.
        where: "shown" or "selected".
    """
    if choice.known is None:
        return "Looking for a column that says what is true."
    if not choice.known.columns:
        return _NO_TRUTH
    if not labels:
        return "There are no labels yet. Choose or write some under Labels."
    what = "1 label" if labels == 1 else f"{labels:,} labels"
    says = f"the column {choice.column} says"
    if choice.by_findings:
        says = f"{len(choice.values):,} columns of 0 and 1 say"
    told = f"{choice.known.told} " if choice.known.told else ""
    return (
        f"{told}Measure how well the {what} of the tab Labels fit the {images:,} images "
        f"{where}, where {says} what is true."
    )


def summary(found: Evaluation, *, of_others: bool = False) -> str:
    """Return what was measured, in one line; `of_others`: not of the images asked about now."""
    answer = found.answers[0]
    cases = answer.cases
    whose = {"patient": "patients", "image": "images"}.get(cases.by, "patients or images")
    first = "accuracy" if answer.classes is not None else "macro_auroc"
    told = [
        f"{measure_title(first)} {interval(answer.overall[first].estimate)}".capitalize()
        if first == "accuracy"
        else f"Macro AUROC {interval(answer.overall[first].estimate)}",
        f"{len(cases.rows):,} cases of {cases.patients:,} {whose}, 95 % intervals",
        f"thresholds of {int(cases.tuning.sum()):,}, tried on the other "
        f"{int((~cases.tuning).sum()):,}",
    ]
    if of_others:
        told.insert(0, "Of other images than now")
    return " · ".join(told)


def measure_title(name: str) -> str:
    """Return what a figure is called."""
    return _OVERALL.get(name, name.replace("_", " "))


DIFFERENCE_COLUMNS = (
    ("Figure", "Over all labels, or of one"),
    ("First", ""),
    ("Second", ""),
    ("Second less first", "With the paired 95 % interval: the same cases in the same samples"),
    ("Clear", "Higher or lower where the interval leaves out 0"),
)


def difference_rows(found: Evaluation) -> tuple[FigureRow, ...]:
    """Return a line a figure that both answers have."""
    if len(found.answers) < 2:
        return ()
    first, second = found.answers[:2]
    rows = []
    for each in found.differences:
        if each.label:
            column = first.labels.index(each.label)
            pair = [getattr(answer.rows[column], each.measure) for answer in (first, second)]
        else:
            pair = [answer.overall[each.measure] for answer in (first, second)]
        name = f"{each.label or 'All labels'}, {measure_title(each.measure)}"
        verdict = ""
        if each.clear:
            verdict = "higher" if each.estimate.value > 0 else "lower"
        cells = (
            name,
            *(_cell(side) for side in pair),
            interval(each.estimate, signed=True),
            verdict,
        )
        tip = f"{first.variant} and {second.variant}, n = {each.estimate.n:,}"
        rows.append(FigureRow(cells, (tip,) * len(cells)))
    return tuple(rows)


RETRIEVAL_COLUMNS = (
    ("Direction", "Which of both is looked for by the other"),
    ("Space", "Raw, or each modality less its own mean; of chance: the direction"),
    ("Recall@1", "Share of queries with anything relevant first; chance behind"),
    ("Recall@5", "The same among the first 5"),
    ("Recall@10", "The same among the first 10"),
    ("MRR", "Mean of 1 / rank of the first relevant one"),
    ("Median rank", "Of the first relevant one"),
)
_RETRIEVAL = ("hit@1", "hit@5", "hit@10", "mrr", "median_rank")


def retrieval_rows(answer: RetrieveAnswer) -> tuple[FigureRow, ...]:
    """Return a line for each direction in each space."""
    rows = []
    for row in answer.rows:
        cells, tips = [row.direction.capitalize(), row.space], [f"{row.queries:,} queries"] * 2
        for name in _RETRIEVAL:
            figure, chance = row.figures[name], row.chance[name]
            cells.append(f"{interval(figure.estimate)}")
            tip = f"By chance {chance:.3g}, n = {figure.estimate.n:,}"
            if name.startswith("hit@"):
                share = row.figures[name.replace("hit", "recall")].estimate
                tip += f". Share of all that is relevant: {interval(share)}"
            tips.append(tip)
        rows.append(FigureRow(tuple(cells), tuple(tips)))
    chances = {row.direction: row.chance for row in answer.rows}  # the same in each space
    for direction, by_chance in chances.items():
        words = [f"{by_chance[name]:.3g}" for name in _RETRIEVAL]
        rows.append(FigureRow(("By chance", direction, *words), ("A random order",) * 7))
    return tuple(rows)


def retrieval_summary(answer: RetrieveAnswer) -> str:
    """Return what was measured, in one line."""
    whose = {"patient": "patients", "image": "images"}.get(answer.by, "patients or images")
    return (
        f"{answer.images:,} images, {answer.captions:,} captions, {answer.pairs:,} pairs · "
        f"95 % intervals over {whose} · ties count against"
    )
