"""The nearest of very many images by an index on disk, and how many of the true ones it finds.

Up to two million images are searched exactly, their vectors in memory. Above that an inverted file
(Jégou et al. 2011, as Lance keeps it) is asked instead: vectors are grouped, and only the groups
nearest to the query are looked through. What it misses is measured when it is made and said with
every answer: its recall at 20, the mean share of the true 20 nearest that it finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import cosines, top_k
from vlm_explorer.collection.manifest import EncoderEntry, write_json
from vlm_explorer.collection.records import ImageVector, schema
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.tables import LanceTable, reading, writing
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import recipe_for

MOST_EXACT = 2_000_000  # images that are searched exactly
FOUND = 1000  # images of which an answer knows the cosine, at least
AT, QUERIES = 20, 200  # of the recall
ENOUGH = 0.98  # recall with which no more groups are looked through
_PROBES = (16, 32, 64, 128, 256)  # groups that are looked through
_PART = 8192
_SEED = 20


@dataclass(frozen=True, slots=True)
class Approximation:
    """How an index finds, as measured when it was made.

    Attributes:
        recall: mean share of the true `at` nearest that it finds, 0..1.
        queries: how many queries that is the mean of: texts of the collection, else images.
        probes: groups that are looked through.
        rows: vectors that there were.
    """

    recall: float
    at: int
    queries: int
    probes: int
    rows: int

    @property
    def words(self) -> str:
        """The recall in words."""
        return f"approximate, recall {self.recall:.2f} at {self.at}"


def is_wanted(collection: Collection) -> bool:
    """Whether a collection is too large to be searched exactly."""
    return bool(collection.images.num_rows > MOST_EXACT)


def approximation_of(collection: Collection, entry: EncoderEntry) -> Approximation | None:
    """Return how the index of an encoder finds; None where it has none, or none is wanted."""
    if not is_wanted(collection):
        return None
    try:
        return Approximation(**json.loads(_file(collection, entry).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # it is made anew


def keep_ready(folder: Path, model: str, *, context: JobContext) -> Approximation | None:
    """Make the index of an encoder's vectors where one is wanted and there is none that fits.

    Vectors that came after it are found all the same, by looking at each: a tenth more is too many.

    Returns, raises: as `build`.
    """
    collection = Collection(folder)
    known = approximation_of(collection, collection.encoder_entry(model))
    if known is not None and collection.images.num_rows <= 1.1 * known.rows:
        return known
    return build(folder, model, context=context) if is_wanted(collection) else None


def build(folder: Path, model: str, *, context: JobContext) -> Approximation | None:
    """Make the index of an encoder's vectors, measure it and keep what was measured.

    Returns:
        None where the collection is small enough to be searched exactly.

    Raises:
        CollectionLocked: another program writes to the collection.
        StorageProblem: there is no room for it; it takes as much as the vectors themselves.
    """
    with CollectionWriter(folder) as writer:
        collection = writer.reader()
        if not is_wanted(collection):
            return None
        entry = collection.encoder_entry(model)
        table = _table(collection, entry)
        context.report(0, 3, "Grouping the vectors")
        with writing(folder):
            _make(table)
        queries = _sample(collection, entry)
        context.report(1, 3, "Searching exactly, to compare")
        true = _true_nearest(collection, entry, queries, context)
        context.report(2, 3, "Measuring the recall")
        found = _measure(collection, entry, queries, true, context)
        write_json(_file(collection, entry), asdict(found))
        return found


def nearest(
    collection: Collection, entry: EncoderEntry, query: np.ndarray, k: int, probes: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the nearest images that the index finds, their cosines exact.

    Args:
        query: float32 (D,), a unit vector.
        k: how many are wanted; up to twice as many are looked at until there are so many.

    Returns:
        rows in `images` int64 (K,), and cosines float32 (K,), best first, ties by image id.
    """
    table, wanted = _table(collection, entry), k
    modality = collection.images["modality"]
    while True:
        found = _ask(table, query, wanted, probes)
        kept: dict[int, int] = {}
        for place, (image, recipe) in enumerate(
            zip(found["image_id"].to_pylist(), found["recipe"].to_pylist(), strict=True)
        ):
            row = collection.row_of.get(image)
            if row is not None and recipe == recipe_for(entry.recipe, modality[row].as_py()):
                kept.setdefault(row, place)
        if len(kept) >= k or found.num_rows < wanted:
            break
        wanted *= 2  # the others are of images that are gone, or of other recipes
    rows = np.fromiter(kept, np.int64, len(kept))
    places = np.fromiter(kept.values(), np.int64, len(kept))
    vectors = _halves(found["vector"].combine_chunks(), entry.dimension)[places]
    ids = found["image_id"].take(places)
    best, exact = top_k(vectors, query, k, lambda tied: ids.take(tied).to_pylist())
    return rows[best], exact


