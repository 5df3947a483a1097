"""Which words a text's vector was made from, by gradients through the text tower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.word_tokens import first_token, tokens_by_word
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.saliency.gradients import by_attention
from vlm_explorer.saliency.left_out import ReadText
from vlm_explorer.saliency.text_maps import attention_of, kept
from vlm_explorer.saliency.text_taps import TextCapture, capture_text

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Relevance:
    """Of one text and one image; W words, L tokens in the row that was encoded.

    Attributes:
        share: float32 (W,), share of the relevance at a word's tokens; 0 where it is not read.
        gradient: float32 (W,), gradient x embedding of the cosine, summed over a word's tokens.
        marks_share: share at start and end marks and padding; with `share` it sums to 1, unless
            there is no relevance at all.
        tokens: float32 (L,), the shares of all tokens, that of a class token behind them as well.
        token_gradients: float32 (L,), gradient x embedding of all tokens.
        places: of each word, its tokens in the row.
    """

    share: Floats
    gradient: Floats
    marks_share: float
    tokens: Floats
    token_gradients: Floats
    places: tuple[range, ...]


def relevance_of(
    encoder: Encoder, image: Floats, text: ReadText, *, start_layer: int = 0
) -> Relevance:
    """Follow gradient times attention back to the words (Chefer et al. 2021, GAE, eqs. 5, 6).

    As `gradients.gradattn` for patches: of each block, attention times its gradient, without the
    negative part, is averaged over heads to C; R = I grows by R += C R. The relevance of a token
    is the entry of R in the row of the token that becomes the text's vector (the end mark of a
    CLIP, the last place of a SigLIP, the first of a BERT; the mean of all rows where all are
    pooled), without the I. Tokens are summed to words. The score is the encoder's logit, for the
    gradient times embedding the cosine.

    Args:
        encoder: whose text tower.
        image: float32 (D,), the image's vector, a unit vector.
        text: as the encoder reads it.
        start_layer: first block that takes part, from 0, or from -1 backwards.

    Raises:
        NotSupported: the tower cannot be looked into, or its tokens not be told apart.
        UsageError: no such block.
    """
    with capture_text(encoder) as captured:
        row, places = _row(encoder, captured, text)
        raw, token_gradients = _relevance(encoder, captured, image, row, start_layer)
    total = float(raw.sum())
    tokens = np.asarray(raw / total if total > 0 else raw, np.float32)

    def by_word(values: Floats) -> Floats:
        return np.array([values[part.start : part.stop].sum() for part in places], np.float32)

    share = by_word(tokens)
    return Relevance(
        share=share,
        gradient=by_word(token_gradients),
        marks_share=float(tokens.sum() - share.sum()),
        tokens=tokens,
        token_gradients=token_gradients,
        places=places,
    )


def _row(
    encoder: Encoder, captured: TextCapture, text: ReadText
) -> tuple[Tensor, tuple[range, ...]]:
    """Return a text's tokens int64 (L,), without padding that takes no part, and the words'."""
    from vlm_explorer.encoders.text_tower import used_tokens

    tokenizer: Any = encoder.tokenizer  # type: ignore[attr-defined]
    rows = tokenizer([text.text])
    first = first_token(tokenizer, text.text, rows[0].tolist())
    if first is None:
        raise NotSupported(
            f"The tokens of {encoder.id} cannot be told apart by words.",
            "Leaving words out works with every encoder.",
        )
    used = used_tokens(captured.model, rows)
    row = rows[0] if used is None else rows[0, : int(used[0])]
    places = tuple(
        range(first + part.start, first + part.stop)
        for part in tokens_by_word(tokenizer, text.text)
    )
    return row.to(encoder.device), places


def _relevance(
    encoder: Encoder, captured: TextCapture, image: Floats, row: Tensor, start_layer: int
) -> tuple[Floats, Floats]:
    """Return relevance and gradient x embedding, float32 (L,) each."""
    import torch

    from vlm_explorer.encoders.text_tower import pooled_at

    count = len(captured.taps)
    if not -count <= start_layer < count:
        raise UsageError(
            f"There is no block {start_layer}; this text tower has {count}, from 0.",
            "Choose an earlier one.",
        )
    vector = captured.trace(row)
    cosine = vector @ torch.as_tensor(image, device=vector.device)
    chosen = captured.taps[start_layer % count :]
    embedded = kept(captured.embedded)
    *pulls, pull = torch.autograd.grad(cosine, [*(kept(tap.attended) for tap in chosen), embedded])
    steps = [
        encoder.logit_scale
        * (attention_of(tap) * by_attention(gradient, kept(tap.value))).clamp(min=0).mean(dim=1)[0]
        for tap, gradient in zip(chosen, pulls, strict=True)
    ]
    length = len(steps[0])
    asked = torch.zeros(length, device=row.device)
    at = pooled_at(captured.model, row)
    asked[slice(None) if at is None else at] = 1 if at is not None else 1 / length
    found = asked
    for step in reversed(steps):
        found = found + found @ step
    gradient = (pull * embedded).sum(dim=-1)[0]
    return _array(found - asked), _array(gradient)


def _array(values: Tensor) -> Floats:
    return np.asarray(values.detach().cpu().numpy(), np.float32)
