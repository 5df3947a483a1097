"""Weights of a model folder, cut into parts as transformers writes them."""

from __future__ import annotations

import json
from pathlib import Path


def cut_weights(folder: Path, parts: int = 3, suffix: str = ".safetensors") -> list[Path]:
    """Replace a folder's one file of weights by parts and their index; return the parts."""
    import torch
    from safetensors.torch import save_file

    from vlm_explorer.encoders.folder_files import WEIGHTS_NAMES
    from vlm_explorer.encoders.weights import read_weights

    whole = next(folder / name for name in WEIGHTS_NAMES if (folder / name).is_file())
    weights = read_weights(whole)
    whole.unlink()
    stem = {".safetensors": "model", ".bin": "pytorch_model"}[suffix]
    files, table = [], {}
    for number in range(parts):
        file = folder / f"{stem}-{number + 1:05}-of-{parts:05}{suffix}"
        names = sorted(weights)[number::parts]
        tensors = {name: weights[name].contiguous() for name in names}
        if suffix == ".bin":
            torch.save(tensors, file)
        else:
            save_file(tensors, file, {"format": "pt"})
        table |= dict.fromkeys(names, file.name)
        files.append(file)
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    index = {"metadata": {"total_size": size}, "weight_map": table}
    (folder / f"{stem}{suffix}.index.json").write_text(json.dumps(index))
    return files
