"""Rows of plain values to a table in a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vlm_explorer.export.cells import quoted
from vlm_explorer.export.places import in_words


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write UTF-8 with a header; text that a spreadsheet would run is quoted, see `cells`.

    Args:
        columns: what every row has; they are written even where there are no rows.

    Raises:
        StorageProblem: the file cannot be written.
    """
    with _writing(path), path.expanduser().open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for row in rows:
            table.writerow(_cell(row[name]) for name in columns)


def write_typed_rows(
    path: Path, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write Parquet; a value of None is an unknown one.

    Args:
        columns: what every row has, with Arrow's name of its type, such as "float32".

    Raises:
        StorageProblem: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(list(rows), schema=pa.schema(list(columns.items())))
    with _writing(path), path.expanduser().open("wb") as file:
        pq.write_table(table, file)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise in_words(error, path) from error


def _cell(value: Any) -> Any:
    return quoted(value) if isinstance(value, str) else value
