"""`vlm-explorer sensitivity`: how much hangs on the wording of a prompt."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.evaluate_facts import counting_facts
from vlm_explorer.commands.terminal import job, note, print_json

if TYPE_CHECKING:
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.queries.sensitivity_answer import SensitivityAnswer, Variant

_WIDTH = 52  # characters of a wording


def run(arguments: Namespace) -> int:
    """Ask a prompt in other words, without each of its words, and denied."""
    from vlm_explorer.api import open_collection

    collection = open_collection(arguments.collection)
    context, line = job(arguments)
    try:
        answer = collection.sensitivity(
            arguments.label,
            truth=arguments.truth,
            column=arguments.truth_column,
            table=arguments.truth_table,
            blank=arguments.blank,
            uncertain=arguments.uncertain,
            model=arguments.model,
            context=context,
        )
    finally:
        line.end()
    warning = getattr(collection.encoder(arguments.model), "warning", "")
    warnings = [*answer.warnings, *([warning] if warning else [])]
    if arguments.json:
        print_json({**_facts(answer), "warnings": warnings})
        return 0
    for words in warnings:
        note(f"warning: {words}", arguments)
    _print(answer)
    return 0


def _facts(answer: SensitivityAnswer) -> dict[str, Any]:
    return {
        "model": answer.model,
        "label": answer.typed.wording.text,
        "truth": {
            "finding": answer.request.truth or answer.typed.wording.text,
            "column": answer.request.column or None,
            "table": answer.request.table or None,
            **counting_facts(answer.request.counting, answer.unsure),
        },
        "images": len(answer.image_ids),
        "without_vector": answer.without_vector,
        "labelled": int(answer.labelled.sum()),
        "positives": int(answer.true.sum()),
        "variants": [_row(each) for each in answer.variants],
        "ensembles": [_row(each) for each in answer.ensembles],
        "words": [
            {"word": each.word, "cosine_drop": answer.change(each), **_row(each.rest)}
            for each in answer.words
        ],
        "negations": [
            {
                "text": each.text,
                "text_cosine": each.text_cosine,
                "rank_correlation": _known(each.rank),
                "higher": each.higher,
                "auroc_of_margin": _estimate(each.auroc),
                "told_apart": each.told_apart,
            }
            for each in answer.negations
        ],
    }


def _row(variant: Variant) -> dict[str, Any]:
    return {
        "text": variant.wording.text,
        "kind": variant.wording.kind,
        "source": variant.wording.source,
        "mean_cosine": variant.mean,
        "mean_z": variant.z,
        "rank_correlation": _known(variant.rank),
        "auroc": _estimate(variant.auroc),
    }


def _known(value: float) -> float | None:
    return None if value != value else value  # NaN


def _estimate(figure: Estimate | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    low, high = _known(figure.low), _known(figure.high)
    return {"value": figure.value, "low": low, "high": high, "n": figure.n}


def _print(answer: SensitivityAnswer) -> None:
    typed, images = answer.typed.wording.text, len(answer.image_ids)
    labelled, true = int(answer.labelled.sum()), int(answer.true.sum())
    print(f"{typed}: {images} images, {true} of {labelled} labelled ones are called so")
    if answer.without_vector:
        print(f"{answer.without_vector} images have no vector of {answer.model}")
    print(f"{'wording':<{_WIDTH}}  cosine      z   rank  AUROC")
    for each in (*answer.variants, *answer.ensembles):
        wording = each.wording
        pooled = f"ensemble of {wording.text} {wording.source}".strip()
        print(_line(pooled if wording.kind == "ensemble" else wording.text, each))
    for word in answer.words:
        print(f"{_line(f'without “{word.word}”', word.rest)}  drop {answer.change(word):.4f}")
    for negation in answer.negations:
        margin = "" if negation.auroc is None else f", AUROC of the margin {_words(negation.auroc)}"
        print(
            f"“{negation.text}”: cosine of the texts {negation.text_cosine:.3f}, "
            f"rank correlation {negation.rank:.2f}, scores higher on {negation.higher:.0%} "
            f"of images{margin}"
        )


def _line(name: str, variant: Variant) -> str:
    z = "" if variant.z is None else f"{variant.z:.2f}"
    short = name if len(name) <= _WIDTH else f"{name[: _WIDTH - 1]}…"
    figure = "" if variant.auroc is None else f"  {_words(variant.auroc)}"
    return f"{short:<{_WIDTH}}  {variant.mean:>6.3f} {z:>6} {variant.rank:>6.2f}{figure}"


def _words(figure: Estimate) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
