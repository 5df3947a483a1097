"""What a folder holds by its headers alone, to be shown while its images are being indexed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.errors import FileProblem, UsageError
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    import pyarrow as pa

    from vlm_explorer.collection.store import Collection
    from vlm_explorer.files.scan import FoundFile
    from vlm_explorer.files.tables import CaptionTable
    from vlm_explorer.pipeline.decoding import Opened

# Beyond this many files the run itself is ahead soon; looking would only slow it down.
MOST_FILES = 20_000


@dataclass(slots=True)
class FirstLook:
    """What was seen so far; one thread adds to it, others read.

    Attributes:
        files: each file with an image in it, and its header.
        tables: captions tables.
        described: what the first `described_files` of the files will be in the collection, with
            `described_tables` of the tables read; `foresee` keeps it, since that takes long.
    """

    files: list[tuple[FoundFile, Opened]] = field(default_factory=list)
    tables: list[CaptionTable] = field(default_factory=list)
    described: list[pa.Table] = field(default_factory=list)
    described_files: int = 0
    described_tables: int = 0


def look(paths: Sequence[Path], seen: FirstLook, *, context: JobContext) -> None:
    """Read the headers below `paths`, and add them to `seen` as they come.

    Files that give no header and tables that cannot be read are left out: the run itself reports
    them.

    Raises:
        UsageError: a path that does not exist.
    """
    from vlm_explorer.files.dicom_header import read_header, read_image_header
    from vlm_explorer.files.scan import FileKind, scan
    from vlm_explorer.files.tables import read_captions
    from vlm_explorer.pipeline.decoding import Opened, hash_content

    readers = {FileKind.DICOM: read_header, FileKind.IMAGE: read_image_header}
    for found in scan(paths, context=context):
        context.check()
        if found.kind is FileKind.CAPTIONS:
            with suppress(UsageError):
                seen.tables.append(read_captions(found.path))
        read = readers.get(found.kind)
        if read is None:
            continue
        try:
            header = read(found.path)
            seen.files.append((found, Opened(hash_content(found.path), header)))
        except FileProblem:
            continue
        if len(seen.files) == MOST_FILES:
            return


def foresee(collection: Collection, seen: FirstLook) -> pa.Table:
    """Return the images of a collection, then those that were seen and are not in it yet.

    Returns:
        The columns of `Collection.described_images`. Those to come have no thumbnails; their ids
        and keys are those that they will have.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    there = collection.described_images
    _describe(collection.salt, seen)
    columns = there.column_names
    coming = pa.concat_tables(
        [there.slice(0, 0), *(part.select(columns) for part in seen.described)]
    )
    coming = coming.filter(pc.invert(pc.is_in(coming["image_id"], there["image_id"])))
    return pa.concat_tables([there, coming])


def _describe(salt: bytes, seen: FirstLook) -> None:
    """Add what was seen since the last time to `seen.described`, each image once.

    A table that was read since then may have captions for every image: then it begins anew.
    """
    import numpy as np

    from vlm_explorer.collection.records import ImageRecord, to_table
    from vlm_explorer.pipeline.decoding import DecodedImage
    from vlm_explorer.pipeline.describing import Describer
    from vlm_explorer.pipeline.plan import Captions

    tables, files = list(seen.tables), list(seen.files)
    if len(tables) != seen.described_tables:
        seen.described, seen.described_files = [], 0
        seen.described_tables = len(tables)
    known = {image_id for part in seen.described for image_id in part["image_id"].to_pylist()}
    describer = Describer(salt, Captions(tables))
    coming: dict[str, ImageRecord] = {}
    for found, opened in files[seen.described_files :]:
        header = opened.header
        for frame in range(len(header.places)):
            unseen = DecodedImage(frame, header.rows, header.columns, b"", np.empty(0))
            record = describer.image(found, opened, unseen)
            if record.image_id not in known:
                coming.setdefault(record.image_id, record)
    seen.described_files = len(files)
    if coming:
        seen.described.append(to_table(ImageRecord, coming.values()).drop_columns(["thumbnail"]))
