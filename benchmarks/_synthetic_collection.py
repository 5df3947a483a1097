"""A collection of any size without scans: rows and vectors as indexing would write them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vlm_explorer.collection.records import ImageRecord

DIMENSION = 512
MODEL = "synthetic"
RECIPE = "render-2"
SLICES = 100  # images a series
GROUPS = 24
_AT_ONCE = 10_000
_SALT = 17


def unit_rows(chance: np.random.Generator, centres: np.ndarray, count: int) -> np.ndarray:
    """Return float16 (count, D) unit rows around centres, as alike as scans of one kind are."""
    rows = centres[chance.integers(0, len(centres), count)]
    rows = rows + chance.standard_normal((count, rows.shape[1]), dtype=np.float32) * 0.05
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float16)


def centres_of(dimension: int = DIMENSION) -> np.ndarray:
    chance = np.random.default_rng(_SALT)
    common = chance.standard_normal(dimension, dtype=np.float32)
    rows = common + chance.standard_normal((GROUPS, dimension), dtype=np.float32)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def write(folder: Path, images: int) -> Path:
    """Write a collection of `images` images; the window opens it with a map by PCA."""
    from vlm_explorer.collection.manifest import EncoderEntry
    from vlm_explorer.collection.records import ImageVector
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.collection.writer import CollectionWriter

    chance, centres = np.random.default_rng(_SALT + 1), centres_of()
    entry = EncoderEntry(f"{MODEL}-000000000000", MODEL, "0" * 64, RECIPE, DIMENSION, 20.0, None)
    pictures = [_thumbnail(shade) for shade in range(20, 240, 10)]
    with CollectionWriter(folder, name="Synthetic") as writer:
        writer.use_encoder(entry)
        for start in range(0, images, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, images))
            records = [_record(number, pictures[number % len(pictures)]) for number in numbers]
            vectors = unit_rows(chance, centres, len(records))
            writer.add_image_vectors(
                entry,
                [
                    ImageVector(record.image_id, RECIPE, row)
                    for record, row in zip(records, vectors, strict=True)
                ],
            )
            writer.add_images(records)
        writer.compact(entry)
    Collection(folder).set_user_state("window", {"layout": ["pca", "raw", 42]})
    return folder


def _record(number: int, thumbnail: bytes) -> ImageRecord:
    from vlm_explorer.collection.records import ImageRecord

    series = number // SLICES
    modality, part = ("CT", "MR", "XR")[series % 3], ("CHEST", "HEAD", "ABDOMEN")[series % 3]
    return ImageRecord(
        image_id=f"{number:020x}-0",
        file=f"/scans/{series:06d}/{number:08d}.dcm",
        frame=0,
        content_hash=f"{number:064x}",
        size=1,
        mtime_ns=1,
        source="/scans",
        patient=f"patient{series // 4}",
        study=f"study{series // 2}",
        series=f"series{series}",
        stack="axial",
        series_number=series % 4 + 1,
        instance_number=number % SLICES + 1,
        position=float(number % SLICES),
        modality=modality,
        body_part=part,
        rows=512,
        columns=512,
        label=("effusion", "nodule", "normal", "")[series % 4],
        caption="",
        split="",
        extra="",
        thumbnail=thumbnail,
        described=2,
    )


def _thumbnail(shade: int) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(np.full((96, 96), shade, np.uint8)).save(data, "JPEG")
    return data.getvalue()
