"""Weights from PyTorch's format, or in parts, to one file of safetensors, tensor after tensor.

A `.bin` is a program for Python's unpickler that happens to make tensors; safetensors is numbers
with a table in front. It is read once with `weights_only=True`, mapped into memory, and never
again. The format: 8 bytes little-endian length of the table, the table in JSON, the numbers
(github.com/huggingface/safetensors).
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import torch  # noqa: TID253 - only imported when weights are converted

from vlm_explorer.encoders.weights import read_weights
from vlm_explorer.errors import BadModelFolder
from vlm_explorer.jobs import JobContext

# The names of the types in which weights are published.
TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
PIECE = 1 << 24  # bytes written between two looks at the user's wish to stop


def convert_weights(source: Path, target: Path, context: JobContext) -> str:
    """Write the tensors of `source` to the safetensors file `target`; return its SHA-256.

    Args:
        source: a file of weights, or the index of weights in parts, which are joined.

    Raises:
        BadModelFolder: `source` is damaged, or holds something else than a model's weights.
        WeightsNotFound: a part is missing.
        OSError: no room.
    """
    weights = read_weights(source, mapped=True)
    # numbers of more bytes first, so that each lies at a multiple of its size
    names = sorted(weights, key=lambda name: (-weights[name].element_size(), name))
    header, total = _header({name: weights[name] for name in names}, source)
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for part in (len(header).to_bytes(8, "little"), header):
            file.write(part)
            digest.update(part)
        done = 0
        for name in names:
            numbers = _bytes_of(weights[name])
            for start in range(0, len(numbers), PIECE):
                piece = numbers[start : start + PIECE]
                file.write(piece)
                digest.update(piece)
                done += len(piece)
                context.report(done, total, "Converting the weights to safetensors")
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _header(weights: dict[str, torch.Tensor], source: Path) -> tuple[bytes, int]:
    """Return the table of `weights`, one after the other, and the bytes of their numbers."""
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in weights.items():
        if tensor.dtype not in TYPES or tensor.layout != torch.strided:
            raise BadModelFolder(
                f"{source} holds {name} as {tensor.dtype}, which no encoder's weights are.",
                "Choose another file.",
            )
        size = tensor.numel() * tensor.element_size()
        entry = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape)}
        table[name] = entry | {"data_offsets": [offset, offset + size]}
        offset += size
    header = json.dumps(table, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % 8), offset


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    flat = tensor.detach().contiguous().reshape(-1)
    if flat.numel() == 0:
        return memoryview(b"")
    return flat.view(torch.uint8).numpy().data
