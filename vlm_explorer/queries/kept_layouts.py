"""Layouts on the disk: those made before, found again by what they depend on, and named ones.

Each is a NumPy archive in the collection's folder `layouts/`, whole in itself: a named layout opens
as it was however the collection has grown since.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from vlm_explorer.analysis.map_trust import Trust
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.tables import writing
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.layout_request import LayoutAnswer, LayoutRequest

LONGEST_NAME = 80  # characters
# What is raised where a file is not there, or not what was written.
DAMAGE = (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile)
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class NamedLayout:
    """A layout that the user named.

    Attributes:
        name: unique in its collection, whatever the case of its letters.
        request: how it was made.
        model: id of the encoder.
        images, texts: how many of them lie on it.
        made: when it was named, UTC, ISO 8601.
        file: where it is kept.
    """

    name: str
    request: LayoutRequest
    model: str
    images: int
    texts: int
    made: str
    file: Path


def layouts_folder(collection: Collection) -> Path:
    """Return where a collection keeps its layouts."""
    return collection.folder / "layouts"


def named_layouts(collection: Collection) -> list[NamedLayout]:
    """Return the named layouts of a collection, the oldest first; damaged ones are left out."""
    files = (layouts_folder(collection) / "named").glob("[!.]*.npz")
    found = [named for file in files if (named := _about(file)) is not None]
    return sorted(found, key=lambda named: (named.made, named.name))


def find_named(collection: Collection, name: str) -> NamedLayout | None:
    """Return the layout of that name, if there is one."""
    wanted = name.strip().casefold()
    return next((n for n in named_layouts(collection) if n.name.casefold() == wanted), None)


def open_named(collection: Collection, name: str) -> LayoutAnswer:
    """Return a named layout as it was kept.

    Raises:
        UsageError: there is none of that name, or its file is damaged.
    """
    named = _need(collection, name)
    answer = read_layout(named.file)
    if answer is None:
        raise UsageError(f"The layout “{named.name}” is damaged.", "Remove it and lay out again.")
    return answer


def name_layout(collection: Collection, answer: LayoutAnswer, name: str) -> NamedLayout:
    """Keep a layout under a name.

    Raises:
        UsageError: the name is empty, too long or taken.
        StorageProblem: it cannot be written.
    """
    name = _free(collection, name)
    file = layouts_folder(collection) / "named" / f"{uuid.uuid4().hex}.npz"
    write_layout(file, answer, name)
    named = _about(file)
    assert named is not None
    return named


def rename_layout(collection: Collection, old: str, new: str) -> NamedLayout:
    """Give a named layout another name.

    Raises:
        UsageError: there is none of the old name, or the new one is empty, too long or taken.
        StorageProblem: it cannot be written.
    """
    named = _need(collection, old)
    new = _free(collection, new, but=named)
    write_members(named.file, {**read_members(named.file), "name": _bytes(new)})
    return replace(named, name=new)


def remove_layout(collection: Collection, name: str) -> None:
    """Remove a named layout.

    Raises:
        UsageError: there is none of that name.
        StorageProblem: it cannot be removed.
    """
    named = _need(collection, name)
    with writing(named.file.parent):
        named.file.unlink(missing_ok=True)


def _need(collection: Collection, name: str) -> NamedLayout:
    named = find_named(collection, name)
    if named is None:
        known = ", ".join(f"“{each.name}”" for each in named_layouts(collection))
        raise UsageError(
            f"“{collection.name}” keeps no layout named “{name}”.",
            f"It keeps: {known}." if known else "It keeps none yet.",
        )
    return named


def _free(collection: Collection, name: str, but: NamedLayout | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"A layout's name has 1 to {LONGEST_NAME} letters.")
    taken = find_named(collection, name)
    if taken is not None and (but is None or taken.file != but.file):
        raise UsageError(
            f"There is a layout named “{taken.name}” already.", "Choose another name, or remove it."
        )
    return name


# The file


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
            "about": _bytes(json.dumps(about)),
            "name": _bytes(name),
            "image_ids": _column(answer.image_ids),
            "xy": answer.xy,
            "laid_out": answer.laid_out_mask,
            "text_ids": _column(answer.text_ids),
            "texts": _bytes(json.dumps(answer.texts)),
            "text_xy": answer.text_xy,
        },
    )


def read_layout(file: Path) -> LayoutAnswer | None:
    """Return a layout kept before; None where there is none, or it is damaged."""
    try:
        kept = read_members(file)
        about = json.loads(_text(kept["about"]))
        if about["format"] != _FORMAT:
            return None
        request = about["request"]
        answer = LayoutAnswer(
            request=LayoutRequest(**{**request, "texts": tuple(request["texts"])}),
            model=about["model"],
            image_ids=tuple(kept["image_ids"].astype(str).tolist()),
            xy=kept["xy"],
            text_ids=tuple(kept["text_ids"].astype(str).tolist()),
            texts=tuple(json.loads(_text(kept["texts"]))),
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


def _about(file: Path) -> NamedLayout | None:
    """Return what a named layout is, without reading its places."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            about, name = json.loads(_text(kept["about"])), _text(kept["name"])
        request = about["request"]
        return NamedLayout(
            name,
            LayoutRequest(**{**request, "texts": tuple(request["texts"])}),
            about["model"],
            about["images"],
            about["texts"],
            about["made"],
            file,
        )
    except DAMAGE:
        return None


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


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def _text(values: np.ndarray) -> str:
    return values.tobytes().decode()


def _column(ids: Sequence[str]) -> np.ndarray:
    """Return ids, which are ASCII, one byte a letter."""
    return np.array([key.encode("ascii") for key in ids], "S")