def vector_of(collection: Collection, entry: EncoderEntry, row: int) -> NDArray[np.float32]:
    """Return the stored vector of one image, float32 (K, D), K = 1; K = 0 where it has none."""
    image, modality = (collection.images[name][row].as_py() for name in ("image_id", "modality"))
    found = _table(collection, entry).select(
        schema(ImageVector, entry.dimension), ["recipe", "vector"], "image_id", [image]
    )
    recipe = recipe_for(entry.recipe, modality)
    kept = [place for place, own in enumerate(found["recipe"].to_pylist()) if own == recipe]
    vectors = found["vector"].combine_chunks()
    return _halves(vectors, entry.dimension)[kept[-1:]].astype(np.float32)


def _table(collection: Collection, entry: EncoderEntry) -> LanceTable:
    return collection.table(f"vectors/{entry.key}.images")


def _file(collection: Collection, entry: EncoderEntry) -> Path:
    return collection.folder / "vectors" / f"{entry.key}.nearest.json"


def _halves(vectors: Any, dimension: int) -> NDArray[np.float16]:
    flat: NDArray[np.float16] = vectors.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(-1, dimension)


def _make(table: LanceTable) -> None:
    import lance

    dataset = lance.dataset(str(table.path))
    groups = max(1, round(dataset.count_rows() ** 0.5))
    dataset.create_index(
        "vector", index_type="IVF_FLAT", metric="dot", num_partitions=groups, replace=True
    )


def _ask(table: LanceTable, query: np.ndarray, k: int, probes: int) -> Any:
    import lance

    near = {"column": "vector", "q": query, "k": k, "metric": "dot", "nprobes": probes}
    columns = ["image_id", "recipe", "vector", "_distance"]
    with reading(table.path.parent):
        return lance.dataset(str(table.path)).to_table(columns=columns, nearest=near)


def _parts(collection: Collection, entry: EncoderEntry) -> Iterator[tuple[Any, Any]]:
    """Yield the rows of images and their vectors, part by part, each image once."""
    snapshot, places = collection.vector_places(entry)
    row_at = np.full(snapshot.count_rows(), -1, np.int64)
    known = np.flatnonzero(places >= 0)
    row_at[places[known]] = known
    begin = 0
    for part in snapshot.to_batches(columns=["vector"], batch_size=_PART):
        rows = row_at[begin : begin + part.num_rows]
        yield rows[rows >= 0], _halves(part["vector"], entry.dimension)[rows >= 0]
        begin += part.num_rows


def _sample(collection: Collection, entry: EncoderEntry) -> NDArray[np.float32]:
    """Return up to QUERIES vectors of texts, or of images where there are no texts."""
    chance = np.random.default_rng(_SEED)
    _, texts = collection.present_text_vectors(entry.key)
    if len(texts):
        return texts[np.sort(chance.permutation(len(texts))[:QUERIES])]
    count = collection.images.num_rows
    chosen = np.sort(chance.permutation(count)[:QUERIES])
    return np.concatenate(
        [halves[np.isin(rows, chosen)] for rows, halves in _parts(collection, entry)]
    ).astype(np.float32)


def _true_nearest(
    collection: Collection, entry: EncoderEntry, queries: np.ndarray, context: JobContext
) -> NDArray[np.int64]:
    """Return the rows of the true nearest images of each query, (Q, AT)."""
    best = np.full((len(queries), AT), -1, np.int64)
    score = np.full((len(queries), AT), -np.inf, np.float32)
    for rows, halves in _parts(collection, entry):
        context.check()
        scores = np.concatenate([score, cosines(halves, queries).T], axis=1)
        all_rows = np.concatenate([best, np.broadcast_to(rows, (len(queries), len(rows)))], axis=1)
        order = np.argpartition(-scores, AT - 1, axis=1)[:, :AT]
        score = np.take_along_axis(scores, order, axis=1)
        best = np.take_along_axis(all_rows, order, axis=1)
    return best


def _measure(
    collection: Collection,
    entry: EncoderEntry,
    queries: np.ndarray,
    true: NDArray[np.int64],
    context: JobContext,
) -> Approximation:
    """Look through more and more groups until enough is found, and return how much that is."""
    rows = collection.images.num_rows
    found = Approximation(0.0, AT, len(queries), _PROBES[-1], rows)
    for probes in _PROBES:
        shares = []
        for query, known in zip(queries, true, strict=True):
            context.check()
            ours, _ = nearest(collection, entry, query, AT, probes)
            real = known[known >= 0]
            shares.append(len(np.intersect1d(ours, real)) / max(len(real), 1))
        found = Approximation(float(np.mean(shares)), AT, len(queries), probes, rows)
        if found.recall >= ENOUGH:
            break
    return found
