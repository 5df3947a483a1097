"""Walks folders, each once, and says of every entry what the system takes it for."""

# Paths are texts here: a Path for each of a million files costs more than reading their names.
# ruff: noqa: PTH110, PTH112, PTH113, PTH114, PTH118

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from vlm_explorer.files.natural_order import natural_key
from vlm_explorer.files.tables import CAPTIONS_NAME

COLLECTION = ("collection.json", ".writer.lock", "images.lance")  # by which one is known


class Entry(Enum):
    """What an entry of a folder is to the system."""

    FILE = auto()
    SPECIAL = auto()  # a pipe, socket or device
    MISSING = auto()  # a link that leads nowhere
    GONE = auto()  # there when its folder was listed
    CLOSED = auto()  # a folder that cannot be listed
    COLLECTION = auto()  # a folder that the program itself writes, such as the one of this run


@dataclass(slots=True)
class _Level:
    """A folder that is being walked; `kinds` only of what is no plain file."""

    path: str
    real: str
    names: Iterator[str]
    kinds: dict[str, str] = field(default_factory=dict)


class FolderWalk:
    """Walks one path after the other; what several of them or links lead to is met once.

    What is kept in memory is the names of the folders on the way down, every folder's path, and
    the targets of links: nothing for each file.
    """

    def __init__(self) -> None:
        self._entered: set[str] = set()
        self._linked: set[str] = set()  # what was met by a link, or as a path that was given
        self._at: dict[str, str] = {}  # how far each open folder has come

    def walk(self, top: str) -> Iterator[tuple[str, Entry]]:
        """Yield (path, what it is) below `top`, or of `top` itself, folders in natural order.

        A table of captions comes before its neighbours, so that they can be described at once.

        Args:
            top: absolute.
        """
        levels: list[_Level] = []
        yield from self._meet(top, os.path.realpath(top), levels)
        while levels:
            level = levels[-1]
            name = next(level.names, None)
            if name is None:
                del self._at[level.real]
                levels.pop()
                continue
            self._at[level.real] = _place(name)
            path, kind = os.path.join(level.path, name), level.kinds.get(name, "")
            if kind in ("folder", "link"):
                yield from self._meet(path, os.path.realpath(path), levels)
            elif not self._linked or os.path.join(level.real, name) not in self._linked:
                yield path, Entry.SPECIAL if kind else Entry.FILE

    def _meet(self, path: str, real: str, levels: list[_Level]) -> Iterator[tuple[str, Entry]]:
        """Open a folder, or yield what is no folder, unless it was met before."""
        if real in self._entered or real in self._linked:
            return
        if os.path.isdir(real):
            try:
                level = self._open(path, real)
                if level is None:
                    yield path, Entry.COLLECTION
                else:
                    levels.append(level)
            except OSError:
                self._linked.add(real)
                yield path, Entry.CLOSED
        elif not self._was_met(real):
            self._linked.add(real)
            if os.path.exists(real):
                yield path, Entry.FILE if os.path.isfile(real) else Entry.SPECIAL
            else:
                yield path, Entry.MISSING if os.path.islink(path) else Entry.GONE

    def _open(self, path: str, real: str) -> _Level | None:
        """Return a folder to be walked, None for a collection.

        Raises:
            OSError: it cannot be listed.
        """
        names, kinds = [], {}
        with os.scandir(path) as entries:
            for entry in entries:
                names.append(entry.name)
                if entry.is_symlink():
                    kinds[entry.name] = "link"
                elif entry.is_dir(follow_symlinks=False):
                    kinds[entry.name] = "folder"
                elif not entry.is_file(follow_symlinks=False):
                    kinds[entry.name] = "special"
        self._entered.add(real)
        if holds_collection(names):
            return None
        names.sort(key=_place)
        self._at[real] = ""
        return _Level(path, real, iter(names), kinds)

    def _was_met(self, real: str) -> bool:
        """Whether a file was met as an entry of its own folder."""
        folder, name = os.path.split(real)
        if folder not in self._entered:
            return False
        return folder not in self._at or _place(name) < self._at[folder]


def holds_collection(names: Container[str]) -> bool:
    """Whether a folder with these entries is a collection, whole or being made."""
    manifest, *parts = COLLECTION
    return manifest in names and any(part in names for part in parts)


def _place(name: str) -> str:
    """Return where a name comes among its neighbours.

    One text, not the pairs that it is made of: they take four times as long to sort a million of.
    No name holds the character that parts them, and none comes before it.
    """
    order, itself = natural_key(name)
    return f"{int(name.lower() != CAPTIONS_NAME)}{order}\0{itself}"
