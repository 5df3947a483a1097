"""The end of a run: rows of files that are gone, described or labelled anew, and the texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import (
    DESCRIBED,
    ImageRecord,
    TextRecord,
    TextVector,
    schema,
    text_key,
)
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import FileProblem
from vlm_explorer.files.dicom_header import ImageHeader, read_header, read_image_header
from vlm_explorer.files.scan import FileKind, FoundFile
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.describing import Describer
from vlm_explorer.pipeline.plan import Known

_TEXT_BATCH = 256
_HEADER_BATCH = 500


def remove_gone(
    writer: CollectionWriter,
    known: Known,
    found: Sequence[FoundFile],
    images: Mapping[str, Sequence[str]],
) -> int:
    """Drop the images of files that are gone, or whose content is another now.

    Only sources of this run are looked at: a folder that was not asked for keeps its images.

    Returns:
        How many images left the collection.
    """
    roots = {str(file.root) for file in found}
    present = {key for keys in images.values() for key in keys}
    gone = {
        key
        for known_file in known.files.values()
        if known_file.source in roots
        for key in known_file.image_ids
        if key not in present
    }
    if gone:
        writer.remove_images(gone)
    return len(gone)


def redescribe(
    writer: CollectionWriter,
    found: Sequence[FoundFile],
    images: Mapping[str, Sequence[str]],
    describer: Describer,
    context: JobContext,
) -> int:
    """Read the headers of files again that an older version of the program described.

    Nothing is decoded. A file that cannot be read any more stays as it was described.

    Returns:
        How many images were described anew.
    """
    table = writer.reader().table("images")
    record = schema(ImageRecord)
    kinds = {str(file.path): file.kind for file in found}
    rows = table.read(record, ["image_id", "file", "described"]).to_pylist()
    old = [
        row["image_id"]
        for row in rows
        if row["file"] in images and row["file"] in kinds and (row["described"] or 0) < DESCRIBED
    ]
    for begin in range(0, len(old), _HEADER_BATCH):
        context.report(begin, len(old), f"Reading headers: {begin} of {len(old)} images")
        batch = old[begin : begin + _HEADER_BATCH]
        whole = table.select(record, record.names, "image_id", batch).to_pylist()
        headers = {row["file"]: _header(row["file"], kinds[row["file"]]) for row in whole}
        writer.update_images(
            [
                ImageRecord(**(row | describer.header_fields(row["file"], header, row["frame"])))
                for row in whole
                if (header := headers[row["file"]]) is not None
            ]
        )
    return len(old)


def _header(file: str, kind: FileKind) -> ImageHeader | None:
    read = read_header if kind is FileKind.DICOM else read_image_header
    try:
        return read(Path(file))
    except FileProblem:
        return None


def count_sent_again(writer: CollectionWriter, images: Mapping[str, Sequence[str]]) -> int:
    """Return how many DICOM objects there are in several files of different contents.

    A copy that was sent again, with a corrected header for instance, has the old identifier.
    """
    columns = ["file", "content_hash", "sop_instance"]
    contents: dict[str, set[str]] = {}
    for row in writer.reader().table("images").read(schema(ImageRecord), columns).to_pylist():
        if row["sop_instance"] and row["file"] in images:
            contents.setdefault(row["sop_instance"], set()).add(row["content_hash"])
    return sum(len(hashes) > 1 for hashes in contents.values())


def relabel(
    writer: CollectionWriter, images: Mapping[str, Sequence[str]], describer: Describer
) -> int:
    """Give images whose captions table has changed since what it says now.

    Returns:
        How many images were changed.
    """
    table = writer.reader().table("images")
    record = schema(ImageRecord)
    columns = ["image_id", "file", "label", "caption", "split", "extra"]
    changed = []
    for row in table.read(record, columns).to_pylist():
        if row["file"] not in images:
            continue
        fields = describer.caption_fields(row["file"])
        if any(row[name] != getattr(fields, name) for name in columns[2:]):
            changed.append(row["image_id"])
    if changed:
        rows = table.select(record, record.names, "image_id", changed).to_pylist()
        writer.update_images([_relabelled(row, describer) for row in rows])
    return len(changed)


def _relabelled(row: dict[str, Any], describer: Describer) -> ImageRecord:
    fields = describer.caption_fields(row["file"])
    return replace(
        ImageRecord(**row),
        label=fields.label,
        caption=fields.caption,
        split=fields.split,
        extra=fields.extra,
    )


def store_texts(
    writer: CollectionWriter,
    entry: EncoderEntry,
    encoder: Encoder,
    captions: Sequence[TextRecord],
    images: Mapping[str, Sequence[str]],
    context: JobContext,
) -> None:
    """Put the captions of this run's images in the place of their old ones, and encode them.

    Args:
        captions: all captions of the images in this run.
        images: the image ids of each file of this run.
    """
    reader = writer.reader()
    touched = {key for keys in images.values() for key in keys}
    kept = [
        TextRecord(**row)
        for row in reader.texts.to_pylist()
        if row["image_id"] is None
        or (row["image_id"] in reader.row_of and row["image_id"] not in touched)
    ]
    texts = list({record.text_id: record for record in [*kept, *captions]}.values())
    vectors = reader.table(f"vectors/{entry.key}.texts")
    stored = vectors.read(schema(TextVector, entry.dimension), ["text_key"])
    known = set(stored["text_key"].to_pylist())
    missing = {text_key(record.text): record.text for record in texts}
    keys = [key for key in missing if key not in known]
    for begin in range(0, len(keys), _TEXT_BATCH):
        context.report(begin, len(keys), f"Reading captions: {begin} of {len(keys)}")
        batch = keys[begin : begin + _TEXT_BATCH]
        encoded = encoder.encode_texts([missing[key] for key in batch], context=context)
        rows = [TextVector(key, vector) for key, vector in zip(batch, encoded, strict=True)]
        writer.add_text_vectors(entry, rows)
    if texts or reader.texts.num_rows:
        writer.set_texts(texts)
