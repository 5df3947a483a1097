"""Tensors out of a file of weights; code in the file is never run."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded

from vlm_explorer.encoders.device import raise_if_out_of_memory
from vlm_explorer.errors import BadModelFolder


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors in a file of weights, on the CPU. Code in the file is never run.

    Raises:
        BadModelFolder: the file is damaged, holds no tensors, or holds code besides them.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            content: Any = load_file(file)
        else:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadModelFolder(
            f"{file} holds more than numbers, so it was not opened: it could run a program.",
            "Use weights in safetensors format, or plain tensors, from a source that you trust.",
        ) from error
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise_if_out_of_memory(error)
        raise BadModelFolder(
            f"The weights {file} cannot be read; the file is damaged or incomplete.",
            "Copy or download it again.",
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise BadModelFolder(f"{file} holds no weights.", "Copy or download it again.")
    weights = {str(key): value for key, value in content.items()}
    if not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise BadModelFolder(
            f"{file} holds something else than a model's weights.", "Choose another file."
        )
    return weights
