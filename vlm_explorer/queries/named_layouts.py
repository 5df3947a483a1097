"""Layouts that the user named: kept with the collection, and opened as they were.

A named layout is whole in itself, however the collection has grown since.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.tables import writing
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.archives import DAMAGE, bytes_of, read_members, text_of, write_members
from vlm_explorer.queries.kept_layouts import layouts_folder, read_layout, request_of, write_layout
from vlm_explorer.queries.layout_request import LayoutAnswer, LayoutRequest

LONGEST_NAME = 80  # characters


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


class NamedLayouts:
    """The named layouts of a collection; iterating gives them, the oldest first."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._folder = layouts_folder(collection) / "named"

    def __iter__(self) -> Iterator[NamedLayout]:
        """Damaged ones are left out."""
        found = [named for file in self._folder.glob("[!.]*.npz") if (named := _about(file))]
        return iter(sorted(found, key=lambda named: (named.made, named.name)))

    def find(self, name: str) -> NamedLayout | None:
        """Return the layout of that name, if there is one."""
        wanted = name.strip().casefold()
        return next((named for named in self if named.name.casefold() == wanted), None)

    def open(self, name: str) -> LayoutAnswer:
        """Return a named layout as it was kept.

        Raises:
            UsageError: there is none of that name, or its file is damaged.
        """
        named = self._need(name)
        answer = read_layout(named.file)
        if answer is None:
            raise UsageError(
                f"The layout “{named.name}” is damaged.", "Remove it and lay out again."
            )
        return answer

    def keep(self, answer: LayoutAnswer, name: str) -> NamedLayout:
        """Keep a layout under a name.

        Raises:
            UsageError: the name is empty, too long or taken.
            StorageProblem: it cannot be written.
        """
        name = self._free(name)
        file = self._folder / f"{uuid.uuid4().hex}.npz"
        write_layout(file, answer, name)
        return self._need(name)

    def rename(self, old: str, new: str) -> NamedLayout:
        """Give a named layout another name.

        Raises:
            UsageError: there is none of the old name, or the new one is empty, too long or taken.
            StorageProblem: it cannot be written.
        """
        named = self._need(old)
        new = self._free(new, but=named)
        write_members(named.file, {**read_members(named.file), "name": bytes_of(new)})
        return replace(named, name=new)

    def remove(self, name: str) -> None:
        """Remove a named layout.

        Raises:
            UsageError: there is none of that name.
            StorageProblem: it cannot be removed.
        """
        named = self._need(name)
        with writing(named.file.parent):
            named.file.unlink(missing_ok=True)

    def _need(self, name: str) -> NamedLayout:
        named = self.find(name)
        if named is None:
            known = ", ".join(f"“{each.name}”" for each in self)
            raise UsageError(
                f"“{self._collection.name}” keeps no layout named “{name}”.",
                f"It keeps: {known}." if known else "It keeps none yet.",
            )
        return named

    def _free(self, name: str, but: NamedLayout | None = None) -> str:
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(f"A layout's name has 1 to {LONGEST_NAME} letters.")
        taken = self.find(name)
        if taken is not None and (but is None or taken.file != but.file):
            raise UsageError(
                f"There is a layout named “{taken.name}” already.",
                "Choose another name, or remove it.",
            )
        return name


def _about(file: Path) -> NamedLayout | None:
    """Return what a named layout is, without reading its places."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            about, name = json.loads(text_of(kept["about"])), text_of(kept["name"])
        return NamedLayout(
            name,
            request_of(about),
            about["model"],
            about["images"],
            about["texts"],
            about["made"],
            file,
        )
    except DAMAGE:
        return None
