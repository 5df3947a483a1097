"""What moved the score of one image: a saliency map on the file's own pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.explain_query import explain_query
from vlm_explorer.saliency.explanation import Explanation


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """An image, the texts whose scores are explained, and how; CT through `ct_window`.

    Attributes:
        query: an expression, explained after the texts, see `queries.explain_query`.
    """

    path: Path
    frame: int = 0
    texts: tuple[str, ...] = ()
    method: str = "auto"
    params: dict[str, Any] = field(default_factory=dict)
    ct_window: str = DEFAULT
    query: str = ""


def explain(
    encoder: Encoder, request: ExplainRequest, *, context: JobContext | None = None
) -> Explanation:
    """Explain the picture of a file that the encoder was given.

    Raises:
        FileProblem: the file gives no image.
        UsageError: no such method or frame.
        NotSupported: the method does not apply to this encoder, or to the query.
    """
    pixels = render_file_for_encoder(request.path, request.frame, request.ct_window).pixels
    return explain_query(
        encoder,
        pixels,
        request.texts,
        request.query,
        request.method,
        ct_window=request.ct_window,
        context=context,
        **request.params,
    )
