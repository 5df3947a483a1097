"""`vlm-explorer explain`: a saliency map of one image."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.commands.explain_arguments import check_map_files
from vlm_explorer.commands.explain_checks import print_checks
from vlm_explorer.commands.explain_files import write_map_files
from vlm_explorer.commands.explain_words import find_words, print_words, prompt_of, words_facts
from vlm_explorer.commands.terminal import job, note, print_json
from vlm_explorer.errors import WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation


def run(arguments: Namespace) -> int:
    """Explain, and write what was asked for."""
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.encoders.registry import default_model
    from vlm_explorer.export.places import check_place
    from vlm_explorer.queries.explain import ExplainRequest, explain
    from vlm_explorer.queries.explain_checks import check_explanation, check_facts
    from vlm_explorer.saliency.outliers import is_muted, muted
    from vlm_explorer.settings import load_settings

    path = Path(arguments.file).expanduser()
    warnings: list[str] = []
    model = arguments.model
    if model is None:
        model, warnings = default_model(load_settings().model or None)
    check_map_files(arguments)
    if arguments.words:
        prompt_of(arguments)  # refused before anything is loaded
    elif arguments.mask:
        raise WrongOptions("--mask goes with --words.", "Add --words, or leave it out.")
    check_place(arguments.npz, arguments.png, arguments.figure, arguments.dicom)
    context, line = job(arguments)
    encoder = load_encoder(model)
    request = ExplainRequest(
        path,
        arguments.frame,
        tuple(arguments.text),
        arguments.method,
        ct_window=arguments.ct_window,
        query=arguments.query,
    )
    try:
        explanation = explain(encoder, request, context=context)
        if arguments.mute_outliers:
            explanation = muted(explanation)
        checks = (
            check_explanation(encoder, request, explanation, context=context)
            if arguments.checks
            else []
        )
        words = find_words(arguments, encoder, context) if arguments.words else None
    finally:
        line.end()
    for warning in warnings:
        note(f"warning: {warning}", arguments)
    files = write_map_files(arguments, path, explanation, context)
    facts: dict[str, Any] = {
        "model": encoder.id,
        "method": explanation.method,
        "prompts": list(explanation.target["prompts"]),
        "score": [float(value) for value in explanation.score],
        "unit": explanation.unit,
        "signed": explanation.signed,
        "grid": list(explanation.grid.shape[1:]),
        "warnings": [*warnings, *explanation.warnings, *(words.warnings if words else ())],
    }
    if files:
        facts["files"] = files
    if checks:
        tokens = "muted" if is_muted(explanation) else "as they are"
        facts["checks"] = {**check_facts(checks), "outlier_tokens": tokens}
    if words is not None:
        facts |= words_facts(words)
    if arguments.json:
        print_json(facts)
    else:
        _print(facts, explanation)
        for file in files:
            print(f"written: {file}")
        if words is not None:
            print_words(words)
    return 0


def _print(facts: dict[str, Any], explanation: Explanation) -> None:
    print(f"{facts['method']} of {facts['model']}, unit: {facts['unit']}")
    for row, prompt in enumerate(explanation.target["prompts"] or [""]):
        grid = explanation.grid[min(row, len(explanation.grid) - 1)]
        words = f"“{prompt}”: cosine {explanation.score[row]:.4f}, " if prompt else ""
        print(f"{words}map from {np.nanmin(grid):.4g} to {np.nanmax(grid):.4g}")
    for warning in explanation.warnings:
        print(f"warning: {warning}")
    if "checks" in facts:
        one_map, muted = len(explanation.grid) == 1, facts["checks"]["outlier_tokens"] == "muted"
        print_checks(facts["checks"], facts["prompts"], one_map=one_map, muted=muted)
