"""Views to vectors in batches, and both to the collection in commits."""

from __future__ import annotations

import time

import numpy as np

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import ImageRecord, ImageVector
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.plan import Known
from vlm_explorer.pixels.ct_choice import recipe_for

COMMIT_ROWS = 512
COMMIT_SECONDS = 10.0


class BatchWriter:
    """Encodes images as they come and stores them every few seconds.

    Vectors are stored before the rows that they belong to, so that an image in the collection
    always has its vector, wherever a run is cut off.

    Attributes:
        encoded: images encoded so far.
        reused: images whose vector was there before.
    """

    def __init__(
        self, writer: CollectionWriter, entry: EncoderEntry, encoder: Encoder, known: Known
    ) -> None:
        self._writer, self._entry, self._encoder = writer, entry, encoder
        self._vectors_there = set(known.vectors)
        self._rows_there = {key for file in known.files.values() for key in file.image_ids}
        self._waiting: list[tuple[ImageRecord, np.ndarray]] = []
        self._records: list[ImageRecord] = []
        self._vectors: list[ImageVector] = []
        self._last_commit = time.monotonic()
        self.encoded = 0
        self.reused = 0

    def add(self, record: ImageRecord, view: np.ndarray, batch_size: int) -> None:
        """Take an image; `view` is uint8 (S, S, 3), what the encoder sees of it."""
        key = record.image_id, recipe_for(self._entry.recipe, record.modality)
        if key in self._vectors_there:
            self.reused += 1
            self._records.append(record)
        else:
            self._vectors_there.add(key)
            self._waiting.append((record, view))
        if len(self._waiting) >= batch_size:
            self.encode(None)
        overdue = time.monotonic() - self._last_commit > COMMIT_SECONDS
        if len(self._records) >= COMMIT_ROWS or (overdue and self._records):
            self.store()

    def encode(self, context: JobContext | None) -> None:
        """Encode the images that wait for their batch to fill."""
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, []
        vectors = self._encoder.encode_images(
            [view for _, view in batch], batch_size=len(batch), context=context
        )
        for (record, _), vector in zip(batch, vectors, strict=True):
            self._records.append(record)
            recipe = recipe_for(self._entry.recipe, record.modality)
            self._vectors.append(ImageVector(record.image_id, recipe, vector))
        self.encoded += len(batch)

    def store(self) -> None:
        """Commit what is encoded."""
        vectors, self._vectors = self._vectors, []
        records, self._records = self._records, []
        if vectors:
            self._writer.add_image_vectors(self._entry, vectors)
        new = [record for record in records if record.image_id not in self._rows_there]
        moved = [record for record in records if record.image_id in self._rows_there]
        if new:
            self._writer.add_images(new)
        if moved:
            self._writer.update_images(moved)
        self._rows_there.update(record.image_id for record in new)
        self._last_commit = time.monotonic()
