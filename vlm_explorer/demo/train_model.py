"""The bundled encoder's architecture, and its forward passes as training needs them."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

from typing import Any

import torch
from open_clip.model import CLIP
from torch import Tensor, nn
from torch.nn import functional

IMAGE_SIZE = 112
PATCH_SIZE = 8
GRID = IMAGE_SIZE // PATCH_SIZE
CONTEXT_LENGTH = 64
# One grey value for all channels: the rendering of a scan is grey, and mostly dark.
MEAN, STD = 0.3, 0.28


def model_config(vocab_size: int, end: int) -> dict[str, Any]:
    """Return open_clip's `model_cfg`.

    Args:
        vocab_size: size of the tokenizer's vocabulary.
        end: number of the end mark, whose embedding stands for the text.
    """
    return {
        "embed_dim": 256,
        "vision_cfg": {
            "image_size": IMAGE_SIZE,
            "layers": 6,
            "width": 192,
            "head_width": 64,
            "patch_size": PATCH_SIZE,
        },
        "text_cfg": {
            "context_length": CONTEXT_LENGTH,
            "vocab_size": vocab_size,
            "hf_tokenizer_name": "demo-encoder",
            "width": 192,
            "heads": 3,
            "layers": 3,
            "eos_id": end,
            "pool_type": "eos",
        },
    }


def preprocess_config() -> dict[str, Any]:
    """Return open_clip's `preprocess_cfg`: the whole picture, padded with black."""
    return {
        "mean": [MEAN] * 3,
        "std": [STD] * 3,
        "interpolation": "bicubic",
        "resize_mode": "longest",
        "fill_color": 0,
    }


def build_model(config: dict[str, Any]) -> CLIP:
    """Return a CLIP with fresh weights; `config` is open_clip's `model_cfg`."""
    model = CLIP(**config)
    for block in model.visual.transformer.resblocks:
        # As the text tower is initialised: residual branches start small.
        nn.init.normal_(block.attn.out_proj.weight, std=0.02)
        nn.init.normal_(block.mlp.c_proj.weight, std=0.02)
    return model


def to_input(grey: Tensor) -> Tensor:
    """Turn float (N,S,S) in 0..1 into the normalised (N,3,S,S) that the image tower takes."""
    return ((grey - MEAN) / STD).unsqueeze(1).expand(-1, 3, -1, -1)


def encode_images(model: CLIP, images: Tensor, kept: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Embed images, optionally from some of their patches only.

    Args:
        model: the CLIP.
        images: float (N,3,S,S), normalised.
        kept: int64 (N,K), the patches to look at; none: all of them.

    Returns:
        Unit rows (N,D) of the images and (N,K,D) of their patches, in the joint space.
    """
    visual = model.visual
    tokens = visual._embeds(images)
    if kept is not None:
        index = (kept + 1).unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
        tokens = torch.cat([tokens[:, :1], tokens.gather(1, index)], dim=1)
    tokens = visual.ln_post(visual.transformer(tokens))
    joint = functional.normalize((tokens @ visual.proj).float(), dim=-1)
    return joint[:, 0], joint[:, 1:]


def encode_texts(model: CLIP, tokens: Tensor, rows: int = 64) -> Tensor:
    """Embed texts, those of about the same length together.

    Padding takes no part in a causal tower, so each group is cut at the end of its longest text.

    Args:
        model: the CLIP.
        tokens: int64 (N,L), padded with 0.
        rows: texts at a time.

    Returns:
        Unit rows (N,D).
    """
    order = (tokens != 0).sum(1).argsort(stable=True)
    groups = [_encode_group(model, group) for group in torch.split(tokens[order], rows)]
    return torch.cat(groups)[order.argsort()]


def _encode_group(model: CLIP, tokens: Tensor) -> Tensor:
    length = int((tokens != 0).sum(1).max())
    tokens = tokens[:, :length]
    states = model.token_embedding(tokens) + model.positional_embedding[:length]
    states = model.transformer(states, attn_mask=model.attn_mask[:length, :length])
    ends = (tokens == model.text_eos_id).int().argmax(dim=-1)
    pooled = model.ln_final(states)[torch.arange(len(tokens)), ends]
    return functional.normalize((pooled @ model.text_projection).float(), dim=-1)
