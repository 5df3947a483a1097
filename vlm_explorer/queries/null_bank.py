"""Unrelated prompts, their vectors and what they score in a collection, kept with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from vlm_explorer import paths
from vlm_explorer.analysis.null_scores import NullScores, null_scores, percentiles
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.vector_rows import VectorRows
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import ModelNotFound, StorageProblem
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.approximate import approximation_of
from vlm_explorer.queries.archives import DAMAGE, read_members, write_members

_FEWEST = 2  # images, below which nothing can be said

_MOST = 8  # ways of putting prompts together of which the scores are remembered

_kept: WeakKeyDictionary[VectorRows, NullScores] = WeakKeyDictionary()
_composed: WeakKeyDictionary[VectorRows, dict[tuple[float, ...], NullScores]] = WeakKeyDictionary()


@cache
def null_texts() -> tuple[str, ...]:
    """Return the unrelated prompts of `resources/null_prompts.txt`."""
    text = (paths.resources() / "null_prompts.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def null_vectors(
    collection: Collection, encoder: Encoder, *, context: JobContext | None = None
) -> NDArray[np.float32]:
    """Return the unit vectors of `null_texts`, float32 (M, D), encoded once for a collection."""
    file = _folder(collection) / f"{_key(encoder)}.npz"
    try:
        return np.asarray(read_members(file)["vectors"], np.float32)
    except DAMAGE:
        vectors = encoder.encode_texts(null_texts(), context=context)
    _keep(file, {"vectors": vectors})
    return vectors


def null_scores_of(
    collection: Collection,
    encoder: Encoder,
    weights: tuple[float, ...] = (1.0,),
    *,
    context: JobContext | None = None,
) -> NullScores | None:
    """Return what unrelated prompts score on all images of a collection.

    Computed once for the vectors as they are, and kept with the collection; those of several
    prompts put together are only remembered.

    Args:
        weights: of the texts of a query, below zero for those that are not wanted: a difference
            of two texts scores otherwise than either of them, whatever they say.

    Returns:
        None where there are too many images to be searched exactly, or fewer than two, and where
        the encoder can read no texts, since its vectors were computed elsewhere.

    Raises:
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    if approximation_of(collection, collection.encoder_entry(encoder.id)) is not None:
        return None
    stored = collection.vector_rows(encoder.id)
    if len(stored.rows) < _FEWEST:
        return None
    if len(weights) > 1 or weights[0] < 0:
        return _scores_together(collection, encoder, stored, weights, context)
    if stored not in _kept:
        digest = hashlib.blake2b(
            np.ascontiguousarray(stored.halves).data, digest_size=8
        ).hexdigest()
        file = _folder(collection) / f"{_key(encoder)}-{digest}.npz"
        found = _read(file, len(stored.rows))
        if found is None:
            try:
                nulls = null_vectors(collection, encoder, context=context)
            except ModelNotFound:
                return None
            found = null_scores(stored.halves, nulls, context=context)
            _write(file, found)
        _kept[stored] = found
    return _kept[stored]


def _scores_together(
    collection: Collection,
    encoder: Encoder,
    stored: VectorRows,
    weights: tuple[float, ...],
    context: JobContext | None,
) -> NullScores | None:
    """Return what unrelated prompts score that are put together by weights."""
    largest = max(map(abs, weights))
    shares = tuple(sorted((weight / largest for weight in weights), reverse=True))
    known = _composed.setdefault(stored, {})
    if shares not in known:
        try:
            nulls = null_vectors(collection, encoder, context=context)
        except ModelNotFound:
            return None
        while len(known) >= _MOST:
            known.pop(next(iter(known)))
        together = put_together(nulls, shares)
        known[shares] = null_scores(stored.halves, together, context=context)
    return known[shares]


def put_together(nulls: NDArray[np.float32], weights: Sequence[float]) -> NDArray[np.float32]:
    """Return as many queries of several unrelated prompts as there are prompts.

    The terms of each stand far apart in the bank, whose neighbours are of one subject.

    Args:
        nulls: float32 (M, D), unit rows.
        weights: T, one a term.

    Returns:
        float32 (M, D), the sums of unit rows times their weights, made unit rows again.
    """
    step = max(1, len(nulls) // len(weights))
    parts = [
        weight * np.roll(nulls, term * step, axis=0).astype(np.float64)
        for term, weight in enumerate(weights)
    ]
    return unit(np.sum(parts, axis=0))


def null_percentiles(
    collection: Collection,
    encoder: Encoder,
    cosine: NDArray[np.float32],
    *,
    context: JobContext | None = None,
) -> NDArray[np.float32]:
    """Return the share of unrelated prompts that score lower on each image than a label.

    Args:
        cosine: float32 (N, L), in the order of the collection, NaN without a vector.

    Returns:
        float32 (N, L), 0 to 1; NaN without a vector.
    """
    stored = collection.vector_rows(encoder.id)
    nulls = null_vectors(collection, encoder, context=context)
    return stored.spread(percentiles(stored.halves, nulls, cosine[stored.rows], context=context))


def _folder(collection: Collection) -> Path:
    return collection.folder / "nulls"


def _key(encoder: Encoder) -> str:
    """Return a name that another encoder, or another list of prompts, does not have."""
    about = "\n".join((encoder.fingerprint, *null_texts()))
    return hashlib.blake2b(about.encode(), digest_size=8).hexdigest()


def _read(file: Path, images: int) -> NullScores | None:
    try:
        kept = read_members(file)
        found = NullScores(
            int(kept["prompts"]),
            kept["rank_mean"],
            kept["rank_sd"],
            kept["image_mean"],
            kept["image_sd"],
        )
        return found if len(found.image_mean) == images else None
    except DAMAGE:
        return None


def _write(file: Path, found: NullScores) -> None:
    """Keep scores, in the place of those of the vectors as they were before."""
    before = [old for old in file.parent.glob(f"{file.stem.split('-')[0]}-*.npz") if old != file]
    _keep(
        file,
        {
            "prompts": np.array(found.prompts),
            "rank_mean": found.rank_mean,
            "rank_sd": found.rank_sd,
            "image_mean": found.image_mean,
            "image_sd": found.image_sd,
        },
    )
    for old in before:
        old.unlink(missing_ok=True)


def _keep(file: Path, members: dict[str, NDArray[np.generic]]) -> None:
    """Write what can be computed again; nothing is lost where that is not possible."""
    try:
        write_members(file, members)
    except StorageProblem:
        return
