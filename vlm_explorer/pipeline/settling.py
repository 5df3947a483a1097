"""The end of a run: rows of files that are gone, described or labelled anew, and the texts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from vlm_explorer.files.signatures import FileKind, sniff
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.describing import Describer
from vlm_explorer.pipeline.known import Known
from vlm_explorer.pipeline.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

_TEXT_BATCH = 256
_ROWS = 500  # whole rows, with their thumbnails, in memory at a time


def mark_gone(writer: CollectionWriter, known: Known, scope: Scope) -> list[str]:
    """Mark the images of files that are gone, or whose content is another now; unmark the others.

    Only what lies below the paths of this run is looked at: a folder that was not asked for keeps
    its images. So does one that is there and empty where it held images before, or that cannot be
    opened: more often than not its disk is not connected.

    Returns:
        Warnings, in words.
    """
    warnings = []
    for folder in scope.empty_roots:
        if held := known.count_below(folder):
            scope.spare(folder)
            warnings.append(
                f"There is nothing in {folder} now, but the collection holds {held} images of it. "
                "They were kept as they are: connect its disk, if it lies on one. Where the folder "
                "was emptied on purpose, index the folder that it lies in."
            )
    if gone := known.gone(scope):
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        writer.mark_removed(gone, now)
        warnings.append(
            f"{len(gone)} images are no longer there. They were marked as removed and are not "
            "shown; if their files come back, so do they, and nothing is encoded again."
        )
    if back := known.back_again():
        writer.mark_removed(back, None)
        warnings.append(f"{len(back)} images that were marked as removed are there again.")
    return warnings


def _in_scope(writer: CollectionWriter, scope: Scope, columns: list[str]) -> Iterator[pa.Table]:
    """Yield the rows of the images that this run speaks of, in parts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = writer.reader().table("images")
    wanted = list(dict.fromkeys([*columns, "file", "removed"]))
    for part in table.batches(schema(ImageRecord), wanted):
        live = part.filter(pc.is_null(part["removed"]))
        yield live.filter(pa.array(scope.covers(live["file"])))


def redescribe(
    writer: CollectionWriter, scope: Scope, describer: Describer, context: JobContext
) -> int:
    """Read the headers of files again that an older version of the program described.

    Nothing is decoded. A file that cannot be read any more stays as it was described.

    Returns:
        How many images were described anew.
    """
    import pyarrow.compute as pc

    old: list[str] = []
    for part in _in_scope(writer, scope, ["image_id", "described"]):
        is_old = pc.less(pc.fill_null(part["described"], 0), DESCRIBED)
        old += part["image_id"].filter(is_old).to_pylist()
    for begin in range(0, len(old), _ROWS):
        context.report(begin, len(old), f"Reading headers: {begin} of {len(old)} images")
        whole = _whole_rows(writer, old[begin : begin + _ROWS])
        headers = {file: _header(Path(file)) for file in {row["file"] for row in whole}}
        writer.update_images(
            [
                ImageRecord(**(row | describer.header_fields(row["file"], header, row["frame"])))
                for row in whole
                if (header := headers[row["file"]]) is not None
            ]
        )
    return len(old)


def _whole_rows(writer: CollectionWriter, image_ids: list[str]) -> list[dict[str, Any]]:
    record = schema(ImageRecord)
    table = writer.reader().table("images")
    rows: list[dict[str, Any]] = table.select(
        record, record.names, "image_id", image_ids
    ).to_pylist()
    return rows


def _header(file: Path) -> ImageHeader | None:
    try:
        kind, _ = sniff(file)
        return (read_header if kind is FileKind.DICOM else read_image_header)(file)
    except (FileProblem, OSError):
        return None


