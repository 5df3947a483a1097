"""How far to trust a map of a file: `saliency.checks`, asked with the request it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.explain import ExplainRequest
from vlm_explorer.queries.explain_query import queried
from vlm_explorer.saliency.checks import CHECKS, Checks, check, facts
from vlm_explorer.saliency.explanation import Explanation


def check_explanation(
    encoder: Encoder,
    request: ExplainRequest,
    explanation: Explanation,
    *,
    which: Sequence[str] = CHECKS,
    context: JobContext | None = None,
) -> list[Checks]:
    """Check every map of an explanation, one `Checks` a map, in their order.

    Args:
        encoder: that was explained.
        request: that the explanation answers.
        explanation: what `explain` answered.
        which: of `CHECKS`.
        context: told the progress and asked for cancellation.

    Raises:
        FileProblem: the file gives no image any more.
    """
    encoder, _ = queried(encoder, request.query, request.ct_window)
    pixels = render_file_for_encoder(request.path, request.frame, request.ct_window).pixels
    return [
        check(encoder, pixels, explanation, row, which=which, context=context)
        for row in range(len(explanation.grid))
    ]


def check_facts(checks: Sequence[Checks]) -> dict[str, list[Any]]:
    """Return what `--json` says: by check a list of what it found, one entry a map."""
    told = [facts(one) for one in checks]
    return {name: [one[name] for one in told] for name in (*CHECKS, "doubts")}
