"""The files of images: as a list of paths, or as copies under names that name nobody."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlm_explorer.collection.store import Collection
from vlm_explorer.export.cells import quoted
from vlm_explorer.export.columns import Exported
from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.jobs import JobContext

MANIFEST = "manifest.csv"
# Endings that may stay: whatever else follows the last dot may be part of a name.
_KNOWN = frozenset(
    {".dcm", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".jp2"}
)
_BLOCK = 1 << 20
_NAME = 20  # digits of the content's hash, as in image ids


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of the files.

    Attributes:
        files: how many were copied.
        missing: how many could not be read.
        changed: how many are not what was indexed any more.
    """

    files: int
    missing: int
    changed: int


def write_list(collection: Collection, exported: Exported, path: Path) -> int:
    """Write the path of each file once, one a line; return how many there are.

    Nothing is quoted: programs that take such lists would take the quotes for part of the name.
    """
    files = collection.images["file"].take(exported.rows).to_pylist()
    once = list(dict.fromkeys(files))
    path.write_text("".join(f"{file}\n" for file in once), encoding="utf-8")
    return len(once)


def copy_files(
    collection: Collection,
    exported: Exported,
    folder: Path,
    context: JobContext,
) -> Copied:
    """Copy each file once into an empty folder, with a manifest.

    A copy is named by its content's hash, which no other file has, and never by the patient. Each
    is hashed while it is copied, so that one that changed since it was indexed is reported. The
    manifest has a row an image: `copy`, `state` (copied, missing or changed), the table's columns.
    """
    described = collection.described_images.select(["file", "content_hash", "stack"])
    rows = described.take(exported.rows).to_pylist()
    state: dict[str, tuple[str, str]] = {}
    for done, row in enumerate(rows):
        context.report(done, len(rows), "Copying files")
        if row["file"] not in state:
            name = _name(row)
            state[row["file"]] = name, _copy(Path(row["file"]), folder / name, row, context)
    outcome = [state[row["file"]] for row in rows]
    _write_manifest(exported, outcome, folder / MANIFEST)
    states = [found for _, found in state.values()]
    return Copied(
        len(states) - states.count("missing"), states.count("missing"), states.count("changed")
    )


def _name(row: dict[str, Any]) -> str:
    suffix = Path(row["file"]).suffix.lower()
    if row["stack"] != PLAIN_STACK:
        suffix = ".dcm"
    return str(row["content_hash"])[:_NAME] + (suffix if suffix in _KNOWN else "")


def _copy(source: Path, target: Path, row: dict[str, Any], context: JobContext) -> str:
    """Copy a file block by block; return what became of it."""
    try:
        read = source.open("rb")
    except OSError:
        return "missing"
    digest = hashlib.sha256()
    with read, target.open("xb") as written:
        while block := read.read(_BLOCK):
            context.check()
            digest.update(block)
            written.write(block)
    return "copied" if digest.hexdigest() == row["content_hash"] else "changed"


def _write_manifest(exported: Exported, outcome: list[tuple[str, str]], path: Path) -> None:
    table = exported.table
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["copy", "state", *map(quoted, table.column_names)])
        for (name, state), row in zip(outcome, table.to_pylist(), strict=True):
            cells = ("" if value is None else str(value) for value in row.values())
            copied = "" if state == "missing" else name
            writer.writerow([copied, state, *map(quoted, cells)])