def count_sent_again(writer: CollectionWriter, scope: Scope) -> int:
    """Return how many DICOM objects there are in several files of different contents.

    A copy that was sent again, with a corrected header for instance, has the old identifier.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = []
    for part in _in_scope(writer, scope, ["sop_instance", "content_hash"]):
        named = part.filter(pc.not_equal(part["sop_instance"], "")).select(
            ["sop_instance", "content_hash"]
        )
        parts.append(named.group_by(["sop_instance", "content_hash"]).aggregate([]))
    if not parts:
        return 0
    # every part is without repetitions, and the whole is made so: one row a file
    files = pa.concat_tables(parts).group_by(["sop_instance", "content_hash"]).aggregate([])
    counts = files["sop_instance"].value_counts().field("counts").to_numpy()
    return int((counts > 1).sum())


def relabel(writer: CollectionWriter, scope: Scope, describer: Describer) -> int:
    """Give images whose captions table has changed since what it says now.

    Returns:
        How many images were changed.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names = ["label", "caption", "split", "extra"]
    captioned = pa.array(describer.captioned_files, pa.string())
    changed = []
    for part in _in_scope(writer, scope, ["image_id", *names]):
        concerned = pc.is_in(part["file"], value_set=captioned)
        for name in names:
            said = pc.fill_null(pc.not_equal(part[name], ""), True)
            concerned = pc.or_(concerned, said)
        for row in part.filter(concerned).to_pylist():
            fields = describer.caption_fields(row["file"])
            if any(row[name] != getattr(fields, name) for name in names):
                changed.append(row["image_id"])
    for begin in range(0, len(changed), _ROWS):
        rows = _whole_rows(writer, changed[begin : begin + _ROWS])
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


def caption_texts(
    writer: CollectionWriter,
    scope: Scope,
    describer: Describer,
    duplicates: Mapping[str, str],
) -> list[TextRecord]:
    """Return the captions of this run's images; those of a duplicate go to the image that is kept.

    Args:
        duplicates: the first file of the same content, by file.
    """
    files = describer.captioned_files
    wanted = files | {duplicates[file] for file in files if file in duplicates}
    first: dict[str, tuple[int, str]] = {}  # the lowest frame of each file that has captions
    for part in _in_scope(writer, scope, ["image_id", "frame"]) if wanted else ():
        columns = (part[name].to_pylist() for name in ("file", "frame", "image_id"))
        for file, frame, key in zip(*columns, strict=True):
            if file in wanted and (file not in first or frame < first[file][0]):
                first[file] = frame, key
    texts = []
    for file in first:
        texts += describer.texts(file, first[file][1])
    for file in sorted(files & duplicates.keys()):
        if (kept := first.get(duplicates[file])) is not None:
            texts += describer.texts(file, kept[1])
    return texts


def store_texts(
    writer: CollectionWriter,
    entry: EncoderEntry,
    encoder: Encoder,
    captions: Sequence[TextRecord],
    scope: Scope,
    context: JobContext,
) -> None:
    """Put the captions of this run's images in the place of their old ones, and encode them.

    Captions of images whose files are gone stay, and come back with them.

    Args:
        captions: all captions of the images in this run.
        scope: whose old captions go; those of other images stay.
    """
    reader = writer.reader()
    before = reader.table("texts").read(schema(TextRecord))
    owners = set(before["image_id"].to_pylist()) - {None}
    replaced = {
        key
        for part in (_in_scope(writer, scope, ["image_id"]) if owners else ())
        for key in part["image_id"].to_pylist()
        if key in owners
    }
    kept = [TextRecord(**row) for row in before.to_pylist() if row["image_id"] not in replaced]
    texts = list({record.text_id: record for record in [*kept, *captions]}.values())
    vectors = reader.table(f"vectors/{entry.key}.texts")
    stored = vectors.read(schema(TextVector, entry.dimension), ["text_key"])
    known = set(stored["text_key"].to_pylist())
    missing = {text_key(record.text): record.text for record in texts}
    keys = [key for key in missing if key not in known]
    for begin in range(0, len(keys), _TEXT_BATCH):
        said = f"Reading captions: {begin:,} of {len(keys):,}"
        context.report(begin, len(keys), said)
        batch = keys[begin : begin + _TEXT_BATCH]
        part = context.part(begin, len(keys), said)
        encoded = encoder.encode_texts([missing[key] for key in batch], context=part)
        rows = [TextVector(key, vector) for key, vector in zip(batch, encoded, strict=True)]
        writer.add_text_vectors(entry, rows)
    if texts or before.num_rows:
        writer.set_texts(texts)
