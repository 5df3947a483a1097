"""Layouts on the disk: NumPy archives in a collection's folder `layouts/`, each whole in itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from vlm_explorer.analysis.map_trust import Trust
from vlm_explorer.collection.store import Collection
from vlm_explorer.queries.archives import (
    DAMAGE,
    bytes_of,
    read_members,
    text_of,
    write_members,
)
from vlm_explorer.queries.layout_request import LayoutAnswer, LayoutRequest

_FORMAT = 2


def layouts_folder(collection: Collection) -> Path:
    """Return where a collection keeps its layouts."""
    return collection.folder / "layouts"


def write_layout(file: Path, answer: LayoutAnswer, name: str = "") -> None:
    """Keep a layout in a file, whole.

    Raises:
        StorageProblem: it cannot be written.
    """
    about = {
        "format": _FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "request": asdict(answer.request),
        "model": answer.model,
        "images": len(answer.image_ids),
        "texts": len(answer.texts),
        "gap": answer.gap,
        "quality": [asdict(part) for part in answer.quality],
        "without_vector": answer.without_vector,
        "key": answer.key,
    }
    write_members(
        file,
        {
            "about": bytes_of(json.dumps(about)),
            "name": bytes_of(name),
            "image_ids": _column(answer.image_ids),
            "xy": answer.xy,
            "laid_out": answer.laid_out_mask,
            "text_ids": _column(answer.text_ids),
            "texts": bytes_of(json.dumps(answer.texts)),
            "text_xy": answer.text_xy,
        },
    )


def read_layout(file: Path) -> LayoutAnswer | None:
    """Return a layout kept before; None where there is none, or it is damaged."""
    try:
        kept = read_members(file)
        about = json.loads(text_of(kept["about"]))
        if about["format"] != _FORMAT:
            return None
        answer = LayoutAnswer(
            request=request_of(about),
            model=about["model"],
            image_ids=tuple(kept["image_ids"].astype(str).tolist()),
            xy=kept["xy"],
            text_ids=tuple(kept["text_ids"].astype(str).tolist()),
            texts=tuple(json.loads(text_of(kept["texts"]))),
            text_xy=kept["text_xy"],
            trust=None,
            gap=about["gap"],
            without_vector=about["without_vector"],
            laid_out=None if kept["laid_out"].all() else kept["laid_out"],
            key=about["key"],
        ).judged(tuple(Trust(**part) for part in about["quality"]))
        whole = answer.xy.shape == (len(answer.image_ids), 2) and answer.text_xy.shape == (
            len(answer.texts),
            2,
        )
        return answer if whole else None
    except DAMAGE:
        return None


def request_of(about: dict[str, Any]) -> LayoutRequest:
    """Return what was asked for; raises one of `DAMAGE` where that is not what was written."""
    request = about["request"]
    return LayoutRequest(**{**request, "texts": tuple(request["texts"])})


def _column(ids: Sequence[str]) -> np.ndarray:
    """Return ids, which are ASCII, one byte a letter."""
    return np.array(ids, "S")
