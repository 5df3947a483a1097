"""What the captions tables of a run say, by file."""

from __future__ import annotations

import os
from collections.abc import Iterable

from vlm_explorer.files.tables import CaptionRow, CaptionTable

_Rows = dict[str, list[CaptionRow]]


class Captions:
    """What the captions tables say, by absolute file path; tables may be added any time.

    Attributes:
        warnings: what is wrong in the tables.
    """

    def __init__(
        self, tables: Iterable[CaptionTable] = (), named: CaptionTable | None = None
    ) -> None:
        """Take the tables that lie beside the images, and one that was named and comes last."""
        self._found: _Rows = {}
        self._named: _Rows = {}
        self.warnings: list[str] = []
        for table in tables:
            self.add(table)
        if named is not None:
            self._take(named, self._named)

    def add(self, table: CaptionTable) -> None:
        """Take what one more table says that lies beside the images."""
        self._take(table, self._found)

    def _take(self, table: CaptionTable, rows: _Rows) -> None:
        for row in table.rows:
            rows.setdefault(os.fspath(row.file), []).append(row)
        self.warnings += table.warnings

    def rows(self, file: str) -> list[CaptionRow]:
        """Return what the tables say of a file, in their order."""
        return [*self._found.get(file, ()), *self._named.get(file, ())]

    @property
    def files(self) -> set[str]:
        """The files that the tables speak of."""
        return self._found.keys() | self._named.keys()
