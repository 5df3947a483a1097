"""What the user said about findings of a review, kept in the collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from vlm_explorer.collection.store import Collection

STATE = "review"  # the name under which a collection keeps marks
KEEP, DROP, DROP_FIRST, UNSURE = VERDICTS = ("keep", "drop", "drop first", "not sure")


@dataclass(frozen=True, slots=True)
class Mark:
    """What was said about one finding.

    Attributes:
        check: "duplicates", "outliers" or "mispaired".
        images: ids of the image, or of both images of a pair.
        caption: of a pair of image and caption; else empty.
        verdict: one of `VERDICTS`; of a pair of images, "drop" is about the second.
    """

    check: str
    images: tuple[str, ...]
    caption: str = ""
    verdict: str = UNSURE

    @property
    def finding(self) -> tuple[str, tuple[str, ...], str]:
        """What it is about; a finding has one mark."""
        return self.check, self.images, self.caption


def read_marks(collection: Collection) -> list[Mark]:
    """Return the marks in the order in which they were made; what is no mark is passed over.

    Raises:
        CollectionDamaged: the file cannot be read.
    """
    kept = collection.user_state(STATE)
    rows = kept.get("marks") if isinstance(kept, dict) else None
    marks = [_mark(row) for row in rows] if isinstance(rows, list) else []
    return [mark for mark in marks if mark is not None]


def _mark(row: Any) -> Mark | None:
    match row:
        case {
            "check": str(check),
            "images": [*images],
            "caption": str(caption),
            "verdict": str(verdict),
        } if images and verdict in VERDICTS:
            return Mark(check, tuple(str(key) for key in images), caption, verdict)
    return None


def write_marks(collection: Collection, marks: Iterable[Mark]) -> None:
    """Keep marks, in place of those kept before; the file is replaced whole.

    Raises:
        StorageProblem: it cannot be written.
    """
    collection.set_user_state(STATE, {"format": 1, "marks": [asdict(mark) for mark in marks]})
