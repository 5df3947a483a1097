"""What a collection, or a table beside it, offers to say what is true of its images. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened

FINDINGS = "0/1"  # as `queries.truth_columns.FINDINGS`, which is imported only off this thread
Stamp = tuple[int, int]  # a file's bytes, and when it was changed, in ns


@dataclass(frozen=True, slots=True)
class Known:
    """What a collection offers: columns that could say what is true, and other encoders.

    Attributes:
        values: of each column what it names; of `FINDINGS` the columns of 0 and 1.
        notes: what was left out of a table.
        told: what became of a table that was remembered; "" where it is as it was.
        stamp: size and time of the table.
    """

    columns: tuple[str, ...]
    models: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    told: str = ""
    stamp: Stamp = (0, 0)


def look(
    content: Opened, table: Path | None, remembered: Stamp | None = None, *, context: JobContext
) -> tuple[Path | None, Known]:
    """Return what could say what is true of a collection's images (any thread).

    Args:
        remembered: the stamp of a table that was chosen another day; where that cannot be read any
            more, the collection's own columns count, and it is told.

    Raises:
        UsageError: the table cannot be read, or names none of the images.
    """
    from vlm_explorer.errors import UsageError
    from vlm_explorer.queries.truth_columns import finding_columns, parts, truth_columns
    from vlm_explorer.queries.truth_source import truth_source

    context.check()
    told, stamp = "", _stamp(table)
    try:
        source = truth_source(content.collection, table or "")
    except UsageError as error:
        if table is None or remembered is None:
            raise
        why = error.text.rstrip(".") if stamp[1] else f"The table {table.name} is gone"
        told = f"{why}: the collection's own columns say what is true."
        table, source = None, truth_source(content.collection)
    else:
        if table is not None and remembered not in (None, (0, 0), stamp):
            told = f"The table {table.name} has changed since it was read last."
    columns = truth_columns(source)
    values = {}
    for name in columns:
        context.check()
        if name == FINDINGS:
            values[name] = finding_columns(source)
        else:
            there = {part for cell in source.distinct(name) for part in parts(cell)}
            values[name] = tuple(sorted(there))
    models = tuple(content.collection.models())
    notes = (*source.warnings, *([told] if told else []))
    return table, Known(columns, models, values, notes, told, stamp)


def _stamp(table: Path | None) -> Stamp:
    """Return what tells a file from what it was; zeros where there is none."""
    try:
        found = table.stat() if table is not None else None
    except OSError:
        return 0, 0
    return (0, 0) if found is None else (found.st_size, found.st_mtime_ns)
