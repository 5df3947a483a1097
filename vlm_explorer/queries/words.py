"""Which words of a prompt moved the score of one image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.group_names import phrase_bank
from vlm_explorer.saliency.left_out import Replacement
from vlm_explorer.saliency.words import WordScores, score_words


@dataclass(frozen=True, slots=True)
class WordsRequest:
    """An image, the prompt whose words are asked about, and how; CT through `ct_window`."""

    path: Path
    text: str
    frame: int = 0
    replaced_by: Replacement = "nothing"
    ct_window: str = DEFAULT


def known_phrases() -> tuple[str, ...]:
    """Return the phrases of several words that are also left out as a whole."""
    return tuple(phrase for phrase in phrase_bank() if " " in phrase)


def words(
    encoder: Encoder, request: WordsRequest, *, context: JobContext | None = None
) -> WordScores:
    """Measure what each word, and each known phrase, of a prompt does to the score of a file.

    Raises:
        FileProblem: the file gives no image.
        UsageError: no word in the text, or no such frame.
        NotSupported: the text tower knows no mask.
    """
    rendering = render_file_for_encoder(request.path, request.frame, request.ct_window)
    return score_words(
        encoder,
        rendering.pixels,
        request.text,
        phrases=known_phrases(),
        replaced_by=request.replaced_by,
        context=context,
    )
