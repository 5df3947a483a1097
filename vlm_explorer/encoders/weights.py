"""Tensors out of a file of weights; code in the file is never run."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded

from vlm_explorer.encoders.device import raise_if_out_of_memory
from vlm_explorer.errors import BadModelFolder

# Where training keeps the weights among other things.
CONTAINERS = ("state_dict", "model_state_dict", "model")


def read_weights(file: Path, *, mapped: bool = False) -> dict[str, torch.Tensor]:
    """Return the tensors in a file of weights, on the CPU. Code in the file is never run.

    Args:
        file: safetensors or PyTorch's format.
        mapped: leave the numbers of PyTorch's format on the disk until each is looked at.

    Raises:
        BadModelFolder: the file is damaged, holds no tensors, or holds code besides them.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if _is_program(file):
        raise BadModelFolder(
            f"{file} is a program in TorchScript, as OpenAI publishes CLIP, and programs are not "
            "run.",
            "Save its numbers alone, where you trust it: torch.save(torch.jit.load(FILE)"
            ".state_dict(), OTHER_FILE).",
        )
    try:
        if file.suffix == ".safetensors":
            content: Any = load_file(file)
        else:
            # PyTorch's format of before 2020, which is no archive, cannot be mapped
            mapped = mapped and zipfile.is_zipfile(file)
            content = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
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
    for name in CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not content:
        raise BadModelFolder(f"{file} holds no weights.", "Copy or download it again.")
    weights = {str(key): value for key, value in content.items()}
    if not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise BadModelFolder(
            f"{file} holds something else than a model's weights.", "Choose another file."
        )
    return weights


def _is_program(file: Path) -> bool:
    """Return whether a file is an archive of TorchScript, which holds code beside its numbers."""
    if file.suffix == ".safetensors" or not zipfile.is_zipfile(file):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False
