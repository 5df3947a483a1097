"""A small collection with the vectors of two encoders, the second imported as a user would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from shell_collection import DIMENSION, build_collection

from vlm_explorer.api import open_collection

FIRST, SECOND = "fake", "other"
WIDER = 24  # dimensions of the second


def build_two(folder: Path, images: int = 24, known: int | None = None) -> Path:
    """Write a collection; the second encoder knows the first `known` images (all by default).

    Its vectors are those of the first in more dimensions, turned, with noise: neighbours are
    partly the same.
    """
    build_collection(folder, images)
    collection = open_collection(folder)
    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(WIDER, WIDER)))[0][:DIMENSION]

    def seen_otherwise(vectors: np.ndarray) -> np.ndarray:
        seen = vectors @ turn + 0.12 * random.normal(size=(len(vectors), WIDER))
        return (seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float32)

    file = folder.parent / "other.npz"
    ids = np.array(collection.images["image_id"].to_pylist())
    known = images if known is None else known
    texts = dict(
        zip(collection.texts["text"].to_pylist(), collection.text_vectors(FIRST), strict=True)
    )
    np.savez(
        file,
        image_ids=ids[:known],
        image_vectors=seen_otherwise(collection.vectors(FIRST)[:known]),
        texts=np.array(list(texts)),
        text_vectors=seen_otherwise(np.stack(list(texts.values()))),
    )
    collection.import_vectors(file, model=SECOND)
    return folder
