"""The architectures that a bare checkpoint can be of: open_clip's, and BiomedCLIP's."""

from __future__ import annotations

import copy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.folder_files import VOCABULARY_NAMES
from vlm_explorer.encoders.model_folder import BIOMEDBERT_BASE
from vlm_explorer.encoders.preprocess import OPENAI_MEAN, OPENAI_STD
from vlm_explorer.errors import UsageError

BIOMEDBERT = "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract"
# Not in open_clip's own list, and what most medical checkpoints were tuned from.
OWN_CONFIGS: dict[str, dict[str, Any]] = {
    "BiomedCLIP-PubMedBERT_256-vit_base_patch16_224": {
        "embed_dim": 512,
        "vision_cfg": {
            "timm_model_name": "vit_base_patch16_224",
            "timm_model_pretrained": False,
            "timm_pool": "",
            "timm_proj": "linear",
            "image_size": 224,
        },
        "text_cfg": {
            "hf_model_name": BIOMEDBERT,
            "hf_tokenizer_name": BIOMEDBERT,
            "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler",
            "context_length": 256,
        },
    },
}
PREPROCESS_KEYS = ("mean", "std", "interpolation", "resize_mode")
OPENAI_PREPROCESS: dict[str, Any] = {
    "mean": OPENAI_MEAN,
    "std": OPENAI_STD,
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


def architectures() -> list[str]:
    """Return the names of all architectures, in alphabetical order of whatever case.

    Importing open_clip takes seconds the first time: call it in a job.
    """
    import open_clip

    return sorted([*OWN_CONFIGS, *open_clip.list_models()], key=str.casefold)


def model_configuration(name: str, pretrained: str = "") -> dict[str, Any]:
    """Return open_clip's `model_cfg` of an architecture.

    Args:
        name: one of `architectures`.
        pretrained: one of `pretrained_tags`: what the checkpoint's training started from. It
            decides on OpenAI's activation where the architecture leaves it open.

    Raises:
        UsageError: no such architecture, or no such tag of it.
    """
    import open_clip

    found = OWN_CONFIGS.get(name) or open_clip.get_model_config(name)
    if found is None:
        close = get_close_matches(name, architectures(), 3, 0.5)
        raise UsageError(
            f"There is no architecture called {name!r}.",
            f"Did you mean {' or '.join(close)}?"
            if close
            else "Architectures have open_clip's names, such as ViT-B-32.",
        )
    config = copy.deepcopy(found)
    if pretrained and _published(name, pretrained).get("quick_gelu"):
        config["quick_gelu"] = True
    return config


def pretrained_tags(name: str) -> list[str]:
    """Return open_clip's names of the published weights of an architecture."""
    import open_clip

    return [] if name in OWN_CONFIGS else list(open_clip.list_pretrained_tags_by_model(name))


def preprocess_of(name: str, pretrained: str = "") -> dict[str, Any] | None:
    """Return how images are prepared for an architecture: the keys of open_clip's preprocess_cfg.

    Args:
        name: one of `architectures`.
        pretrained: one of `pretrained_tags`.

    Returns:
        mean, std, interpolation and resize_mode; None where nothing was published of the
        architecture, or weights that differ in it and `pretrained` does not say which.

    Raises:
        UsageError: no such tag.
    """
    if name in OWN_CONFIGS:
        return dict(OPENAI_PREPROCESS)
    tags = [pretrained] if pretrained else pretrained_tags(name)
    known = []
    for tag in tags:
        published = _published(name, tag)
        values = {key: published.get(key) or OPENAI_PREPROCESS[key] for key in PREPROCESS_KEYS}
        if values not in known:
            known.append(values)
    return known[0] if len(known) == 1 else None


def _published(name: str, tag: str) -> dict[str, Any]:
    import open_clip

    tags = pretrained_tags(name)
    if tag not in tags:
        raise UsageError(
            f"There are no published weights {tag!r} of the architecture {name}.",
            f"There are: {', '.join(tags)}." if tags else "There are none of it at all.",
        )
    return dict(open_clip.get_pretrained_cfg(name, tag))


def missing_files(name: str, place: Path) -> list[str]:
    """Return in words which files an architecture needs beside its weights and `place` lacks.

    Those are the files of a tokenizer that does not come with open_clip, and the configuration of
    a text tower that comes from transformers.
    """
    text_cfg = model_configuration(name)["text_cfg"]
    lacking = []
    tokenizer = text_cfg.get("hf_tokenizer_name")
    if tokenizer and not any((place / file).is_file() for file in VOCABULARY_NAMES):
        lacking.append(f"the tokenizer of {tokenizer} (tokenizer.json, tokenizer_config.json)")
    tower = text_cfg.get("hf_model_name")
    if tower and text_configuration(name) is None and not (place / "config.json").is_file():
        lacking.append(f"the configuration of {tower} (config.json)")
    return lacking


def text_configuration(name: str) -> dict[str, Any] | None:
    """Return the configuration of an architecture's transformers text tower, where it is known."""
    tower = model_configuration(name)["text_cfg"].get("hf_model_name")
    return dict(BIOMEDBERT_BASE) if tower == BIOMEDBERT else None
