"""The rows of a collection, and their Arrow schemas."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa


# Raised whenever headers are read by other rules, or into more columns: the next run reads the
# headers of unchanged files again, without decoding them.
DESCRIBED = 2

# What only the window shows: free text, and what may point to a person. Never exported.
SHOWN_ONLY = (
    "body_part", "note", "series_time", "study_day", "series_description", "study_description",
)  # fmt: skip


def image_id(content_hash: str, frame: int) -> str:
    """Return the id of a frame: the same in every collection, made of contents alone."""
    return f"{content_hash[:20]}-{frame}"


def text_key(text: str) -> str:
    """Return the key of a text's vector: equal texts share one."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def text_id(text: str, kind: str, image: str | None) -> str:
    """Return the id of a text row: a text, what it is, and the image that it belongs to."""
    return hashlib.sha256(f"{kind}\0{image or ''}\0{text}".encode()).hexdigest()[:20]


def salted(salt: bytes, value: str) -> str:
    """Return a key for an identifier that must not be kept itself; empty stays empty.

    HMAC-SHA256 with the collection's salt, cut to 64 bits: equal within a collection only.
    """
    return hmac.new(salt, value.encode(), "sha256").hexdigest()[:16] if value else ""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image: a frame of a file.

    `patient`, `study`, `series`, `frame_of_reference` and `sop_instance` are salted keys.
    `position` is the distance of the slice along the normal of its stack, in millimetres. `extra`
    holds the further columns of the captions table as JSON. `described` is the version of the
    rules by which the header was read (`DESCRIBED`), 0 in collections older than it. Places in
    space and time are as in `files.header.FramePlace`; `study_day` and `series_time` count from a
    moment of the patient's own that nobody knows, so that no date is kept. `removed` says when the
    file was missed first (UTC, ISO 8601), None while it is there; `refused` how many frames of the
    file gave no image.
    """

    image_id: str
    file: str
    frame: int
    content_hash: str
    size: int
    mtime_ns: int
    source: str
    patient: str
    study: str
    series: str
    stack: str
    series_number: int | None
    instance_number: int | None
    position: float | None
    modality: str
    body_part: str
    rows: int
    columns: int
    label: str
    caption: str
    split: str
    extra: str
    thumbnail: bytes
    described: int = 0
    note: str = ""
    position_xyz: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    frame_of_reference: str = ""
    acquisition_number: int | None = None
    temporal_position: int | None = None
    trigger_time: float | None = None
    b_value: float | None = None
    series_time: float | None = None
    study_day: int | None = None
    series_description: str = ""
    study_description: str = ""
    sop_instance: str = ""
    removed: str | None = None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class TextRecord:
    """A caption, label or prompt; captions belong to an image."""

    text_id: str
    text: str
    kind: str
    image_id: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, or a frame of one, that gave no image, and why; `frame` is None for a whole file.

    `size` and `mtime_ns` are those of the file when it was tried, and `tried_with` is by what
    (`pixels.decoder_versions`); None where trying again may end otherwise.
    """

    file: str
    frame: int | None
    kind: str
    reason: str
    source: str
    size: int | None = None
    mtime_ns: int | None = None
    tried_with: str | None = None


@dataclass(frozen=True, slots=True)
class ImageVector:
    """The vector of an image under one encoder and one rendering recipe."""

    image_id: str
    recipe: str
    vector: Any


@dataclass(frozen=True, slots=True)
class TextVector:
    """The vector of a text under one encoder."""

    text_key: str
    vector: Any


def _arrow_types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "str": pa.string(),
        "str | None": pa.string(),
        "int": pa.int64(),
        "int | None": pa.int64(),
        "float | None": pa.float64(),
        "tuple[float, ...] | None": pa.list_(pa.float64()),
        "bytes": pa.binary(),
    }


def schema(record: type[Any], dimension: int | None = None) -> pa.Schema:
    """Return the Arrow schema of a record class; vectors are float16 of length `dimension`."""
    import pyarrow as pa

    types = _arrow_types()
    columns = []
    for field in fields(record):
        if field.name == "vector":
            assert dimension is not None
            columns.append(pa.field("vector", pa.list_(pa.float16(), dimension)))
        else:
            columns.append(pa.field(field.name, types[str(field.type)]))
    return pa.schema(columns)


def to_table(record: type[Any], rows: Iterable[Any], dimension: int | None = None) -> pa.Table:
    """Return records as an Arrow table of `schema(record, dimension)`."""
    import numpy as np
    import pyarrow as pa

    rows = list(rows)
    wanted = schema(record, dimension)
    if dimension is None:
        return pa.Table.from_arrays(
            [pa.array([getattr(row, field.name) for row in rows], field.type) for field in wanted],
            schema=wanted,
        )
    columns: list[Any] = [
        pa.array([getattr(row, name) for row in rows], wanted.field(name).type)
        for name in wanted.names
        if name != "vector"
    ]
    flat = np.asarray([row.vector for row in rows], dtype=np.float16).reshape(-1)
    columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat), dimension))
    return pa.Table.from_arrays(columns, schema=wanted)
