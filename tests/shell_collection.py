"""A small collection, written as indexing writes it, and an encoder that needs no weights."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import (
    ImageRecord,
    ImageVector,
    Problem,
    TextRecord,
    TextVector,
    text_id,
    text_key,
)
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.encoders.preprocess import PreprocessConfig

IMAGES = 24
DIMENSION = 16
LABELS = ("effusion", "nodule", "normal")
MODALITIES = ("XR", "CT", "MR")
KNOWN = frozenset({"left", "right", "pleural", "effusion", "nodule", "normal", "head", "chest"})
RECIPE = "render-1"


class FakeEncoder:
    """Texts to vectors by the words in them: texts that share words are alike."""

    id = "fake"
    fingerprint = "0" * 64
    device = "cpu"
    precision = "fp32"
    dimension = DIMENSION
    logit_scale = 20.0
    logit_bias = None
    preprocess: Any = PreprocessConfig()
    context_length = 12
    domain = "tests"

    def encode_texts(self, texts: Sequence[str], *, context: object = None) -> np.ndarray:
        return np.stack([_unit(sum(word_vector(w) for w in text.split())) for text in texts])

    def read_text(self, text: str) -> TextReading:
        words = text.split()
        unknown = tuple(word for word in words if word.lower() not in KNOWN)
        return TextReading(min(len(words), 10) + 2, 12, tuple(words[10:]), unknown)


def word_vector(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.lower().encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


def _unit(vector: Any) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def image_id(number: int) -> str:
    return f"image{number:04d}-0"


def build_collection(
    folder: Path, images: int = IMAGES, problems: int = 2, model: str = "fake"
) -> Path:
    """Write a collection of patients with two series of three images each."""
    entry = EncoderEntry(f"{model}-000000000000", model, "0" * 64, RECIPE, DIMENSION, 20.0, None)
    with CollectionWriter(folder, name="Small") as writer:
        writer.use_encoder(entry)
        records = [_record(number, folder.parent / "scans") for number in range(images)]
        writer.add_images(records)
        vectors = [
            ImageVector(r.image_id, RECIPE, _unit(word_vector(r.label) + 0.3 * word_vector(str(n))))
            for n, r in enumerate(records)
        ]
        if records:
            writer.add_image_vectors(entry, vectors)
            texts = [
                TextRecord(
                    text_id(r.caption, "caption", r.image_id), r.caption, "caption", r.image_id
                )
                for r in records
            ]
            writer.set_texts(texts)
            distinct = sorted({text.text for text in texts})
            encoded = FakeEncoder().encode_texts(distinct)
            writer.add_text_vectors(
                entry,
                [TextVector(text_key(t), v) for t, v in zip(distinct, encoded, strict=True)],
            )
        writer.set_problems(
            Problem(f"/scans/broken{n}.dcm", None, "unreadable", "The file ends early.", "/scans")
            for n in range(problems)
        )
        writer.compact(entry)
    keep_window_state(folder)
    return folder


def keep_window_state(folder: Path, **state: Any) -> None:
    """Leave the window's state behind; the map by PCA, which takes no time."""
    Collection(folder).set_user_state("window", {"layout": ["pca", "raw", 42], **state})


def _record(number: int, scans: Path) -> ImageRecord:
    scans.mkdir(exist_ok=True)
    Image.fromarray(_grey(number, 64)).save(scans / f"{number}.png")
    patient, series = number // 6, number // 3
    modality, label = MODALITIES[series % 3], LABELS[number % 3]
    return ImageRecord(
        image_id=image_id(number),
        file=str(scans / f"{number}.png"),
        frame=0,
        content_hash=f"{number:064d}",
        size=1,
        mtime_ns=1,
        source=str(scans),
        patient=f"patient{patient}",
        study=f"study{patient}",
        series=f"series{series}",
        stack="axial",
        series_number=series % 2 + 1,
        instance_number=3 - number % 3,
        position=float(number % 3),
        modality=modality,
        body_part="CHEST",
        rows=64,
        columns=64,
        label=label,
        caption=f"{modality} with {label}",
        split="",
        extra="",
        thumbnail=_thumbnail(number),
    )


def _thumbnail(number: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(_grey(number, 32)).save(data, "JPEG")
    return data.getvalue()


def _grey(number: int, side: int) -> np.ndarray:
    return np.full((side, side), 8 * (number % 30), np.uint8)
