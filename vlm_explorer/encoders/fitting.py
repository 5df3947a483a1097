"""Whether the tensors of a checkpoint are those of a model, whatever they are called in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded

# transformers no longer keeps this counter among the weights, older files do.
POSITION_IDS = "embeddings.position_ids"
# The native text tower lies at the top level of `CLIP`, and under `text.` in `CustomTextCLIP`.
NATIVE_TEXT_PREFIXES = (
    "text_projection",
    "positional_embedding",
    "token_embedding",
    "transformer.",
    "ln_final.",
)
# What distributed training, compilation and the usual frames around a model put before names.
PREFIXES = ("module.", "_orig_mod.", "model.", "clip_model.", "clip.")
# Numbers that OpenAI's checkpoints hold besides their weights.
OPENAI_NUMBERS = ("input_resolution", "context_length", "vocab_size")


def plain_names(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors without the prefixes that all their names share, and OpenAI's numbers."""
    weights = {key: value for key, value in weights.items() if key not in OPENAI_NUMBERS}
    while weights:
        shared = [p for p in PREFIXES if all(key.startswith(p) for key in weights)]
        if not shared:
            break
        weights = {key.removeprefix(shared[0]): value for key, value in weights.items()}
    return weights


def fit_names(weights: dict[str, torch.Tensor], model: Any) -> dict[str, torch.Tensor]:
    """Undo what checkpoints differ in without a difference in meaning, as open_clip does."""
    weights = plain_names(weights)
    if "text_projection" in weights and hasattr(model, "text"):
        weights = {
            f"text.{key}" if key.startswith(NATIVE_TEXT_PREFIXES) else key: value
            for key, value in weights.items()
        }
    weights = {key: value for key, value in weights.items() if not key.endswith(POSITION_IDS)}
    for key in ("logit_scale", "logit_bias"):
        wanted = getattr(model, key, None)
        if key in weights and wanted is not None and weights[key].numel() == wanted.numel():
            weights[key] = weights[key].reshape(wanted.shape)
    return weights


def misfit(weights: dict[str, torch.Tensor], model: torch.nn.Module) -> str:
    """Return in words how tensors differ from those of a model; empty where they do not.

    Args:
        weights: from `fit_names`.
        model: may lie on the meta device.
    """
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in weights.items()}
    problems = []
    if missing := wanted.keys() - given.keys():
        problems.append(f"{len(missing)} are missing ({_examples(missing)})")
    if surplus := given.keys() - wanted.keys():
        problems.append(f"{len(surplus)} have no place ({_examples(surplus)})")
    if other := [key for key in wanted.keys() & given.keys() if wanted[key] != given[key]]:
        first = min(other)
        problems.append(
            f"{len(other)} have another shape ({first}: {given[first]} instead of {wanted[first]})"
        )
    return f"of {len(wanted)} tensors, {'; '.join(problems)}" if problems else ""


def _examples(keys: Iterable[str]) -> str:
    names = sorted(keys)
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
