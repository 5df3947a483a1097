"""Which device an encoder runs on, and whether memory ran out there."""

from __future__ import annotations

import os
import re

from vlm_explorer.errors import NotSupported, OutOfMemory, UsageError


def choose_device(requested: str = "auto") -> str:
    """Return torch's name of the device to run on.

    Args:
        requested: `auto` (the first of CUDA, Apple's GPU, CPU that works), `cpu`, `cuda`,
            `cuda:N` or `mps`.

    Raises:
        UsageError: no such name.
        NotSupported: that device cannot be used on this machine; the text says why.
    """
    import torch

    if requested == "auto":
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if requested == "cpu":
        return "cpu"
    if requested == "mps":
        if not torch.backends.mps.is_available():
            raise NotSupported(
                "This machine has no Apple GPU that PyTorch can use.",
                "Choose the device auto or cpu.",
            )
        return "mps"
    if match := re.fullmatch(r"cuda(?::(\d+))?", requested):
        return _check_cuda(int(match[1] or 0))
    raise UsageError(
        f"There is no device called {requested!r}.", "Choose auto, cpu, cuda, cuda:N or mps."
    )


def _check_cuda(index: int) -> str:
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        raise NotSupported(
            "The installed PyTorch is the build without GPU support, so no NVIDIA GPU can be used.",
            "Install PyTorch's CUDA build (pytorch.org, Get started), or choose the device cpu.",
        )
    if not torch.cuda.is_available():
        raise NotSupported(
            "PyTorch finds no GPU that it can use on this machine.",
            "Check the graphics driver with nvidia-smi, or choose the device cpu.",
        )
    count = torch.cuda.device_count()
    if index >= count:
        raise NotSupported(
            f"There is no GPU number {index}; this machine has {count}, counted from 0.",
            "Choose the device auto, or one of those.",
        )
    return f"cuda:{index}"


def is_out_of_memory(error: Exception) -> bool:
    """Return whether torch or Python ran out of memory; torch has no one class for it."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "not enough memory", "can't allocate memory")
    )


def raise_if_out_of_memory(error: Exception) -> None:
    """Raise OutOfMemory if that is what `error` means while an encoder is being loaded."""
    if is_out_of_memory(error):
        raise OutOfMemory(
            "The encoder does not fit into the memory that is free.",
            "Close other programs, or choose another device or a smaller encoder.",
        ) from error


def leave_a_core_free() -> None:
    """Have torch compute on one core fewer than there are, for the sake of the window."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
