"""What an indexing run did, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file (`frame` None) or a frame that gave no image, and why."""

    file: str
    frame: int | None
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did.

    Attributes:
        files: every file met; each has its images or a row in `skipped`.
        images: images of these files in the collection now, one a frame.
        texts: captions of these images.
        encoded: images whose vector was made in this run.
        reused: images whose vector was there before.
        not_tried: rows of `skipped` that were known before: unreadable or unsupported files, and
            frames of such, unchanged since they were tried with the same decoders.
        ct_window: through which window CT is encoded in the collection now.
        batch_size: images that were encoded at a time.
    """

    collection: str
    model: str
    device: str
    precision: str
    files: int
    images: int
    texts: int
    encoded: int
    reused: int
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    seconds: float
    ct_window: str = "default"
    batch_size: int = 0
    not_tried: int = 0

    @property
    def images_per_second(self) -> float:
        """Images encoded in a second of this run, its scan and its decoding included."""
        return self.encoded / self.seconds if self.seconds > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values, `images_per_second` included."""
        from dataclasses import asdict

        return {**asdict(self), "images_per_second": round(self.images_per_second, 3)}
