"""How well labels fit the images of which it is known what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vlm_explorer.analysis.evaluating import (
    ClassFigures,
    LabelFigures,
    class_figures,
    label_figures,
    log_odds,
    macro,
)
from vlm_explorer.analysis.label_metrics import Measured, Samples
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.classify import ClassifyAnswer, classify
from vlm_explorer.queries.evaluate_answer import (
    Difference,
    EvaluateAnswer,
    EvaluateRequest,
    Evaluation,
    Wrong,
)
from vlm_explorer.queries.evaluate_truth import Cases, column_of, find_cases
from vlm_explorer.queries.evaluate_warnings import warnings_of
from vlm_explorer.queries.label_set import as_labels
from vlm_explorer.queries.truth_source import TruthSource, truth_source

OF_CLASSES = ("accuracy", "balanced_accuracy", "macro_f1")
AT_THRESHOLDS = ("macro_sensitivity", "macro_specificity", "macro_f1")


def evaluate(
    collection: Collection,
    encoders: Sequence[Encoder],
    request: EvaluateRequest,
    *,
    templates: Sequence[str] = (),
    context: JobContext | None = None,
) -> Evaluation:
    """Measure labels where it is known what is true, with each encoder and each template set.

    Args:
        encoders: one or several, whose vectors the collection holds.
        templates: names of template sets to compare; empty: that of the request.

    Raises:
        UsageError: no labels, no column, no cases, or a single label to choose from.
        ModelNotFound: the collection holds no vectors of an encoder.
    """
    asked = request.asked
    if asked.task == "single" and len(asked.labels) < 2:
        raise UsageError(
            "One label leaves nothing to choose among.",
            "Give two labels or more, or ask for each by itself with the task multi.",
        )
    chosen = [replace(asked, templates=name) for name in templates] or [asked]
    found = []
    for encoder in encoders:
        for each in chosen:
            if context is not None:
                context.report(0, None, "Scoring images")
            found.append(classify(collection, encoder, each))
    source = truth_source(collection, request.table)
    request = replace(request, column=column_of(source, request.column))
    cases, without = _cases(collection, request, found, source)
    answers = tuple(
        _answer(request, scored, cases, variant, context)
        for scored, variant in zip(found, _variants(found), strict=True)
    )
    told = (*source.warnings, *warnings_of(answers[0], without))
    return Evaluation(answers, _differences(answers), without, told)


def _cases(
    collection: Collection,
    request: EvaluateRequest,
    found: Sequence[ClassifyAnswer],
    source: TruthSource,
) -> tuple[Cases, int]:
    """Return the cases that every encoder has seen, and how many images that leaves out."""
    seen = np.logical_and.reduce([answer.known for answer in found])
    asked = np.ones(len(seen), bool)
    if request.image_ids is not None:
        wanted = set(request.image_ids)
        asked = np.array([key in wanted for key in found[0].image_ids], bool)
    if not (seen & asked).any():
        raise UsageError(
            "None of these images has been seen by the encoder.", "Index their folder again."
        )
    cases = find_cases(
        collection,
        found[0].labels,
        found[0].task,
        column=request.column,
        values=_values(request),
        stands=dict(request.stands),
        source=source,
        counting=request.counting,
        wanted=seen & asked,
        split=request.split,
        seed=request.seed,
    )
    return cases, int((asked & ~seen).sum())


def _values(request: EvaluateRequest) -> dict[str, tuple[str, ...]]:
    """Return what stands for each label in the column: its synonyms, and what the request says."""
    more = dict(request.values)
    return {
        label.name: (*label.synonyms, *more.get(label.name, ()))
        for label in as_labels(request.asked.labels)
    }


def _variants(found: Sequence[ClassifyAnswer]) -> list[str]:
    """Return what tells the answers apart: encoder, templates, or both."""
    models, templates = {each.model for each in found}, {each.templates for each in found}
    if len(models) == 1:
        return [each.templates for each in found]
    if len(templates) == 1:
        return [each.model for each in found]
    return [f"{each.model}, {each.templates}" for each in found]


def _answer(
    request: EvaluateRequest,
    scored: ClassifyAnswer,
    cases: Cases,
    variant: str,
    context: JobContext | None,
) -> EvaluateAnswer:
    logits = scored.logit[cases.rows].astype(np.float64)
    single = scored.task == "single"
    scores = log_odds(logits) if single else logits
    samples = Samples.of(cases.groups, request.replicates, request.seed)
    rows = []
    for column, label in enumerate(scored.labels):
        if context is not None:
            context.report(column, len(scored.labels), f"Measuring {label}")
        rows.append(_figures(label, column, scores, scored, cases, samples))
    probability = scored.probability[cases.rows]
    classes = None
    if single:
        classes = class_figures(
            cases.truth.argmax(axis=1), logits, probability, cases.tuning, samples
        )
    answer = EvaluateAnswer(
        request=request,
        variant=variant,
        model=scored.model,
        task=scored.task,
        templates=scored.templates,
        labels=scored.labels,
        cases=cases,
        image_ids=tuple(scored.image_ids[row] for row in cases.rows),
        scores=scores,
        rows=tuple(rows),
        overall=_overall(tuple(rows), classes, cases),
        classes=classes,
        wrong=(),
        prompts=scored.prompts if scored.calibration is None and scored.temperature == 1 else "",
    )
    return replace(answer, wrong=_wrong(answer, probability))


def _figures(
    label: str,
    column: int,
    scores: np.ndarray,
    scored: ClassifyAnswer,
    cases: Cases,
    samples: Samples,
) -> LabelFigures:
    """Return the figures of a label, of the cases of which it is known whether it is true."""
    known = cases.known[:, column]
    figures = label_figures(
        label,
        cases.truth[known, column],
        scores[known, column],
        scored.cosine[cases.rows[known], column],
        cases.tuning[known],
        samples.among(known),
        calibrate=scored.task != "single",
    )
    if not known.any() and not cases.stands[label]:
        return replace(figures, skipped="no column of its own")
    return figures


def _overall(
    rows: tuple[LabelFigures, ...], classes: ClassFigures | None, cases: Cases
) -> dict[str, Measured]:
    n = len(cases.rows)
    found = {
        "macro_auroc": macro([row.auroc for row in rows if row.auroc], n),
        "macro_auroc_cosine": macro([row.auroc_cosine for row in rows if row.auroc_cosine], n),
        "macro_average_precision": macro(
            [row.average_precision for row in rows if row.average_precision], n
        ),
    }
    if classes is not None:
        found |= {name: getattr(classes, name) for name in OF_CLASSES}
        return found
    at = [row.at_threshold for row in rows if row.at_threshold]
    test = int((~cases.tuning).sum())
    for name in AT_THRESHOLDS:
        measure = name.removeprefix("macro_")
        found[name] = macro([getattr(each, measure) for each in at], test)
    return found


def _wrong(answer: EvaluateAnswer, probability: np.ndarray) -> tuple[Wrong, ...]:
    found = []
    labels, ids, truth = answer.labels, answer.image_ids, answer.cases.truth
    if answer.classes is not None:
        called = answer.scores.argmax(axis=1)
        true = truth.argmax(axis=1)
        for row in np.flatnonzero(called != true).tolist():
            confidence = float(probability[row, called[row]])
            found.append(Wrong(ids[row], labels[true[row]], labels[called[row]], confidence))
    else:
        for column, label in enumerate(labels):
            if answer.rows[column].at_threshold is None:
                continue
            is_called = answer.called(column)
            off = (is_called != truth[:, column]) & ~answer.cases.tuning
            off &= answer.cases.known[:, column]
            for row in np.flatnonzero(off).tolist():
                pair = ("", label) if is_called[row] else (label, "")
                found.append(Wrong(ids[row], *pair, float(probability[row, column])))
    return tuple(sorted(found, key=lambda each: (-each.confidence, each.image_id)))


def _differences(answers: tuple[EvaluateAnswer, ...]) -> tuple[Difference, ...]:
    found = []
    first = answers[0]
    for other in answers[1:]:
        for name, measured in other.overall.items():
            found.append(Difference(other.variant, "", name, measured.less(first.overall[name])))
        for mine, theirs in zip(other.rows, first.rows, strict=True):
            for name in ("auroc", "auroc_cosine", "average_precision"):
                a, b = getattr(mine, name), getattr(theirs, name)
                if a is not None and b is not None:
                    found.append(Difference(other.variant, mine.label, name, a.less(b)))
    return tuple(found)
