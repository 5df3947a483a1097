"""What a run makes, to the collection, in commits: in order, and a file whole or not at all."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import ImageRecord, ImageVector
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.batches import BatchEncoder
from vlm_explorer.pipeline.known import Known
from vlm_explorer.pixels.ct_choice import recipe_for

COMMIT_ROWS = 512
COMMIT_SECONDS = 5.0
_FIRST_COMMIT = 1.0  # s; somebody may be waiting to see the first images
_TIDY = 64  # commits after which the many small files of a table are merged


@dataclass(slots=True)
class _Row:
    """An image on its way; it is written once its vector is there and its file was closed."""

    record: ImageRecord
    has_vector: bool = False
    ends_file: bool = False
    dropped: bool = False


class Storing:
    """Encodes images as they come and stores them every few seconds, in the order of the scan.

    Vectors are stored before the rows that they belong to, and the rows of a file at once: a run
    that is cut off anywhere leaves images that have vectors, of files that are whole.

    Attributes:
        encoded: images encoded so far.
        reused: images whose vector was there before.
    """

    def __init__(
        self,
        writer: CollectionWriter,
        entry: EncoderEntry,
        encoder: Encoder,
        batch_size: int,
        known: Known,
    ) -> None:
        self._writer, self._entry, self._known = writer, entry, known
        self._batches: BatchEncoder[_Row] = BatchEncoder(encoder, batch_size, known.encoded)
        self._line: deque[_Row] = deque()  # all that is not written, in order
        self._file: list[_Row] = []  # of the file that is open
        self._closed = 0  # of those in line, how many belong to files that are whole
        self._vectors: list[ImageVector] = []
        self._last_commit = time.monotonic()
        self._commits = 0
        self.encoded = 0
        self.reused = 0

    @property
    def batch_size(self) -> int:
        """Images that go through the encoder at once: as asked for, or what fitted into memory."""
        return self._batches.batch_size

    def add(self, record: ImageRecord, view: np.ndarray) -> None:
        """Take an image of the open file; `view` is uint8 (S, S, 3), what the encoder sees."""
        self._known.note_present(record.image_id)
        row = _Row(record)
        self._line.append(row)
        self._file.append(row)
        if self._known.has_vector(record.image_id, record.modality):
            row.has_vector = True
            self.reused += 1
        else:
            self._batches.put(row, view)
            self._take()

    def close_file(self, refused: int) -> None:
        """Note that the open file is whole; `refused` of its frames gave no image."""
        for row in self._file if refused else ():
            row.record = replace(row.record, refused=refused)
        if self._file:
            self._file[-1].ends_file = True
        self._closed += len(self._file)
        self._file = []

    def drop_file(self) -> int:
        """Forget the images of the open file; return how many there were."""
        for row in self._file:
            row.dropped = True
        count = len(self._file)
        self.close_file(0)
        return count

    def tick(self) -> None:
        """Look at the clock: encode what waits for its batch to fill, store what is encoded."""
        self._take()
        limit = COMMIT_SECONDS if self._commits else _FIRST_COMMIT
        if self._batches.overdue(limit):
            self._batches.start()
        rows = self._closed - self._batches.waiting
        full = max(rows, len(self._vectors)) >= COMMIT_ROWS
        if full or (self._line and time.monotonic() - self._last_commit > limit):
            self.store()

    def finish(self, context: JobContext) -> None:
        """Encode and store all that is left."""
        self._batches.flush(context)
        self._take()
        self.store()

    def stop(self) -> None:
        """Store what was begun, of a run that is stopped."""
        self._batches.settle()
        self._take()
        self.store()

    def _take(self) -> None:
        """Take the vectors that are done."""
        for row, vector in self._batches.take():
            recipe = recipe_for(self._entry.recipe, row.record.modality)
            self._vectors.append(ImageVector(row.record.image_id, recipe, vector))
            row.has_vector = True
            self.encoded += 1

    def store(self) -> None:
        """Commit what is encoded, and the rows of the files that are whole."""
        vectors, self._vectors = self._vectors, []
        if vectors:
            self._writer.add_image_vectors(self._entry, vectors)
        records = [row.record for row in self._whole_files() if not row.dropped]
        new = [record for record in records if not self._known.has_image(record.image_id)]
        if new:
            self._writer.add_images(new)
        if len(new) < len(records):
            there = {record.image_id for record in new}
            moved = [record for record in records if record.image_id not in there]
            self._writer.update_images(moved)
        self._last_commit = time.monotonic()
        self._commits += bool(vectors or records)
        if self._commits % _TIDY == _TIDY - 1:
            self._commits += 1
            self._writer.compact(self._entry)

    def _whole_files(self) -> list[_Row]:
        """Take from the head of the line the files whose images all have vectors."""
        whole = 0
        for count, row in enumerate(self._line, 1):
            if not row.has_vector:
                break
            if row.ends_file:
                whole = count
        self._closed -= whole
        return [self._line.popleft() for _ in range(whole)]
