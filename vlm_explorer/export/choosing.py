"""Which images go out: all, or those of a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError


def chosen_rows(
    collection: Collection, image_ids: Sequence[str] | None
) -> tuple[NDArray[np.int64], int]:
    """Return the rows of images, ascending, each once; and how many ids are not known here.

    Raises:
        UsageError: none of them is in the collection, or it holds no images.
    """
    total = collection.images.num_rows
    if not total:
        raise UsageError(
            f"The collection “{collection.name}” holds no images.", "Index a folder of images."
        )
    if image_ids is None:
        return np.arange(total), 0
    wanted = set(image_ids)
    rows = sorted(collection.row_of[key] for key in wanted if key in collection.row_of)
    if not rows:
        raise UsageError(
            "None of the images to be exported is in the collection.",
            "Choose at least one, or all.",
        )
    return np.array(rows, np.int64), len(wanted) - len(rows)


def read_image_ids(file: Path) -> tuple[str, ...] | None:
    """Return the ids of a list: one a line, or as the record of an earlier export holds them.

    None for the record of an export of all images.

    Raises:
        UsageError: it cannot be read, or holds none.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The list of images {file} cannot be read.",
            "Give `all`, or a file with one image id a line.",
        ) from error
    ids = _of_record(text) if text.lstrip().startswith("{") else text.split()
    if ids is None:
        return None
    if not ids:
        raise UsageError(f"The list {file} names no images.", "It should hold one image id a line.")
    return tuple(ids)


def _of_record(text: str) -> list[str] | None:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return []
    images, ids = value.get("images"), value.get("image_ids")
    if isinstance(images, dict) and images.get("what") == "all":
        return None
    return [str(key) for key in ids] if isinstance(ids, list) else []
