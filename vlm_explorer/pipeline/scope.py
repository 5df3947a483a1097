"""Which part of a collection a run speaks of: what lies below its paths, and could be looked at."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.files.scan import CLOSED_FOLDER, FoundFile

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Scope:
    """The paths of a run, and what is below them that could not be looked at.

    Attributes:
        roots: absolute paths of the run.
        spared: folders of which nothing is known now; their images stay as they are.
        met: how many files were met below each root.
    """

    roots: tuple[str, ...]
    spared: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Scope:
        """Return the scope of a run over absolute `paths`."""
        return cls(tuple(dict.fromkeys(map(str, paths))))

    def note(self, found: FoundFile) -> None:
        """Note a file that was met."""
        self.met[str(found.root)] += 1
        if found.reason == CLOSED_FOLDER:
            self.spared.append(str(found.path))

    @property
    def empty_roots(self) -> list[str]:
        """Folders of the run below which there is nothing at all, or that cannot be opened."""
        return [root for root in self.roots if not self.met[root] or root in self.spared]

    def spare(self, folder: str) -> None:
        """Leave the images below `folder` as they are."""
        self.spared.append(folder)

    def covers(self, files: pa.ChunkedArray) -> np.ndarray:
        """Return bool (N,): of which of the absolute paths `files` this run knows how it is."""
        inside: np.ndarray = lies_below(files, self.roots) & ~lies_below(files, self.spared)
        return inside

    def source_of(self, file: str) -> str:
        """Return the root that a file lies below, "" where there is none."""
        return next((root for root in self.roots if (file + os.sep).startswith(_folder(root))), "")


def _folder(path: str) -> str:
    return path.rstrip(os.sep) + os.sep


def lies_below(files: pa.ChunkedArray, folders: Sequence[str]) -> np.ndarray:
    """Return bool (N,): which of the paths `files` are one of `folders`, or lie below one."""
    import pyarrow.compute as pc

    inside = np.zeros(len(files), bool)
    for folder in folders:
        inside |= pc.starts_with(files, _folder(folder)).to_numpy()
        inside |= pc.equal(files, folder).to_numpy()
    return inside
