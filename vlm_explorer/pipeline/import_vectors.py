"""Vectors that were computed elsewhere, into a collection: matched, checked, with their origin."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlm_explorer.collection.manifest import EncoderEntry, Manifest
from vlm_explorer.collection.records import ImageVector, TextVector, text_key
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.vector_files import Named, VectorFile, read_vectors

RECIPE = "imported"  # nobody knows how these images were rendered
IMPORTED = "imported"  # the key in `EncoderEntry.provenance`
SCALE = 100.0  # CLIP's own largest (Radford et al. 2021, section 2.5), where the file has none
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        model: the id under which the vectors are kept.
        images: images of the collection that have a vector of it now, of this file or one before.
        missing: images that have none.
        texts: texts whose vectors were taken; they can be searched for without the text tower.
        captions: how many of these are captions of the collection.
        unmatched: rows of the file that belong to no image here: what they name.
        warnings: in words.
    """

    collection: str
    model: str
    dimension: int
    rows: int
    images: int
    missing: int
    texts: int
    captions: int
    unmatched: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        from dataclasses import asdict

        return asdict(self)


def import_vectors(
    folder: Path, file: Path, model: str, *, context: JobContext | None = None
) -> ImportReport:
    """Take the vectors of a file into a collection under an encoder's id.

    Images are matched by `image_id`, or by file: an absolute path, or one relative to a source of
    the collection or to the file of vectors. See `vector_files` for what the file may hold.

    Args:
        model: an id of the registry or a new one. Where the collection holds vectors of that id
            that were made here, the imported ones get an id of their own.

    Raises:
        UsageError: the file is not as it must be, fits no image, or its vectors have another
            length than those imported under that id before.
        CollectionProblem, StorageProblem: as they say.
    """
    context = context or JobContext()
    context.report(0, None, "Reading the vectors")
    found = read_vectors(file)
    Collection(folder)  # it must be one: a writer would make it
    with CollectionWriter(folder) as writer:
        collection = writer.reader()
        id_, warnings = _free_id(collection.manifest, model)
        entry = _entry(collection.manifest, id_, model, found, file)
        matched = _match(collection, found.names, file.parent)
        unmatched = tuple(
            str(name)
            for row, name in enumerate(found.names)
            if row not in matched and not name.text
        )
        texts = {name.text: row for row, name in enumerate(found.names) if name.text}
        if not matched and not texts:
            raise _fits_nothing(collection, found, file)
        images = {image: row for row, image in matched.items()}
        _store(writer, entry, found, images, texts, context)
        writer.add_encoder(entry)
        after = writer.reader()
        missing = after.missing_vectors(entry.key)
    captions = set(after.texts["text"].to_pylist())
    return ImportReport(
        collection=str(folder),
        model=id_,
        dimension=entry.dimension,
        rows=len(found.names),
        images=after.images.num_rows - missing,
        missing=missing,
        texts=len(texts),
        captions=len(captions & texts.keys()),
        unmatched=unmatched,
        warnings=(*warnings, *_warnings(found, matched, images, unmatched, missing)),
    )


def _fits_nothing(collection: Collection, found: VectorFile, file: Path) -> UsageError:
    return UsageError(
        f"None of the {len(found.names)} rows of {file} belongs to an image of "
        f"“{collection.name}”; the first names {found.names[0]}.",
        "Files are matched by their paths: absolute, or relative to a source of the collection "
        "(see `vlm-explorer info`).",
    )


def _free_id(manifest: Manifest, model: str) -> tuple[str, list[str]]:
    """Return the id for imported vectors: never that of vectors which were made here."""
    if not model.strip():
        raise UsageError("The encoder's id is empty.", "Give --model an id.")
    made_here = {entry.model for entry in manifest.encoders if IMPORTED not in entry.provenance}
    if model not in made_here:
        return model, []
    own = f"{model}-imported"
    return own, [
        f"The collection holds vectors of “{model}” that were made here; the imported ones are "
        f"kept beside them as “{own}”."
    ]


