"""Where the images and texts of a collection lie on the map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from vlm_explorer.analysis.projection import METHODS, modality_gap, project, require, space_points
from vlm_explorer.analysis.spaces import SPACES
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.import_vectors import IMPORTED
from vlm_explorer.queries.kept_layouts import layouts_folder, read_layout, write_layout
from vlm_explorer.queries.layout_request import LayoutAnswer, LayoutRequest
from vlm_explorer.queries.map_trust import quality_of

__all__ = ["METHODS", "SPACES", "LayoutAnswer", "LayoutRequest", "layout"]


def layout(
    collection: Collection,
    request: LayoutRequest,
    *,
    encoder: Encoder | None = None,
    model: str | None = None,
    judged: bool = True,
    context: JobContext | None = None,
) -> LayoutAnswer:
    """Lay out the images and texts of a collection; a layout made before is read back.

    Args:
        encoder: needed only for prompts in the request.
        model: whose vectors; by default the encoder's, else those last used.
        judged: whether to say how far to trust it, which takes its time; see `map_trust`.

    Raises:
        UsageError: unknown method or space, prompts without an encoder, or no images.
        NotSupported: the method has to be installed first.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    _check(collection, request)
    context = context or JobContext()
    entry = collection.encoder_entry(encoder.id if encoder is not None else model)
    stored = collection.vector_rows(entry.key)
    if not len(stored.rows):
        raise UsageError(
            f"No image of “{collection.name}” has a vector of {entry.model}.",
            f"Index its folders with --model {entry.model}.",
        )
    image_ids = collection.images["image_id"].take(stored.rows).to_pylist()
    texts, text_ids, text_vectors = _texts(collection, request, encoder, entry.key)
    key = _key(request, entry, image_ids, texts)
    file = layouts_folder(collection) / f"{key}.npz"
    answer = read_layout(file)
    fresh = answer is None
    if answer is None:
        require(request.method)
        made = project(request.spec(), stored.halves, text_vectors, context=context)
        answer = LayoutAnswer(
            request=request,
            model=entry.model,
            image_ids=tuple(image_ids),
            xy=made.xy,
            text_ids=text_ids,
            texts=texts,
            text_xy=made.text_xy,
            trust=None,
            gap=_gap(request, stored.halves, text_vectors),
            without_vector=stored.missing,
            laid_out=None if made.laid_out.all() else made.laid_out,
            key=key,
        )
    if judged and not answer.quality:
        points, _ = space_points(request, stored.halves, stored.halves[:0])
        answer = answer.judged(quality_of(points, answer, context=context))
        fresh = fresh or bool(answer.quality)
    if fresh:
        with suppress(StorageProblem):  # what cannot be kept is made again
            write_layout(file, answer)
    return replace(answer, request=request)


def _check(collection: Collection, request: LayoutRequest) -> None:
    request.check()
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


def _gap(request: LayoutRequest, images: np.ndarray, texts: np.ndarray) -> float | None:
    """Return the modality gap of the raw space, where texts belong to the map."""
    return modality_gap(images, texts) if len(texts) and request.space != "images" else None


def _key(
    request: LayoutRequest, entry: EncoderEntry, image_ids: Sequence[str], texts: Sequence[str]
) -> str:
    """Return the name of a kept layout: everything that it depends on, hashed."""
    key = [entry.key, entry.recipe]
    if imported := entry.provenance.get(IMPORTED):
        key.append(imported["date"])  # vectors under one key may be imported again
    made = [request.method, request.space, request.spec().settings, list(request.texts)]
    digest = hashlib.sha256(json.dumps([key, made, list(texts)], sort_keys=True).encode())
    digest.update("".join(image_ids).encode())
    return f"{request.method}-{request.space}-{digest.hexdigest()[:16]}"
