"""The Python API of explanations: what moved a score. Imports neither torch nor Qt by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.api import StrPath
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.queries.localise import LocaliseAnswer
    from vlm_explorer.saliency.checks import Checks
    from vlm_explorer.saliency.explanation import Explanation
    from vlm_explorer.saliency.left_out import Replacement
    from vlm_explorer.saliency.words import WordScores


def explain(
    image: StrPath | np.ndarray,
    texts: str | Sequence[str] = (),
    *,
    encoder: Encoder,
    query: str = "",
    method: str = "auto",
    frame: int = 0,
    ct_window: str = "default",
    context: JobContext | None = None,
    **params: object,
) -> Explanation:
    """Return a saliency map of a file, or of pixels as `render` gives them.

    Args:
        query: an expression as in `Collection.search`, of texts and files: weights, sums and
            differences, which make one vector. Its map comes after those of the texts.
        ct_window: through which window the encoder sees a file of CT, as in `index`.

    Raises:
        FileProblem, UsageError, NotSupported: as they say.
    """
    from vlm_explorer.pixels.ct_choice import parse_choice
    from vlm_explorer.queries.explain import ExplainRequest
    from vlm_explorer.queries.explain import explain as explain_file
    from vlm_explorer.queries.explain_query import explain_query

    window = parse_choice(ct_window)
    prompts = (texts,) if isinstance(texts, str) else tuple(texts)
    if isinstance(image, np.ndarray):
        return explain_query(
            encoder, image, prompts, query, method, ct_window=window, context=context, **params
        )
    request = ExplainRequest(Path(image), frame, prompts, method, dict(params), window, query)
    return explain_file(encoder, request, context=context)


def localise(
    truth: StrPath,
    *,
    encoder: Encoder,
    methods: str | Sequence[str] = "auto",
    prompt: str = "{side} {finding}",
    findings: Sequence[str] = (),
    tolerance: float = 0.0,
    ct_window: str = "default",
    context: JobContext | None = None,
) -> LocaliseAnswer:
    """Compare maps of marked findings with where they lie, in files that no collection holds.

    Args:
        truth: `truth.json`, a table, or a folder with one of them beside the images.
        ct_window: through which window the encoder sees CT, as in `index`.

    Raises:
        UsageError, NotSupported: as they say.
    """
    from vlm_explorer.files.truth import read_truth
    from vlm_explorer.pixels.ct_choice import parse_choice
    from vlm_explorer.queries import localise as query

    request = query.LocaliseRequest(
        read_truth(Path(truth).expanduser()),
        (methods,) if isinstance(methods, str) else tuple(methods),
        prompt,
        tuple(findings),
        tolerance=tolerance,
        ct_window=parse_choice(ct_window),
    )
    return query.localise(encoder, request, context=context)


def check_explanation(
    image: StrPath | np.ndarray,
    explanation: Explanation,
    *,
    encoder: Encoder,
    query: str = "",
    frame: int = 0,
    ct_window: str = "default",
    which: Sequence[str] = (),
    context: JobContext | None = None,
) -> list[Checks]:
    """Return how far to trust the maps of an explanation, one `Checks` a map.

    Args:
        image: that was explained, with the same `query`, `frame` and `ct_window`.
        explanation: what `explain` gave.
        encoder: that was explained.
        which: of `prompt_sensitivity`, `position_prior`, `repeatability`, `insertion_deletion` and
            `weight_randomisation`; all where left out.

    Raises:
        FileProblem: as it says.
    """
    from vlm_explorer.pixels.ct_choice import parse_choice
    from vlm_explorer.queries import explain_checks
    from vlm_explorer.queries.explain import ExplainRequest
    from vlm_explorer.queries.explain_query import queried
    from vlm_explorer.saliency.checks import CHECKS, check

    asked, window = tuple(which) or CHECKS, parse_choice(ct_window)
    if isinstance(image, np.ndarray):
        explained, _ = queried(encoder, query, window)
        return [
            check(explained, image, explanation, row, which=asked, context=context)
            for row in range(len(explanation.grid))
        ]
    request = ExplainRequest(Path(image), frame, ct_window=window, query=query)
    return explain_checks.check_explanation(
        encoder, request, explanation, which=asked, context=context
    )


def words(
    image: StrPath | np.ndarray,
    text: str,
    *,
    encoder: Encoder,
    replaced_by: Replacement = "nothing",
    frame: int = 0,
    ct_window: str = "default",
    context: JobContext | None = None,
) -> WordScores:
    """Return which words of a prompt moved its cosine with a file, or with pixels.

    Args:
        replaced_by: `nothing` leaves a word out; `mask` puts [MASK] in its place, with text
            towers that know it.
        ct_window: as in `explain`.

    Raises:
        FileProblem, UsageError, NotSupported: as they say.
    """
    from vlm_explorer.pixels.ct_choice import parse_choice
    from vlm_explorer.queries import words as query
    from vlm_explorer.saliency.words import score_words

    if isinstance(image, np.ndarray):
        phrases = query.known_phrases()
        return score_words(
            encoder, image, text, phrases=phrases, replaced_by=replaced_by, context=context
        )
    request = query.WordsRequest(Path(image), text, frame, replaced_by, parse_choice(ct_window))
    return query.words(encoder, request, context=context)
