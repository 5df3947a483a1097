"""The files of a model folder: weights, tokenizer, JSON; found and read without torch."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vlm_explorer.errors import BadModelFolder, WeightsNotFound

# open_clip's own order of preference (open_clip.factory._find_checkpoint_in_dir)
WEIGHTS_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
# transformers' own names
TRANSFORMERS_WEIGHTS_NAMES = ("model.safetensors", "pytorch_model.bin")
WEIGHTS_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt")
VOCABULARY_NAMES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
TOKENIZER_NAMES = (
    *VOCABULARY_NAMES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)

LAYOUTS = (
    "A model folder is in open_clip's layout (open_clip_config.json, weights, tokenizer) or holds "
    "a CLIP or SigLIP of transformers (config.json, preprocessor_config.json, weights, tokenizer)."
)


def find_weights(folder: Path, names: Sequence[str] = WEIGHTS_NAMES) -> Path:
    """Return the file of weights in `folder`, the first of `names` that is there.

    Raises:
        WeightsNotFound: there is none, or only the placeholder that git leaves for it.
        BadModelFolder: there are several and none has a standard name.
    """
    candidates = sorted(
        path for path in folder.iterdir() if path.suffix in WEIGHTS_SUFFIXES and path.is_file()
    )
    standard = [folder / name for name in names if folder / name in candidates]
    if not candidates:
        raise WeightsNotFound(
            f"The model folder {folder} holds no weights.",
            f"It needs a file such as {names[0]} or {_plain(names)}.",
        )
    if not standard and len(candidates) > 1:
        found = ", ".join(path.name for path in candidates)
        in_parts = all(re.search(r"-\d+-of-\d+\.", path.name) for path in candidates)
        raise BadModelFolder(
            f"The model folder {folder} holds several files of weights: {found}.",
            "They are parts of one model; save it in one file, which transformers does with "
            "`save_pretrained(folder, max_shard_size='100GB')`."
            if in_parts
            else f"Name the right one {names[0]} or {_plain(names)}.",
        )
    weights = (standard or candidates)[0]
    if weights.stat().st_size < 1024 and weights.read_bytes().startswith(
        b"version https://git-lfs"
    ):
        raise WeightsNotFound(
            f"{weights} is a placeholder left by git; the weights themselves were not downloaded.",
            "Run `git lfs pull` in the folder that it came from, or download the file by itself.",
        )
    return weights


def _plain(names: Sequence[str]) -> str:
    """Return the first of the names that is not one of safetensors."""
    return next(name for name in names if name.endswith(".bin"))


def read_json(file: Path, folder: Path) -> dict[str, Any]:
    """Return the JSON object in a file of the model folder `folder`.

    Raises:
        BadModelFolder: there is no such file, or it holds no JSON object.
    """
    if not file.is_file():
        raise BadModelFolder(
            f"The folder {folder} holds no {file.name}.",
            LAYOUTS,
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadModelFolder(
            f"{file} cannot be read as JSON: {error}.", "Copy or download the file again."
        ) from error
    if not isinstance(content, dict):
        raise BadModelFolder(f"{file} does not hold a JSON object.", "Download the file again.")
    return content
