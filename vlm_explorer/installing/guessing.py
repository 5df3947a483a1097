"""Which architecture a bare checkpoint may be of, from the names and shapes of its tensors."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

import torch  # noqa: TID253 - only imported when a checkpoint is looked at

from vlm_explorer.encoders.fitting import OPENAI_NUMBERS, fit_names, misfit, plain_names
from vlm_explorer.encoders.towers import build_open_clip_model
from vlm_explorer.installing.architectures import (
    architectures,
    model_configuration,
    text_configuration,
)
from vlm_explorer.jobs import JobContext

log = logging.getLogger(__name__)

Weights = dict[str, torch.Tensor]
# What can be read from the tensors and from a configuration alike, without building a model.
Signature = tuple[Any, ...]


def guess_architecture(weights: Weights, *, context: JobContext | None = None) -> list[str]:
    """Return the architectures whose tensors have exactly the names and shapes of `weights`.

    Several differ in nothing but an activation, which leaves no trace in the weights: then those
    with OpenAI's come first if the checkpoint was written by OpenAI's code.

    Args:
        weights: from `read_checkpoint`; values are not looked at.
        context: told the progress.
    """
    openai = any(name in weights for name in OPENAI_NUMBERS)
    plain = plain_names(weights)
    wanted = (_dimension(plain), _text_signature(plain), _image_signature(plain))
    likely = [name for name in architectures() if _signatures(model_configuration(name)) == wanted]
    found = []
    for number, name in enumerate(likely):
        if context is not None:
            context.report(number, len(likely), "Comparing architectures")
        if _fits(name, weights):
            found.append(name)
    return sorted(found, key=lambda name: ("quickgelu" in name) != openai)


def empty_model(name: str, text_config: dict[str, Any] | None = None) -> torch.nn.Module:
    """Return an architecture's model without memory for its weights.

    Raises:
        Exception: whatever open_clip, timm and transformers raise where they cannot build it.
    """
    with torch.device("meta"):
        return build_open_clip_model(
            model_configuration(name), text_config or text_configuration(name)
        )


def _fits(name: str, weights: Weights) -> bool:
    tower = model_configuration(name)["text_cfg"].get("hf_model_name")
    if tower and text_configuration(name) is None:
        return False  # its configuration lies on the hub
    try:
        model = empty_model(name)
    except Exception as error:  # noqa: BLE001
        # The boundary to open_clip, timm and transformers: what this version of them cannot build
        # is no candidate.
        log.debug("%s cannot be built: %s", name, error)
        return False
    return not misfit(fit_names(weights, model), model)


def _signatures(config: dict[str, Any]) -> tuple[int, Signature, Signature]:
    """Return what the three functions below say of a configuration's tensors."""
    text, vision = config["text_cfg"], config["vision_cfg"]
    texts: Signature = (
        text.get("vocab_size", 49408),
        text.get("width", 512),
        text.get("context_length", 77) + bool(text.get("embed_cls")),
        text.get("layers", 12),
    )
    if text.get("hf_model_name"):
        texts = ("transformers",)
    layers = vision.get("layers", 12)
    patch = vision.get("patch_size", 16)
    rows, columns = patch if isinstance(patch, (list, tuple)) else (patch, patch)
    images: Signature = ("vit", vision.get("width", 768), rows, columns, layers)
    if vision.get("timm_model_name"):
        images = ("timm",)
    elif isinstance(layers, list):
        images = ("resnet", vision.get("width", 64), *layers)
    return config["embed_dim"], texts, images


def _dimension(weights: Weights) -> int:
    """Return the length of the vectors, from the last layer of the text tower."""
    for name in ("text_projection", "text.text_projection"):
        if name in weights:
            return weights[name].shape[-1]
        if f"{name}.weight" in weights:
            return weights[f"{name}.weight"].shape[0]
    projections = sorted(key for key in weights if re.fullmatch(r"text\.proj\..*weight", key))
    return weights[projections[-1]].shape[0] if projections else 0


def _text_signature(weights: Weights) -> Signature:
    for prefix in ("", "text."):
        table = weights.get(f"{prefix}token_embedding.weight")
        positions = weights.get(f"{prefix}positional_embedding")
        if table is not None and positions is not None:
            layers = _count(weights, rf"{re.escape(prefix)}transformer\.resblocks\.(\d+)\.")
            return (*table.shape, positions.shape[0], layers)
    return ("transformers",) if any(key.startswith("text.") for key in weights) else ()


def _image_signature(weights: Weights) -> Signature:
    if any(key.startswith("visual.trunk.") for key in weights):
        return ("timm",)
    stages = [_count(weights, rf"visual\.layer{stage}\.(\d+)\.") for stage in (1, 2, 3, 4)]
    if all(stages):
        return ("resnet", weights["visual.layer1.0.conv1.weight"].shape[0], *stages)
    patches = weights.get("visual.conv1.weight")
    if patches is None or patches.ndim != 4:
        return ()
    blocks = _count(weights, r"visual\.transformer\.resblocks\.(\d+)\.")
    return ("vit", patches.shape[0], *patches.shape[2:], blocks)


def _count(names: Iterable[str], pattern: str) -> int:
    found = (re.match(pattern, name) for name in names)
    return len({match[1] for match in found if match})
