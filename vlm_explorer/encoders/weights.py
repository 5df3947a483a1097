"""Tensors out of a file of weights; code in the file is never run."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded

from vlm_explorer.encoders.device import raise_if_out_of_memory
from vlm_explorer.encoders.weight_parts import is_index, read_index, weight_files
from vlm_explorer.errors import BadModelFolder

# The types of weights by safetensors' names.
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
# Where training keeps the weights among other things.
CONTAINERS = ("state_dict", "model_state_dict", "model")


def read_weights(weights: Path, *, mapped: bool = False) -> dict[str, torch.Tensor]:
    """Return the tensors in a file of weights, on the CPU. Code in the file is never run.

    Args:
        weights: safetensors or PyTorch's format, or the index of weights in parts.
        mapped: leave the numbers on the disk until each is looked at.

    Raises:
        BadModelFolder: a file is damaged, holds no tensors, or holds code besides them; or a part
            does not hold what the index says.
        WeightsNotFound: a part is missing.
    """
    if not is_index(weights.name):
        return _read_file(weights, mapped=mapped)
    said = read_index(weights)
    found: dict[str, torch.Tensor] = {}
    for file in weight_files(weights):
        tensors = _read_file(file, mapped=mapped)
        if tensors.keys() != said.tensors[file.name]:
            raise BadModelFolder(
                f"{file} does not hold what {weights.name} says; it is a part of other weights.",
                "Copy or download all parts and their index again, from one place.",
            )
        found |= tensors
    return found


def _read_file(file: Path, *, mapped: bool) -> dict[str, torch.Tensor]:
    """Return the tensors in one file."""
    from safetensors import SafetensorError

    if _is_program(file):
        raise BadModelFolder(
            f"{file} is a program in TorchScript, as OpenAI publishes CLIP, and programs are not "
            "run.",
            "Save its numbers alone, where you trust it: torch.save(torch.jit.load(FILE)"
            ".state_dict(), OTHER_FILE).",
        )
    try:
        if file.suffix == ".safetensors":
            content: Any = _map_safetensors(file) if mapped else _read_safetensors(file)
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


def _map_safetensors(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file of safetensors, their numbers on the disk."""
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = load_file(file)
    return tensors


def _read_safetensors(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file of safetensors, each in memory of its own.

    The library would give views of the mapped file, which another program may replace while they
    are in use; copies of them take twice the memory. The format: 8 bytes little-endian length of
    a table, the table in JSON, the numbers (github.com/huggingface/safetensors).
    """
    from safetensors import safe_open

    with safe_open(file, "pt") as checked, file.open("rb") as stream:
        # the library has compared the table with the file by now
        length = int.from_bytes(stream.read(8), "little")
        table = json.loads(stream.read(length))
        table.pop("__metadata__", None)
        weights = {}
        for name, entry in sorted(table.items(), key=lambda item: item[1]["data_offsets"]):
            start, end = entry["data_offsets"]
            dtype = DTYPES.get(entry["dtype"])
            if dtype is None:
                weights[name] = checked.get_tensor(name).clone()
                continue
            numbers = torch.empty(end - start, dtype=torch.uint8)
            stream.seek(8 + length + start)
            if stream.readinto(numbers.numpy().data) != end - start:
                raise EOFError(name)
            weights[name] = numbers.view(dtype).reshape(entry["shape"])
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
