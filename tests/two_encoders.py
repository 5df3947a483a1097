"""A small collection with the vectors of two encoders, the second imported as a user would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from shell_collection import DIMENSION, build_collection

from vlm_explorer.api import open_collection

FIRST, SECOND = "fake", "other"


def build_two(folder: Path, images: int = 24, known: int | None = None) -> Path:
    """Write a collection; the second encoder knows the first `known` images (all by default).

    Its vectors are those of the first, turned, with noise: neighbours are partly the same.
    """
    build_collection(folder, images)
    collection = open_collection(folder)
    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(DIMENSION, DIMENSION)))[0]
    vectors = collection.vectors(FIRST) @ turn + 0.15 * random.normal(size=(images, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    file = folder.parent / "other.npz"
    ids = np.array(collection.images["image_id"].to_pylist())
    known = images if known is None else known
    np.savez(file, image_ids=ids[:known], image_vectors=vectors[:known].astype(np.float32))
    collection.import_vectors(file, model=SECOND)
    return folder
