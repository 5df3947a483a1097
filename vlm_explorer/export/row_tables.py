"""Rows of plain values to a table in a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vlm_explorer.errors import StorageProblem
from vlm_explorer.export.cells import quoted


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write UTF-8 with a header; text that a spreadsheet would run is quoted, see `cells`.

    Args:
        columns: what every row has; they are written even where there are no rows.

    Raises:
        StorageProblem: the file cannot be written.
    """
    try:
        with path.expanduser().open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(columns)
            for row in rows:
                table.writerow(_cell(row[name]) for name in columns)
    except OSError as error:
        raise StorageProblem(
            f"{path} cannot be written: {error.strerror}.", "Choose another place for it."
        ) from error


def _cell(value: Any) -> Any:
    return quoted(value) if isinstance(value, str) else value
