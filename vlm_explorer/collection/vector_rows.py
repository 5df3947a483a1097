"""The stored vectors of an encoder in the order of what they belong to, in float16 throughout.

A million vectors of 512 numbers are 1 GB. They are read part by part, each straight to its place;
keys are matched by Arrow, so that nothing is made in Python for each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.tables import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from vlm_explorer.collection.tables import LanceTable

_PART = 8192  # rows read at a time: 8 MiB where there are 512 numbers in each


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class VectorRows:
    """Vectors in the order of what they belong to, which may be without one here and there.

    Attributes:
        halves: float16 (P, D), as they are stored: unit rows but for their rounding.
        rows: intp (P,), ascending, what each belongs to.
        wanted: N, how many ought to have one.
    """

    halves: NDArray[np.float16]
    rows: NDArray[np.intp]
    wanted: int

    @property
    def missing(self) -> int:
        """How many have no vector."""
        return self.wanted - len(self.rows)

    def among(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Return which of some rows have a vector, and the vectors of those.

        Args:
            rows: (n,).

        Returns:
            bool (n,), and float32 (m, D), in the order of `rows`.
        """
        held = np.isin(rows, self.rows)
        return held, self.halves[np.searchsorted(self.rows, rows[held])].astype(np.float32)

    def spread(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a value for each that ought to have a vector, NaN where there is none.

        Args:
            values: float32 (P,) or (P, K), one, or K, a vector.
        """
        if not self.missing:
            return values
        spread = np.full((self.wanted, *values.shape[1:]), np.nan, np.float32)
        spread[self.rows] = values
        return spread


def key_of(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return one column of text that holds several."""
    import pyarrow.compute as pc

    return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\n")


def places_of(
    table: LanceTable, names: Sequence[str], wanted: pa.ChunkedArray
) -> tuple[Any, NDArray[np.intp]]:
    """Return a table as it is now, and in which of its rows each wanted key lies; -1 in none.

    Args:
        table: of vectors.
        names: the columns that make up its key.
        wanted: keys, as `key_of` makes them. Of equal keys in the table the last one counts.

    Raises:
        CollectionDamaged: the table cannot be read.
    """
    import lance
    import pyarrow.compute as pc

    if not table.exists:
        return None, np.full(len(wanted), -1, np.intp)
    with reading(table.path.parent):
        snapshot = lance.dataset(str(table.path))
        stored = snapshot.to_table(columns=list(names))
    count = stored.num_rows
    keys = key_of([stored[name] for name in names]).combine_chunks()
    backwards = keys.take(np.arange(count - 1, -1, -1))
    found = pc.index_in(wanted, value_set=backwards).fill_null(count)
    return snapshot, count - 1 - found.to_numpy().astype(np.intp)


def read_rows(
    table: LanceTable, names: Sequence[str], wanted: pa.ChunkedArray, dimension: int
) -> VectorRows:
    """Read the vectors of the wanted keys, in their order; see `places_of`.

    Raises:
        CollectionDamaged: the table cannot be read.
    """
    snapshot, places = places_of(table, names, wanted)
    rows = np.flatnonzero(places >= 0)
    halves = np.empty((len(rows), dimension), np.float16)
    if len(rows):
        with reading(table.path.parent):
            _fill(halves, snapshot, places[rows])
    return VectorRows(halves, rows, len(wanted))


def _fill(halves: NDArray[np.float16], snapshot: Any, places: NDArray[np.intp]) -> None:
    """Put the stored vector at `places[row]` into each row, going through the table once."""
    order = np.argsort(places, kind="stable")
    in_order = places[order]
    begin = 0
    for part in snapshot.to_batches(columns=["vector"], batch_size=_PART, batch_readahead=2):
        stored = part["vector"].flatten().to_numpy().reshape(part.num_rows, halves.shape[1])
        first, last = np.searchsorted(in_order, (begin, begin + part.num_rows))
        halves[order[first:last]] = stored[in_order[first:last] - begin]
        begin += part.num_rows
