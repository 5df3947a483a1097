"""What moved the cosine with a query of several texts and files: its own vector is explained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.examples import Region, file_vector, region_in, resolved, several_in
from vlm_explorer.queries.expression import Term, parse_expression, summed, unnamed
from vlm_explorer.queries.query_vector import weighed_sum
from vlm_explorer.saliency.directions import (
    INSTEAD,
    SAME,
    Directed,
    Direction,
    direction_of,
    likeness,
    why_not,
)
from vlm_explorer.saliency.explain import available_methods, default_method, explain
from vlm_explorer.saliency.explanation import Explanation

_ID = re.compile(r"[0-9a-f]{20}-\d+")  # see `collection.records.image_id`


def explain_query(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: Sequence[str],
    query: str,
    method: str = "auto",
    *,
    ct_window: str,
    context: JobContext | None = None,
    **params: Any,
) -> Explanation:
    """Explain texts, then a query, as `saliency.explain` does.

    Args:
        pixels: the image as rendered, uint8 (rows, columns) or (rows, columns, 3).
        query: an expression of texts, files and regions of files; empty for none.
        ct_window: through which window the encoder sees files of CT.

    Raises:
        UsageError: a text is empty; the expression cannot be read, or names what only a collection
            knows.
        FileProblem: a file of it gives no image.
        NotSupported: the method cannot explain such a query, or does not apply to the encoder.
    """
    if any(not text.strip() for text in texts):
        raise UsageError("A prompt is empty.", "Type at least one word.")
    asked, prompt = queried(encoder, query, ct_window)
    direction = direction_of(asked, prompt)
    if direction is not None:
        method = _method_for(asked, direction, pixels, method)
    prompts = [*texts, *([prompt] if prompt else [])]
    return explain(asked, pixels, prompts, method, context=context, **params)


def queried(encoder: Encoder, query: str, ct_window: str) -> tuple[Encoder, str]:
    """Return an encoder to which a prompt means a query, and that prompt; "" without a query.

    A single text is its own prompt. The prompt of anything else names no file.

    Raises:
        UsageError, FileProblem: see `explain_query`.
    """
    if not query:
        return encoder, ""
    terms = [_known(resolved(term, ())) for term in parse_expression(query)]
    if len(terms) == 1 and terms[0].kind == "text":
        return encoder, terms[0].text
    vectors = np.stack([_vector(encoder, term, ct_window) for term in terms])
    weights = np.array([term.weight for term in terms])
    words, of_images = summed(terms, unnamed), all(term.kind == "image" for term in terms)
    words = likeness(words) if of_images else words
    vector = weighed_sum(vectors, weights)
    return Directed(
        encoder, Direction(words, vector, words, of_images, bool((weights < 0).any()))
    ), (words)


def _known(term: Term) -> Term:
    """Return a term that can be told without a collection."""
    region = region_in(term.text)
    name = term.text if region is None else region.image
    if term.kind == "text" and (_ID.fullmatch(name) or several_in(term.text)):
        raise UsageError(
            f"“{term.text}” names images of a collection, and none is asked here.",
            "Name their files instead.",
        )
    return term


def _vector(encoder: Encoder, term: Term, ct_window: str) -> NDArray[np.float32]:
    if term.kind == "text":
        return np.asarray(encoder.encode_texts([term.text])[0], np.float32)
    if isinstance(term.example, Region):
        return file_vector(encoder, term.example.image, ct_window, term.example.box)
    return file_vector(encoder, term.text, ct_window)


def _method_for(
    encoder: Encoder, direction: Direction, pixels: NDArray[np.uint8], method: str
) -> str:
    """Return the method that explains a direction; raise why the one that is wanted cannot."""
    own = encoder.encode_images([pixels])[0].astype(np.float64)
    refused = why_not(encoder, direction, itself=bool(own @ direction.vector >= SAME))
    others = available_methods(encoder)
    if method == "auto":
        usual = default_method(encoder, prompted=True)
        there = (each for each in INSTEAD if not (others[each] or refused.get(each)))
        return next(there, usual) if usual in refused else usual
    if method in refused and not others[method]:
        able = [name for name, why in others.items() if not (why or name in refused)]
        raise NotSupported(
            f"The method {method} cannot explain this query: {refused[method]}.",
            f"These can: {', '.join(able)}.",
        )
    return method
