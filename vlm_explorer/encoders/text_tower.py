"""Texts through a text tower at their own length, for every family of towers.

A row of token numbers is as long as the tower's window; most of it is padding. Where the padding
takes no part in a text's vector the row may be cut, which saves nine tenths of the time for short
prompts. Which tokens take part depends on the tower: with a causal mask nothing behind the token
that the vector is read from, with an attention mask no padding, else all (SigLIP, MobileCLIP).
"""

from __future__ import annotations

import copy
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded

Tensor = torch.Tensor


def used_tokens(model: Any, rows: Tensor) -> Tensor | None:
    """Return how many tokens at the start of each row decide its vector.

    Args:
        model: what `load_towers` returned.
        rows: int64 (N, L), as the tokenizer gives them.

    Returns:
        int64 (N,), at least 1; None where all tokens take part, padding included.
    """
    tower = getattr(model, "text", model)
    kind = type(tower).__name__
    if kind == "HFTextEncoder":
        return _up_to_last(rows != tower.config.pad_token_id)
    if kind == "TransformersText":
        return None if tower.reads_padding else _closing(rows, tower.pooling, tower.eos_id)
    if getattr(tower, "attn_mask", None) is None or getattr(tower, "cls_emb", None) is not None:
        return None
    pooling = tower.text_pool_type if tower is model else tower.pool_type
    eos_id = getattr(tower, "text_eos_id" if tower is model else "eos_id", None)
    return _closing(rows, pooling, eos_id)


def pooled_at(model: Any, row: Tensor) -> int | None:
    """Return the place of the token whose vector becomes that of the text.

    Args:
        model: what `load_towers` returned.
        row: int64 (L,), whole or cut as `used_tokens` allows.

    Returns:
        its index, -1 for the last; None where all tokens are pooled.
    """
    tower = getattr(model, "text", model)
    kind = type(tower).__name__
    if kind == "HFTextEncoder":
        return getattr(tower.pooler, "cls_token_position", None)
    if kind == "TransformersText":
        pooling, eos_id = ("last" if tower.reads_padding else tower.pooling), tower.eos_id
    elif getattr(tower, "cls_emb", None) is not None:
        return -1
    else:
        pooling = tower.text_pool_type if tower is model else tower.pool_type
        eos_id = getattr(tower, "text_eos_id" if tower is model else "eos_id", None)
    if pooling == "last":
        return -1
    closing = _closing(row[None], pooling, eos_id)
    return None if closing is None else int(closing[0]) - 1


def encode_rows(model: Any, rows: Tensor) -> Tensor:
    """Return the vectors (N, D) of rows of token numbers, not normalised.

    Args:
        model: what `load_towers` returned, its text tower in float32.
        rows: int64 (N, L) with L from the largest of `used_tokens` to the tower's window.
    """
    tower = getattr(model, "text", model)
    length = rows.shape[1]
    mask = getattr(tower, "attn_mask", None)
    if isinstance(mask, Tensor) and length < mask.shape[0] and _is_native(tower):
        # open_clip adds mask and positions of the whole window, whatever the length
        cut: Any = _with_window(tower, length)
        found = cut.encode_text(rows) if tower is model else cut(rows)
    else:
        found = model.encode_text(rows)
    vectors: Tensor = found[0] if isinstance(found, tuple) else found
    return vectors


def _is_native(tower: Any) -> bool:
    return hasattr(tower, "positional_embedding") and getattr(tower, "cls_emb", None) is None


def _with_window(tower: Any, length: int) -> Any:
    """Return a text tower over the same weights whose window is `length` tokens.

    The tower itself is not changed, so other threads may use it meanwhile.
    """
    cut = copy.copy(tower)
    cut._buffers = {**tower._buffers, "attn_mask": tower.attn_mask[:length, :length]}
    cut._parameters = {
        **tower._parameters,
        "positional_embedding": tower.positional_embedding[:length],
    }
    return cut


def _closing(rows: Tensor, pooling: str, eos_id: int | None) -> Tensor | None:
    """Return the number of tokens up to the one that a causal tower's vector is read from."""
    if pooling == "first":
        return torch.ones(len(rows), dtype=torch.int64)
    if pooling == "argmax":
        return rows.argmax(dim=-1) + 1
    if pooling == "eos" and eos_id is not None:
        return rows.eq(eos_id).int().argmax(dim=-1) + 1
    return None


def _up_to_last(used: Tensor) -> Tensor:
    """Return the number of tokens up to the last that is used, of bool (N, L)."""
    places = torch.arange(1, used.shape[1] + 1)
    return (used * places).amax(dim=1).clamp_min(1)
