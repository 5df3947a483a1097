"""Where the images and texts of a collection lie on the map."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.projection import (
    ProjectionSpec,
    modality_gap,
    project,
    trustworthiness,
)
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.tables import writing
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.import_vectors import IMPORTED

METHODS = ("umap", "pca")
SPACES = ("raw", "centred", "images")


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """How the map is made; `texts` are prompts to be laid out with images and captions.

    The other settings are those of `ProjectionSpec`, each for the methods that know it.
    """

    method: str = "umap"
    space: str = "raw"
    seed: int = 42
    texts: tuple[str, ...] = ()
    n_neighbors: int = 15
    min_dist: float = 0.8
    perplexity: float = 30.0

    def spec(self) -> ProjectionSpec:
        """Return what the projection needs to know."""
        return ProjectionSpec(
            self.method,
            self.space,
            self.seed,
            self.n_neighbors,
            self.min_dist,
            self.perplexity,
        )


@dataclass(frozen=True, slots=True, eq=False)
class LayoutAnswer:
    """A map.

    Attributes:
        request: what was asked.
        model: id of the encoder.
        image_ids: the images that have a vector, in the order of the collection.
        xy: float32 (N, 2), where they lie; a projection has no unit and no axes.
        text_ids, texts: the captions, then the prompts of the request (id empty).
        text_xy: float32 (M, 2).
        trust: trustworthiness in 0..1 of the images' neighbourhoods (k = 15); None: too few.
        gap: distance between the mean image and the mean text vector; None without texts.
        without_vector: images of the collection that are not on the map.
    """

    request: LayoutRequest
    model: str
    image_ids: tuple[str, ...]
    xy: np.ndarray
    text_ids: tuple[str, ...]
    texts: tuple[str, ...]
    text_xy: np.ndarray
    trust: float | None
    gap: float | None
    without_vector: int = 0


def layout(
    collection: Collection,
    request: LayoutRequest,
    *,
    encoder: Encoder | None = None,
    model: str | None = None,
    context: JobContext | None = None,
) -> LayoutAnswer:
    """Lay out the images and texts of a collection; a layout made before is read back.

    Args:
        encoder: needed only for prompts in the request.
        model: whose vectors; by default the encoder's, else those last used.

    Raises:
        UsageError: unknown method or space, prompts without an encoder, or no images.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    _check(collection, request)
    context = context or JobContext()
    entry = collection.encoder_entry(encoder.id if encoder is not None else model)
    rows, images = collection.present_vectors(entry.key)
    if not len(rows):
        raise UsageError(
            f"No image of “{collection.name}” has a vector of {entry.model}.",
            f"Index its folders with --model {entry.model}.",
        )
    image_ids = collection.images["image_id"].take(rows).to_pylist()
    texts, text_ids, text_vectors = _texts(collection, request, encoder, entry.key)
    name = _name(request, entry, image_ids, texts)
    file = collection.folder / "layouts" / f"{name}.npz"
    kept = _read(file)
    if kept is None:
        xy, text_xy = project(request.spec(), images, text_vectors, context=context)
        trust, gap = _quality(images, text_vectors, xy, request)
        _write(file, xy, text_xy, trust, gap)
    else:
        xy, text_xy, trust, gap = kept
    return LayoutAnswer(
        request=request,
        model=entry.model,
        image_ids=tuple(image_ids),
        xy=xy,
        text_ids=text_ids,
        texts=texts,
        text_xy=text_xy,
        trust=trust,
        gap=gap,
        without_vector=collection.images.num_rows - len(rows),
    )


def _check(collection: Collection, request: LayoutRequest) -> None:
    if request.method not in METHODS:
        raise UsageError(
            f"The map method “{request.method}” is not there.", f"Choose: {', '.join(METHODS)}."
        )
    if request.space not in SPACES:
        raise UsageError(
            f"The space “{request.space}” is not there.", f"Choose one of: {', '.join(SPACES)}."
        )
    if collection.images.num_rows == 0:
        raise UsageError(
            f"The collection “{collection.name}” holds no images.", "Index a folder of images."
        )


def _texts(
    collection: Collection, request: LayoutRequest, encoder: Encoder | None, key: str
) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """Return the texts of the map, their ids and their vectors: captions, then prompts.

    Captions without a vector of the encoder are left out.
    """
    dimension = collection.encoder_entry(key).dimension
    vectors = np.empty((0, dimension), np.float32)
    texts: Sequence[str] = ()
    ids: Sequence[str] = ()
    if request.space != "images":
        rows, vectors = collection.present_text_vectors(key)
        known = collection.texts.take(rows)
        texts, ids = known["text"].to_pylist(), known["text_id"].to_pylist()
    if request.texts:
        if encoder is None:
            raise UsageError("Prompts on the map need an encoder.", "Give --model.")
        vectors = np.concatenate([vectors, encoder.encode_texts(request.texts)])
    return (*texts, *request.texts), (*ids, *("" for _ in request.texts)), vectors


def _quality(
    images: np.ndarray,
    texts: np.ndarray,
    xy: np.ndarray,
    request: LayoutRequest,
) -> tuple[float | None, float | None]:
    """Return the trustworthiness of the images' neighbourhoods, and the modality gap."""
    trust = trustworthiness(images, xy) if len(images) > 32 else None
    gap = modality_gap(images, texts) if len(texts) and request.space != "images" else None
    return trust, gap


def _name(
    request: LayoutRequest, entry: EncoderEntry, image_ids: Sequence[str], texts: Sequence[str]
) -> str:
    """Return the name of a kept layout: everything that it depends on, hashed."""
    key = [entry.key, entry.recipe]
    if imported := entry.provenance.get(IMPORTED):
        key.append(imported["date"])  # vectors under one key may be imported again
    parts = json.dumps([key, asdict(request), asdict(request.spec()), list(texts)], sort_keys=True)
    digest = hashlib.sha256(parts.encode())
    for image in image_ids:
        digest.update(image.encode())
    return f"{request.method}-{request.space}-{digest.hexdigest()[:16]}"


_Kept = tuple[np.ndarray, np.ndarray, float | None, float | None]


def _read(file: Path) -> _Kept | None:
    """Return a layout kept before, or None; a damaged one is made again."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            numbers = [None if np.isnan(value) else float(value) for value in kept["quality"]]
            return kept["xy"], kept["text_xy"], numbers[0], numbers[1]
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _write(
    file: Path, xy: np.ndarray, text_xy: np.ndarray, trust: float | None, gap: float | None
) -> None:
    quality = np.array([np.nan if value is None else value for value in (trust, gap)])
    with writing(file.parent):
        file.parent.mkdir(exist_ok=True)
        # a name of its own: two may make the same layout at the same time
        partial = file.with_name(f".{uuid.uuid4().hex}.npz")
        np.savez(partial, xy=xy, text_xy=text_xy, quality=quality)
        partial.replace(file)
