"""The files of a model folder: weights, tokenizer, JSON; found and read without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.weight_parts import (
    index_of_part,
    refuse_placeholder,
    weight_files,
    with_indexes,
)
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

    Weights in parts are found by their index, which stands where one file of them would.

    Raises:
        WeightsNotFound: there is none, or only the placeholder that git leaves for it, or a part
            is missing.
        BadModelFolder: there are several and none has a standard name, or an index is damaged.
    """
    standard = [
        folder / name
        for whole in names
        for name in (with_indexes([whole]) or [whole])
        if (folder / name).is_file()
    ]
    if standard:
        for file in weight_files(standard[0]):
            refuse_placeholder(file)
        return standard[0]
    candidates = sorted(
        path for path in folder.iterdir() if path.suffix in WEIGHTS_SUFFIXES and path.is_file()
    )
    if not candidates:
        raise WeightsNotFound(
            f"The model folder {folder} holds no weights.",
            f"It needs a file such as {names[0]} or {_plain(names)}.",
        )
    if len(candidates) > 1:
        raise _several(folder, candidates, names)
    refuse_placeholder(candidates[0])
    return candidates[0]


def _several(folder: Path, candidates: Sequence[Path], names: Sequence[str]) -> BadModelFolder:
    """Return what to raise where several files may be the weights."""
    indexes = {index_of_part(path.name) for path in candidates}
    if indexes and "" not in indexes:
        return BadModelFolder(
            f"The weights in {folder} are in {len(candidates)} parts, and the file that says "
            "what is in which is missing.",
            f"Copy or download {' or '.join(sorted(indexes))} into the same folder.",
        )
    found = ", ".join(path.name for path in candidates)
    return BadModelFolder(
        f"The model folder {folder} holds several files of weights: {found}.",
        f"Name the right one {names[0]} or {_plain(names)}.",
    )


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
