"""Evaluations as plain values: for JSON, and for tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlm_explorer.analysis.calibration import Reliability
    from vlm_explorer.analysis.calibration_figures import Calibration
    from vlm_explorer.analysis.evaluating import AtThreshold, LabelFigures
    from vlm_explorer.analysis.label_curves import LabelCurve
    from vlm_explorer.analysis.label_metrics import Measured
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.queries.evaluate_answer import Difference, EvaluateAnswer, Evaluation
    from vlm_explorer.queries.retrieve import RetrieveAnswer
    from vlm_explorer.queries.truth_counting import Counting

AT_THRESHOLD = ("sensitivity", "specificity", "balanced_accuracy", "f1")


def evaluation_facts(found: Evaluation, files: Mapping[str, str]) -> dict[str, Any]:
    """Return what `--json` prints of labels; what does not exist is null.

    Args:
        files: by image id.
    """
    first = found.answers[0]
    cases = first.cases
    return {
        "task": first.task,
        "labels": list(first.labels),
        "truth": {
            "column": first.request.column,
            "table": first.request.table or None,
            "stands_for": {label: list(own) for label, own in cases.stands.items()},
            **counting_facts(cases.counting, cases.unsure),
            "cases": len(cases.rows),
            "groups": cases.patients,
            "grouped_by": cases.by,
            "tuning": int(cases.tuning.sum()),
            "test": int((~cases.tuning).sum()),
            "split": cases.split,
            "seed": first.request.seed,
            "replicates": first.request.replicates,
            "left_out": cases.left_out,
            "other_values": cases.other_values,
            "without_vector": found.without_vector,
        },
        "answers": [_answer(each, files) for each in found.answers],
        "differences": [_difference(each) for each in found.differences],
        "warnings": list(found.warnings),
    }


def counting_facts(counting: Counting, unsure: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Return what blanks and -1 count as, of how many images, and how many are left out.

    Args:
        unsure: of each label, how many images are uncertain, and how many are not mentioned.
    """
    left_out = (counting.uncertain == "left-out", counting.blank == "left-out")
    return {
        "blank": counting.blank,
        "uncertain": counting.uncertain,
        "unsure_by_label": {label: _unsure(*both) for label, both in unsure.items()},
        "left_out_by_label": {
            label: _unsure(unclear * left_out[0], blank * left_out[1])
            for label, (unclear, blank) in unsure.items()
        },
    }


def _unsure(unclear: int, blank: int) -> dict[str, int]:
    return {"uncertain": unclear, "not_mentioned": blank}


def _answer(answer: EvaluateAnswer, files: Mapping[str, str]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "variant": answer.variant,
        "model": answer.model,
        "templates": answer.templates,
        "overall": {name: estimate(each) for name, each in answer.overall.items()},
        "skipped": {row.label: row.skipped for row in answer.rows if row.skipped},
        "labels": [_label(row) for row in answer.rows],
    }
    if answer.classes is not None:
        facts["confusion"] = answer.classes.confusion.tolist()
        facts["calibration"] = _calibration(answer.classes.calibration)
    facts["misclassified"] = [
        {
            "image_id": each.image_id,
            "file": files[each.image_id],
            "truth": each.truth,
            "called": each.called,
            "probability": each.confidence,
        }
        for each in answer.wrong
    ]
    return facts


def _label(row: LabelFigures) -> dict[str, Any]:
    return {
        "label": row.label,
        "n": row.n,
        "positives": row.positives,
        "skipped": row.skipped or None,
        "prevalence": known(row.prevalence),
        "auroc": estimate(row.auroc),
        "auroc_cosine": estimate(row.auroc_cosine),
        "average_precision": estimate(row.average_precision),
        "at_threshold": _at_threshold(row.at_threshold),
        "calibration": _calibration(row.calibration),
        "roc": _curve(row.roc, "false_positive_rate", "sensitivity"),
        "precision_recall": _curve(row.precision_recall, "recall", "precision"),
    }


def _at_threshold(at: AtThreshold | None) -> dict[str, Any] | None:
    if at is None:
        return None
    figures = {name: estimate(getattr(at, name)) for name in AT_THRESHOLD}
    return {"threshold": at.threshold, "n": at.n, "positives": at.positives, **figures}


