"""The format of Embedding Atlas: a table with places and neighbours.

`embedding-atlas FILE --x x --y y --neighbors neighbors --text caption` opens it. `neighbors` holds
`{"ids": [...], "distances": [...]}`: rows of the file from 0, and cosine distances in the full
space, the row itself first, as Embedding Atlas computes them itself. Its `image` column, where
thumbnails were asked for, is `{"bytes": ..., "path": null}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.analysis.neighbours import nearest, nearest_approximately
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.columns import Exported
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    import pyarrow as pa

NEIGHBOURS = 15
_MOST_EXACT = 50_000  # images; among more, neighbours are looked for where they are likely


def atlas_table(
    collection: Collection,
    exported: Exported,
    answers: Answers,
    *,
    thumbnails: bool,
    context: JobContext,
) -> tuple[pa.Table, int]:
    """Return the images that are on the map, with their neighbours among each other.

    Returns:
        The table, and how many images were left out because they are not on the map.
    """
    import pyarrow as pa

    assert answers.xy is not None
    held = np.asarray(np.isfinite(answers.xy[exported.rows]).all(axis=1))
    held[held], vectors = collection.vector_rows(answers.model).among(exported.rows[held])
    vectors = unit(vectors)
    table = exported.table.filter(held)
    table = table.append_column("neighbors", _neighbours(vectors, context))
    if thumbnails:
        context.report(0, None, "Collecting thumbnails")
        known = collection.thumbnails(table["image_id"].to_pylist())
        pictures = [
            {"bytes": known.get(key), "path": None} for key in table["image_id"].to_pylist()
        ]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        table = table.append_column("image", pa.array(pictures, kind))
    return table, int((~held).sum())


def _neighbours(vectors: np.ndarray, context: JobContext) -> pa.Array:
    import pyarrow as pa

    count = len(vectors)
    k = min(NEIGHBOURS + 1, count)
    if count <= _MOST_EXACT:
        indices, distances = nearest(vectors, k, context=context)
    else:
        indices, distances = nearest_approximately(vectors, k, seed=42, context=context)
    offsets = np.arange(0, count * k + 1, k, dtype=np.int32)
    return pa.StructArray.from_arrays(
        [
            pa.ListArray.from_arrays(offsets, pa.array(indices.reshape(-1).astype(np.int64))),
            pa.ListArray.from_arrays(offsets, pa.array(distances.reshape(-1).astype(np.float32))),
        ],
        ["ids", "distances"],
    )
