"""From a checkpoint to the model folder that open_clip reads."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from vlm_explorer.demo.tokenizer import end_number
from vlm_explorer.demo.train_model import model_config, preprocess_config

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "words.txt",
)


def write_package(folder: Path, out: Path) -> Path:
    """Write configuration, weights and tokenizer of a trained encoder.

    Args:
        folder: with `tokenizer/`, and with `tuned.pt` as `tune` left it, else the averaged
            weights of `checkpoint.pt` as `fit` left it.
        out: the model folder; other files in it, such as the model card, stay.

    Returns:
        `out`.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    tuned = folder / "tuned.pt"
    if tuned.exists():
        state = torch.load(tuned, weights_only=True)["model"]
    else:
        state = torch.load(folder / "checkpoint.pt", weights_only=True)["averaged"]
    config = {
        "model_cfg": model_config(tokenizer.get_vocab_size(), end_number(tokenizer)),
        "preprocess_cfg": preprocess_config(),
    }
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config, indent=2) + "\n"
    (out / "open_clip_config.json").write_text(text, encoding="utf-8")
    for name in TOKENIZER_FILES:
        shutil.copyfile(folder / "tokenizer" / name, out / name)
    # float32: 24 MB would still fit, and embeddings stay exactly those of training.
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    part = out / "open_clip_model.safetensors.part"
    save_file(tensors, str(part), metadata={"format": "pt"})
    part.replace(out / "open_clip_model.safetensors")
    return out