def _calibration(found: Calibration | None) -> dict[str, Any] | None:
    if found is None:
        return None
    platt = found.platt
    return {
        "temperature": found.temperature,
        "platt": None if platt is None else {"slope": platt.slope, "offset": platt.offset},
        "ece_before": estimate(found.ece_before),
        "ece_after": estimate(found.ece_after),
        "brier_before": found.brier_before,
        "brier_after": found.brier_after,
        "before": _bins(found.before),
        "after": _bins(found.after),
    }


def _bins(found: Reliability) -> list[dict[str, Any]]:
    return [
        {"said": known(said), "seen": known(seen), "n": count}
        for said, seen, count in zip(
            found.said.tolist(), found.seen.tolist(), found.counts.tolist(), strict=True
        )
    ]


def _curve(curve: LabelCurve | None, x: str, y: str) -> dict[str, Any] | None:
    if curve is None:
        return None
    thresholds = [known(value) for value in curve.thresholds.tolist()]
    return {x: curve.x.tolist(), y: curve.y.tolist(), "threshold": thresholds}


def _difference(each: Difference) -> dict[str, Any]:
    """Return a paired difference to the first answer."""
    return {
        "variant": each.variant,
        "label": each.label or None,
        "measure": each.measure,
        **_values(each.estimate),
    }


def retrieval_facts(answer: RetrieveAnswer) -> dict[str, Any]:
    """Return what `--json` prints of retrieval."""
    return {
        "model": answer.model,
        "images": answer.images,
        "captions": answer.captions,
        "pairs": answer.pairs,
        "grouped_by": answer.by,
        "rows": [
            {
                "direction": row.direction,
                "space": row.space,
                "queries": row.queries,
                "candidates": row.candidates,
                **{
                    name: {**(estimate(figure) or {}), "chance": row.chance[name]}
                    for name, figure in row.figures.items()
                },
            }
            for row in answer.rows
        ],
    }


def figure_rows(
    found: Evaluation | None, retrieved: Sequence[RetrieveAnswer]
) -> list[dict[str, Any]]:
    """Return a table with a row a figure."""
    rows = []
    for answer in found.answers if found else ():
        for name, figure in answer.overall.items():
            rows.append(_row(answer.variant, "", name, figure.estimate, None))
        for row in answer.rows:
            rows += [_row(answer.variant, row.label, *each) for each in label_figures(row)]
    for each in found.differences if found else ():
        name = f"difference of {each.measure}"
        rows.append(_row(each.variant, each.label, name, each.estimate, None))
    for retrieval in retrieved:
        for line in retrieval.rows:
            where = f"{line.direction}, {line.space}"
            rows += [
                _row(retrieval.model, where, name, figure.estimate, line.chance[name])
                for name, figure in line.figures.items()
            ]
    return rows


def label_figures(row: LabelFigures) -> list[tuple[str, Estimate, float | None]]:
    """Return the figures of a label that exist: name, estimate, level by chance."""
    found: list[tuple[str, Estimate, float | None]] = []
    chances = (("auroc", 0.5), ("auroc_cosine", 0.5), ("average_precision", row.prevalence))
    for name, chance in chances:
        if (measured := getattr(row, name)) is not None:
            found.append((name, measured.estimate, chance))
    if row.at_threshold is not None:
        at = row.at_threshold
        found += [(name, getattr(at, name).estimate, None) for name in AT_THRESHOLD]
    if row.calibration is not None:
        found.append(("ece_before", row.calibration.ece_before.estimate, None))
        found.append(("ece_after", row.calibration.ece_after.estimate, None))
    return found


def wrong_rows(found: Evaluation, files: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row an image that is called wrongly."""
    return [
        {
            "variant": answer.variant,
            **files[each.image_id],
            "truth": each.truth,
            "called": each.called,
            "probability": each.confidence,
        }
        for answer in found.answers
        for each in answer.wrong
    ]


def _row(
    variant: str, label: str, measure: str, figure: Estimate, chance: float | None
) -> dict[str, Any]:
    values = _values(figure)
    return {"variant": variant, "label": label, "measure": measure, **values, "chance": chance}


def estimate(measured: Measured | None) -> dict[str, Any] | None:
    """Return value, interval and n; None where there is nothing."""
    return None if measured is None else _values(measured.estimate)


def _values(figure: Estimate) -> dict[str, Any]:
    return {
        "value": known(figure.value),
        "low": known(figure.low),
        "high": known(figure.high),
        "n": figure.n,
    }


def known(value: float) -> float | None:
    """Return a number, None where there is none."""
    return value if math.isfinite(value) else None
