"""Where a key stands in a column, found without a Python object for each of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

_SLICE = 65_536


class KeyIndex:
    """The rows of each key of a column of strings: 16 bytes a row beside the column itself."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column.combine_chunks()
        hashes = np.fromiter(_hashes(self._column), np.int64, len(self._column))
        self._rows = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, key: str) -> list[int]:
        """Return the rows that hold `key`, ascending."""
        wanted = hash(key)
        begin = int(np.searchsorted(self._hashes, wanted))
        rows = []
        while begin < len(self._hashes) and self._hashes[begin] == wanted:
            row = int(self._rows[begin])
            if self._column[row].as_py() == key:  # hashes may be equal by chance
                rows.append(row)
            begin += 1
        return rows

    def __contains__(self, key: str) -> bool:
        return bool(self.find(key))


def _hashes(column: pa.Array) -> Iterator[int]:
    key_of: Callable[[str], int] = hash
    for begin in range(0, len(column), _SLICE):
        yield from map(key_of, column.slice(begin, _SLICE).to_pylist())
