"""Files and frames that gave no image before: what need not be tried again, and why they did not.

What follows from a file's bytes stays true until the file changes, or what reads it. What may pass
by itself, such as a file that a network did not give or that memory did not hold, is never known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlm_explorer.collection.records import Problem, schema
from vlm_explorer.collection.store import Collection
from vlm_explorer.files.scan import FoundFile
from vlm_explorer.pipeline.key_index import KeyIndex

if TYPE_CHECKING:
    import pyarrow as pa

# What is said of a file of these kinds counts as a loss, not as a file of another kind.
LOSSES = ("unreadable", "unsupported")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file (`frame` None) or one frame of it that gave no image, and why.

    Attributes:
        stands: whether trying again would end in the same way.
    """

    frame: int | None
    kind: str
    reason: str
    stands: bool


class Refusals:
    """What a collection knows of files that gave no image.

    Args:
        decoders: by what files are read now (`decoder_versions`).
        retry: the user wants everything to be tried again.
    """

    def __init__(self, collection: Collection, decoders: str, *, retry: bool = False) -> None:
        table = collection.table("problems").read(schema(Problem))
        self._decoders, self._retry = decoders, retry
        self._table = _tried(table).combine_chunks()
        self._by_file = KeyIndex(self._table["file"])

    def _rows(self, file: str) -> list[Problem]:
        found = (self._table.slice(row, 1) for row in self._by_file.find(file))
        return [Problem(**row) for each in found for row in each.to_pylist()]

    def whole(self, found: FoundFile) -> Refusal | None:
        """Return why `found` gives no image, where that is known and stands."""
        rows = [row for row in self._rows(str(found.path)) if row.frame is None]
        if not rows or (rows[0].size, rows[0].mtime_ns) != (found.size, found.mtime_ns):
            return None
        refusal = self._refusal(rows[0])
        return refusal if refusal.stands else None

    def frames(self, file: str) -> Sequence[Refusal]:
        """Return the frames that gave no image, of a file that gave others."""
        return [self._refusal(row) for row in self._rows(file) if row.frame is not None]

    def _refusal(self, row: Problem) -> Refusal:
        stands = not self._retry and row.tried_with == self._decoders
        return Refusal(row.frame, row.kind, row.reason, stands)


def _tried(table: pa.Table) -> pa.Table:
    """Return the rows of frames, and of files that a decoder looked at."""
    import pyarrow.compute as pc

    return table.filter(pc.or_(pc.is_valid(table["frame"]), pc.is_valid(table["tried_with"])))
