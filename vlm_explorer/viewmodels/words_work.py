"""What the page of words has done off the GUI thread. No Qt; heavy imports inside functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.frame import Frame

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.saliency.left_out import Replacement
    from vlm_explorer.saliency.word_maps import WordMaps
    from vlm_explorer.saliency.words import WordScores


def find_words(
    encoder: Encoder,
    frame: Frame,
    ct_window: str,
    prompt: str,
    replaced_by: Replacement,
    *,
    context: JobContext,
) -> WordScores:
    """Return what each word of a prompt does to its cosine with a frame."""
    from vlm_explorer.pixels.encoding_window import render_for_encoder
    from vlm_explorer.queries.words import known_phrases
    from vlm_explorer.saliency.words import score_words

    context.check()
    pixels = render_for_encoder(frame, ct_window).pixels
    return score_words(
        encoder,
        pixels,
        prompt,
        phrases=known_phrases(),
        replaced_by=replaced_by,
        context=context,
    )


def knows_mask(encoder: Encoder) -> bool:
    """Return whether the text tower knows a mask to put in a word's place."""
    from vlm_explorer.errors import NotSupported
    from vlm_explorer.saliency.left_out import mask_tokenizer

    try:
        mask_tokenizer(encoder)
    except NotSupported:
        return False
    return True


def find_maps(
    encoder: Encoder,
    frame: Frame,
    ct_window: str,
    prompt: str,
    method: str,
    parts: tuple[range, ...],
    *,
    context: JobContext,
) -> WordMaps:
    """Return the maps of words, and of words that belong together."""
    from vlm_explorer.pixels.encoding_window import render_for_encoder
    from vlm_explorer.saliency.word_maps import map_words

    context.check()
    pixels = render_for_encoder(frame, ct_window).pixels
    return map_words(encoder, pixels, prompt, method, parts=parts, context=context)
