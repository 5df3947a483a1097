"""One Lance table in a collection: read, append, replace. Every storage error in words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.errors import CollectionDamaged, StorageProblem

if TYPE_CHECKING:
    import pyarrow as pa

_PART = 8192  # rows read at a time where not all are wanted at once
_KEYS = 2000  # keys in one condition
_MERGED = 4096  # rows of the files that compaction makes: thumbnails of 40 MB or so
_FULL = ("no space left", "os error 28", "disk quota", "enospc")
_FORBIDDEN = ("permission denied", "os error 13", "read-only file system", "os error 30")


def storage_problem(error: Exception, folder: Path) -> StorageProblem | None:
    """Return the user's words for a failure to write, or None where it is something else.

    Lance reports the system's errors as text, so both the number and the words are looked at.
    """
    words = str(error).lower()
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or any(part in words for part in _FULL):
        return StorageProblem(
            f"There is no room left on the disk that holds {folder}.",
            "Free some space and run the same command again; it goes on where it stopped.",
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or any(p in words for p in _FORBIDDEN):
        return StorageProblem(
            f"{folder} cannot be written to.",
            "Choose another place for the collection (--to), or ask for write permission.",
        )
    return None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the system's and Lance's errors while writing below `folder` into ours.

    Raises:
        StorageProblem: no permission, or no room.
        CollectionDamaged: Lance cannot read what is there.
    """
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        if (problem := storage_problem(error, folder)) is not None:
            raise problem from error
        raise _damaged(folder, error) from error


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn Lance's errors while reading below `folder` into ours.

    Raises:
        CollectionDamaged: Lance cannot read what is there.
    """
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> CollectionDamaged:
    return CollectionDamaged(
        f"The collection {folder} is damaged: {str(error).splitlines()[0][:200]}",
        "Index the same folders into a new collection; the scans themselves are untouched.",
    )


def _one_of(key: str, values: list[str]) -> str:
    """Return the SQL condition that `key` is one of `values`."""
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{key} in ({quoted})"


def _filled(found: pa.Table, schema: pa.Schema, wanted: list[str]) -> pa.Table:
    """Return the `wanted` columns in their order, empty where `found` has them not."""
    import pyarrow as pa

    for name in wanted:
        if name not in found.column_names:
            field = schema.field(name)
            found = found.append_column(field, pa.nulls(found.num_rows, field.type))
    return found.select(wanted)


class LanceTable:
    """A table in its own folder `<name>.lance`; absent until something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether anything was ever written; a full disk may leave folders without a version."""
        return any((self.path / "_versions").glob("*.manifest"))

    def read(self, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
        """Return the rows, or an empty table of `schema` where there are none yet.

        Columns of `schema` that an older version of the program did not write are empty.

        Raises:
            CollectionDamaged: the table cannot be read.
        """
        import lance

        wanted = columns or schema.names
        if not self.exists:
            return schema.empty_table().select(wanted)
        with reading(self.path.parent):
            dataset = lance.dataset(str(self.path))
            known = set(dataset.schema.names)
            found = dataset.to_table(columns=[name for name in wanted if name in known])
        return _filled(found, schema, wanted)

    def batches(self, schema: pa.Schema, columns: list[str]) -> Iterator[pa.Table]:
        """Yield the rows in parts of at most a few thousand, as `read` returns them together.

        Raises:
            CollectionDamaged: the table cannot be read.
        """
        import lance
        import pyarrow as pa

        if not self.exists:
            return
        with reading(self.path.parent):
            dataset = lance.dataset(str(self.path))
            known = set(dataset.schema.names)
            there = [name for name in columns if name in known]
            for batch in dataset.to_batches(columns=there, batch_size=_PART, batch_readahead=1):
                yield _filled(pa.Table.from_batches([batch]), schema, columns)

    def select(
        self, schema: pa.Schema, columns: list[str], key: str, values: list[str]
    ) -> pa.Table:
        """Return `columns` of the rows whose `key` is one of `values`, in no fixed order."""
        import lance
        import pyarrow as pa

        if not self.exists or not values:
            return schema.empty_table().select(columns)
        with reading(self.path.parent):
            dataset = lance.dataset(str(self.path))
            parts = [
                dataset.to_table(
                    columns=columns, filter=_one_of(key, values[begin : begin + _KEYS])
                )
                for begin in range(0, len(values), _KEYS)
            ]
            return pa.concat_tables(parts)

    def widen(self, schema: pa.Schema) -> None:
        """Add the columns of `schema` that an older version of the program did not write."""
        import lance

        if self.exists:
            with writing(self.path.parent):
                dataset = lance.dataset(str(self.path))
                known = set(dataset.schema.names)
                if new := [field for field in schema if field.name not in known]:
                    dataset.add_columns(new)

    def append(self, rows: pa.Table) -> None:
        """Add rows in one atomic commit."""
        import lance

        if rows.num_rows:
            with writing(self.path.parent):
                mode = "append" if self.exists else "create"
                lance.write_dataset(rows, str(self.path), mode=mode)

    def replace(self, rows: pa.Table) -> None:
        """Put `rows` in the place of all that is there, in one atomic commit."""
        import lance

        with writing(self.path.parent):
            mode = "overwrite" if self.exists else "create"
            lance.write_dataset(rows, str(self.path), mode=mode)

    def update(self, rows: pa.Table, key: str) -> None:
        """Put `rows` in the place of those with the same `key`, in one atomic commit."""
        import lance

        if rows.num_rows:
            with writing(self.path.parent):
                merge = lance.dataset(str(self.path)).merge_insert(key)
                merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def set_value(self, column: str, value: str | None, key: str, values: list[str]) -> None:
        """Give `column` a value in the rows whose `key` is one of `values`."""
        import lance

        sql = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
        for begin in range(0, len(values) if self.exists else 0, _KEYS):
            with writing(self.path.parent):
                condition = _one_of(key, values[begin : begin + _KEYS])
                lance.dataset(str(self.path)).update({column: sql}, where=condition)

    def compact(self) -> None:
        """Merge the many small files of an indexing run and drop what no reader needs.

        Files of the size that this makes are left alone, so that it may be called again and again
        while a table grows, and needs no more memory for a larger one.
        """
        import datetime

        import lance

        if self.exists:
            with writing(self.path.parent):
                dataset = lance.dataset(str(self.path))
                dataset.optimize.compact_files(
                    target_rows_per_fragment=_MERGED, batch_size=512, num_threads=1
                )
                dataset.cleanup_old_versions(older_than=datetime.timedelta(minutes=10))