def _entry(
    manifest: Manifest, id_: str, encoder: str, found: VectorFile, file: Path
) -> EncoderEntry:
    import hashlib

    dimension = found.vectors.shape[1]
    for before in manifest.encoders:
        if before.model == id_ and before.dimension != dimension:
            raise UsageError(
                f"The vectors in {file} have {dimension} numbers, those of “{id_}” that were "
                f"imported before have {before.dimension}.",
                "Choose another id with --model.",
            )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return EncoderEntry(
        key=_key(manifest, id_),
        model=id_,
        fingerprint="",
        recipe=RECIPE,
        dimension=dimension,
        logit_scale=SCALE if found.logit_scale is None else found.logit_scale,
        logit_bias=found.logit_bias,
        provenance={
            IMPORTED: {
                "encoder": encoder,
                "file": str(file.absolute()),
                "sha256": digest,
                "date": now,
                "rows": len(found.names),
                "scaled": found.scaled,
                "logit_scale_given": found.logit_scale is not None,
            }
        },
    )


def _key(manifest: Manifest, id_: str) -> str:
    """Return the name of the tables for an id: that of before, else one that no other id has."""
    import hashlib

    for before in manifest.encoders:
        if before.model == id_ and IMPORTED in before.provenance:
            return before.key
    key = f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', id_).strip('.')}-imported"
    taken = {entry.key.casefold() for entry in manifest.encoders}  # of some disks: without case
    if key.casefold() not in taken:
        return key
    return f"{key}-{hashlib.sha256(id_.encode()).hexdigest()[:8]}"


def _match(collection: Collection, names: tuple[Named, ...], beside: Path) -> dict[int, str]:
    """Return the image that each row belongs to; rows that belong to none are left out."""
    images = collection.images.select(["image_id", "file", "frame"])
    ids = set(images["image_id"].to_pylist())
    columns = (images[name].to_pylist() for name in ("file", "frame", "image_id"))
    by_file = {(file, frame): key for file, frame, key in zip(*columns, strict=True)}
    folders = [*map(_folder_of, collection.manifest.sources), str(beside.absolute())]
    matched = {}
    for row, name in enumerate(names):
        if name.image_id in ids:
            matched[row] = name.image_id
        elif name.file:
            places = {by_file.get((path, name.frame)) for path in _paths(name.file, folders)}
            if len(found := places - {None}) == 1:
                matched[row] = str(found.pop())
    return matched


def _folder_of(source: str) -> str:
    return source if Path(source).is_dir() else str(Path(source).parent)


def _paths(file: str, folders: list[str]) -> set[str]:
    """Return the absolute paths that a name may stand for; Windows separators are read."""
    names = {file, file.replace("\\", "/")}
    absolute = {name for name in names if os.path.isabs(name)}  # noqa: PTH117
    if absolute:
        return absolute
    return {os.path.normpath(f"{folder}{os.sep}{name}") for folder in folders for name in names}


def _store(
    writer: CollectionWriter,
    entry: EncoderEntry,
    found: VectorFile,
    images: dict[str, int],
    texts: dict[str, int],
    context: JobContext,
) -> None:
    image_rows, text_rows = list(images.items()), list(texts.items())
    total = len(image_rows) + len(text_rows)
    for begin in range(0, len(image_rows), _BATCH):
        context.report(begin, total, f"Storing vectors: {begin} of {total}")
        part = image_rows[begin : begin + _BATCH]
        writer.add_image_vectors(
            entry, [ImageVector(key, entry.recipe, found.vectors[row]) for key, row in part]
        )
    for begin in range(0, len(text_rows), _BATCH):
        done = len(image_rows) + begin
        context.report(done, total, f"Storing vectors: {done} of {total}")
        part = text_rows[begin : begin + _BATCH]
        writer.add_text_vectors(
            entry, [TextVector(text_key(text), found.vectors[row]) for text, row in part]
        )


def _warnings(
    found: VectorFile,
    matched: dict[int, str],
    images: dict[str, int],
    unmatched: tuple[str, ...],
    missing: int,
) -> list[str]:
    warnings = []
    if found.scaled:
        low, high = found.lengths
        warnings.append(
            f"{found.scaled} of {len(found.names)} vectors were not of unit length (the lengths "
            f"are {low:.4g} to {high:.4g}); they were scaled to it."
        )
    if unmatched:
        warnings.append(f"{len(unmatched)} rows belong to no image of the collection.")
    if again := len(matched) - len(images):
        warnings.append(f"{again} rows name an image that another row names; the last one counts.")
    if missing:
        warnings.append(f"{missing} images of the collection have no vector of this encoder.")
    if found.logit_scale is None:
        warnings.append(
            f"The file gives no logit_scale; probabilities are computed with {SCALE:g}. Cosines "
            "and rankings do not depend on it."
        )
    return warnings
