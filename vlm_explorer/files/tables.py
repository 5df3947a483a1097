"""Captions and labels that lie beside the images as a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from vlm_explorer.errors import UsageError

CAPTIONS_NAME = "captions.csv"
_KNOWN = ("file", "caption", "label", "modality", "patient", "split")
_MOST_WARNINGS = 50
_HINT = "The first line must name the columns, at least `file` and `caption`."


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """One caption of one file.

    Attributes:
        file: absolute path of a file that exists.
        caption: may be empty where only a label is given.
        label: findings joined by `; `; may be empty.
        modality: as written in the table; may be empty.
        patient: as written in the table; may be empty. Never stored or logged unsalted.
        split: as written in the table; may be empty.
        extra: every further column by name.
    """

    file: Path
    caption: str
    label: str = ""
    modality: str = ""
    patient: str = ""
    split: str = ""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaptionTable:
    """A table of captions: its rows, and in words what was wrong with the others."""

    path: Path
    rows: tuple[CaptionRow, ...]
    warnings: tuple[str, ...]


def looks_like_captions(path: Path) -> bool:
    """Return whether `path` is named `captions.csv` and has the columns `file` and `caption`."""
    if path.name.lower() != CAPTIONS_NAME:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(65536)
        header = next(_records(_decode(head)), (0, []))[1]
    except (OSError, csv.Error):
        return False
    return {"file", "caption"} <= {name.strip().lower() for name in header}


def read_captions(path: Path) -> CaptionTable:
    """Read a table of captions: CSV with commas, semicolons or tabs.

    Columns `file` and `caption`, and optionally `label`, `modality`, `patient`, `split`; more are
    kept in `extra`. Files are relative to the table. Several rows for a file are several
    captions. A row without a file that exists is a warning, not a row.

    Raises:
        UsageError: no such table, no permission, no columns `file` and `caption`, broken quotes.
    """
    try:
        text = _decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"The table {path} cannot be read ({error.strerror}).") from error
    records = _records(text)
    rows: list[CaptionRow] = []
    problems: list[str] = []
    try:
        names = _column_names(path, next(records, (0, []))[1])
        for line, values in records:
            row = _row(path, dict(zip(names, values, strict=False)))
            if isinstance(row, str):
                problems.append(f"{path.name}, line {line}: {row}")
            else:
                rows.append(row)
    except csv.Error as error:
        raise UsageError(f"The table {path} is broken ({error}).", _HINT) from error
    return CaptionTable(path, tuple(rows), _shortened(problems))


def read_rows(path: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Return line number and values by column, names in lower case, of any table with a header.

    Raises:
        UsageError: no such table, no permission, a column of `needed` is missing, broken quotes.
    """
    try:
        records = _records(_decode(path.read_bytes()))
        names = [name.strip().lower() for name in next(records, (0, []))[1]]
        rows = [(line, dict(zip(names, values, strict=False))) for line, values in records]
    except OSError as error:
        raise UsageError(f"The table {path} cannot be read ({error.strerror}).") from error
    except csv.Error as error:
        raise UsageError(f"The table {path} is broken ({error}).") from error
    if missing := [name for name in needed if name not in names]:
        columns = " and ".join(f"`{name}`" for name in missing)
        raise UsageError(
            f"The table {path} has no column {columns}.", "The first line must name the columns."
        )
    return rows


def locate(folder: Path, name: str) -> Path | None:
    """Return the absolute path of the file, links kept, or None; Windows separators are read."""
    for candidate in dict.fromkeys((name, name.replace("\\", "/"))):
        path = os.path.abspath(folder / candidate)  # noqa: PTH100  resolve() would follow links
        if os.path.isfile(path):  # noqa: PTH113  a name with a null byte is False here
            return Path(path)
    return None


def _decode(data: bytes) -> str:
    """Decode UTF-8 with or without its mark, UTF-16 with it, or what Excel saves by default."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of every line that is not empty."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    # strict: else a quote that is never closed makes one caption of all lines that follow
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for values in reader:
        if any(value.strip() for value in values):
            yield reader.line_num, values


def _column_names(path: Path, header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    names = [name.lower() if name.lower() in _KNOWN else name for name in names]
    missing = [name for name in ("file", "caption") if name not in names]
    if missing:
        columns = " and ".join(f"`{name}`" for name in missing)
        raise UsageError(f"The table {path} has no column {columns}.", _HINT)
    return names


def _row(table: Path, values: dict[str, str]) -> CaptionRow | str:
    """Return the row, or in words why it is none."""
    name = values.get("file", "").strip()
    if not name:
        return "no file is named."
    file = locate(table.parent, name)
    if file is None:
        return f"there is no file {name}."
    known = {key: values.get(key, "").strip() for key in _KNOWN[1:]}
    extra = {key: text.strip() for key, text in values.items() if key and key not in _KNOWN}
    return CaptionRow(file=file, extra=extra, **known)


def _shortened(problems: list[str]) -> tuple[str, ...]:
    rest = len(problems) - _MOST_WARNINGS
    if rest <= 0:
        return tuple(problems)
    return (*problems[:_MOST_WARNINGS], f"{rest:,} more rows have no file.")
