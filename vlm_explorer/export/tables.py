"""Tables and vectors to files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.collection.store import Collection
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.cells import quoted
from vlm_explorer.export.columns import Exported
from vlm_explorer.export.provenance import as_json
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    import pyarrow as pa

PART = 8192  # rows written at a time
METADATA = b"vlm-explorer"  # key of the provenance in a Parquet file's metadata


def write_csv(table: pa.Table, path: Path, context: JobContext) -> None:
    """Write UTF-8 with a header; text that a spreadsheet would run is quoted, see `cells`.

    Numbers have as many digits as give the same float32 again; an empty cell is an unknown one.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([quoted(name) for name in table.column_names])
        for begin in range(0, table.num_rows, PART):
            context.report(begin, table.num_rows, "Writing the table")
            part = table.slice(begin, PART)
            columns = [_cells(column) for column in part.columns]
            writer.writerows(zip(*columns, strict=True))


def _cells(column: pa.ChunkedArray) -> list[str]:
    import pyarrow as pa

    if pa.types.is_float32(column.type):
        values = column.to_numpy(zero_copy_only=False)
        return ["" if np.isnan(value) else str(value) for value in values]
    cells = ("" if value is None else value for value in column.to_pylist())
    return [quoted(cell) if isinstance(cell, str) else str(cell) for cell in cells]


def write_parquet(table: pa.Table, path: Path, facts: Mapping[str, Any]) -> None:
    """Write a table with its provenance in the file's metadata."""
    import pyarrow.parquet as pq

    kept = dict(table.schema.metadata or {})
    kept[METADATA] = as_json(facts).encode()
    pq.write_table(table.replace_schema_metadata(kept), path, compression="zstd")


def write_npz(
    collection: Collection,
    exported: Exported,
    answers: Answers,
    path: Path,
    facts: Mapping[str, Any],
) -> int:
    """Write vectors and places as NumPy's archive, which `import-vectors` reads, too.

    `image_ids` (n,), `vectors` float32 (n, D) and `xy` float32 (n, 2) of the images that have a
    vector; `texts` (m,), their `text_image_ids`, `text_vectors` float32 (m, D) and `text_xy` of the
    captions of these images (NaN where they are not on the map); `logit_scale`, `logit_bias` (NaN:
    none), `modality`, `label`, and the provenance as JSON.

    Returns:
        How many images were left out because they have no vector.
    """
    entry = collection.encoder_entry(answers.model)
    held, vectors = collection.vector_rows(entry.key).among(exported.rows)
    rows = exported.rows[held]
    ids = np.array(exported.table["image_id"].to_pylist(), str)[held]
    arrays: dict[str, Any] = {
        "image_ids": ids,
        "vectors": vectors,
        "xy": _nowhere(len(rows)) if answers.xy is None else answers.xy[rows],
        **_captions(collection, answers, entry.key, set(ids.tolist())),
        "logit_scale": np.float64(entry.logit_scale),
        "provenance": np.array(as_json(facts)),
    }
    if entry.logit_bias is not None:
        arrays["logit_bias"] = np.float64(entry.logit_bias)
    for name in ("modality", "label"):
        arrays[name] = np.array([v or "" for v in exported.table[name].to_pylist()], str)[held]
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return int((~held).sum())


def _captions(
    collection: Collection, answers: Answers, key: str, ids: set[str]
) -> dict[str, np.ndarray]:
    """Return the captions of images, with their vectors and places."""
    present, vectors = collection.present_text_vectors(key)
    texts = collection.texts.take(present)
    owners = texts["image_id"].to_pylist()
    wanted = np.array([owner in ids for owner in owners], bool)
    places = _nowhere(len(owners))
    if answers.layout is not None:
        place_of = dict(zip(answers.layout.text_ids, answers.layout.text_xy, strict=True))
        for row, text in enumerate(texts["text_id"].to_pylist()):
            places[row] = place_of.get(text, (np.nan, np.nan))
    return {
        "texts": np.array(texts["text"].to_pylist(), str)[wanted],
        "text_image_ids": np.array([owner or "" for owner in owners], str)[wanted],
        "text_vectors": vectors[wanted],
        "text_xy": places[wanted],
    }


def _nowhere(count: int) -> np.ndarray:
    return np.full((count, 2), np.nan, np.float32)
