"""What an indexing run has to do: what is on disk, against what the collection already knows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import ImageRecord, ImageVector, schema
from vlm_explorer.collection.store import Collection
from vlm_explorer.files.scan import FileKind, FoundFile, scan
from vlm_explorer.files.tables import CaptionRow, CaptionTable, read_captions
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import recipe_for


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that the collection has images of."""

    size: int
    mtime_ns: int
    source: str
    content_hash: str
    modality: str
    image_ids: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """What the collection knows already, before a run."""

    recipe: str
    files: dict[str, KnownFile] = field(default_factory=dict)
    # image id and recipe of each vector of this encoder
    vectors: set[tuple[str, str]] = field(default_factory=set)

    def is_unchanged(self, found: FoundFile) -> bool:
        """Whether `found` has its images and their vectors here already."""
        known = self.files.get(str(found.path))
        if known is None or (known.size, known.mtime_ns) != (found.size, found.mtime_ns):
            return False
        recipe = recipe_for(self.recipe, known.modality)
        return self.vectors.issuperset((key, recipe) for key in known.image_ids)


@dataclass(frozen=True, slots=True)
class Captions:
    """What the captions tables say, by absolute file path."""

    tables: tuple[CaptionTable, ...] = ()
    rows: dict[str, list[CaptionRow]] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Sequence[CaptionTable]) -> Captions:
        """Return what several tables say together."""
        captions = cls(tuple(tables))
        for table in tables:
            for row in table.rows:
                captions.rows.setdefault(os.fspath(row.file), []).append(row)
        return captions

    @property
    def warnings(self) -> list[str]:
        """What is wrong in the tables."""
        return [warning for table in self.tables for warning in table.warnings]


def find_files(
    paths: Sequence[Path], captions: Path | None, context: JobContext
) -> list[FoundFile]:
    """Return every file below `paths`, in the order of the scan."""
    return list(scan(paths, captions=captions, context=context))


def read_caption_tables(found: Sequence[FoundFile], named: Path | None = None) -> Captions:
    """Read the captions tables among the files that were found, and the one that was named.

    Raises:
        UsageError: the one that was named cannot be read.
    """
    files = [file.path for file in found if file.kind is FileKind.CAPTIONS]
    if named is not None and named not in files:
        files.append(named)
    return Captions.of([read_captions(file) for file in files])


def what_is_known(collection: Collection, entry: EncoderEntry) -> Known:
    """Return what `collection` holds, and the images that `entry` has encoded, by any recipe."""
    columns = ["image_id", "file", "size", "mtime_ns", "source", "content_hash", "modality"]
    rows = collection.table("images").read(schema(ImageRecord), columns).to_pylist()
    grouped: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        grouped.setdefault(row["file"], []).append(row)
    files = {file: _known_file(images) for file, images in grouped.items()}
    vectors = collection.table(f"vectors/{entry.key}.images").read(
        schema(ImageVector, entry.dimension), ["image_id", "recipe"]
    )
    pairs = zip(vectors["image_id"].to_pylist(), vectors["recipe"].to_pylist(), strict=True)
    return Known(entry.recipe, files, set(pairs))


def _known_file(images: list[dict[str, object]]) -> KnownFile:
    first = images[0]
    return KnownFile(
        size=int(str(first["size"])),
        mtime_ns=int(str(first["mtime_ns"])),
        source=str(first["source"]),
        content_hash=str(first["content_hash"]),
        modality=str(first["modality"]),
        image_ids=tuple(str(image["image_id"]) for image in images),
    )
