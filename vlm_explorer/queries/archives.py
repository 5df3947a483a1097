"""NumPy archives with texts in them, read whole and written whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from vlm_explorer.collection.tables import writing

# What is raised where a file is not there, or not what was written.
DAMAGE = (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile)


def read_members(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a NumPy archive; raises one of `DAMAGE` where it is not whole."""
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def write_members(file: Path, members: dict[str, Any]) -> None:
    """Write a NumPy archive, whole or not at all.

    Raises:
        StorageProblem: it cannot be written.
    """
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        # a name of its own: two may make the same layout at the same time
        partial = file.with_name(f".{uuid.uuid4().hex}.npz")
        try:
            np.savez(partial, **members)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)


def bytes_of(text: str) -> np.ndarray:
    """Return text as bytes, as archives hold it."""
    return np.frombuffer(text.encode(), np.uint8)


def text_of(values: np.ndarray) -> str:
    """Return what `bytes_of` was made from."""
    return values.tobytes().decode()
