"""A session whose images, layout and answers are made up in memory: no files, no encoder."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from vlm_explorer.analysis.groups import Group
from vlm_explorer.queries.classify import ClassifyAnswer
from vlm_explorer.queries.layout import LayoutAnswer, LayoutRequest
from vlm_explorer.queries.search_answer import SearchAnswer
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.filters import OnlyThese
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import LabelState, LayoutState, QueryState, Session

# Five places far from each other; the last two images share a place.
PLACES = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [5, 5], [5, 5]], np.float32)
MODALITIES = ("CT", "CT", "MR", "CR", "CR", "")
LABELS = ("effusion", "effusion", "normal", "nodule", "normal", "effusion")


def image_table(modalities=MODALITIES, labels=LABELS) -> pa.Table:
    """Images a, b, c… of two patients, in files scan-a.png, scan-b.png…"""
    size = len(modalities)
    ids = image_ids(size)
    return pa.table(
        {
            "image_id": ids,
            "file": [f"/scans/folder-{row // 3}/scan-{key}.png" for row, key in enumerate(ids)],
            "frame": [0] * size,
            "modality": list(modalities),
            "label": list(labels),
            "caption": [f"words about {key}" for key in ids],
            "patient": [f"key-of-{row // 3}" for row in range(size)],
            "series": [f"series-key-{row // 3}" for row in range(size)],
            "rows": [100] * size,
            "columns": [120] * size,
            "series_number": [float("nan") if row < 3 else 7.0 for row in range(size)],
        }
    )


def image_ids(size: int) -> list[str]:
    """Return a, b, … or longer names where letters do not suffice."""
    return [chr(97 + row) if size <= 26 else f"image-{row}" for row in range(size)]


class MadeUpCollection:
    """As much of a collection as the map asks for; each image has its own grey thumbnail."""

    folder = Path("made-up")

    def __init__(self, ids: list[str], captioned: list[str]) -> None:
        self._ids = ids
        texts = [f"caption-of-{key}" for key in captioned]
        self.texts = pa.table({"text_id": texts, "image_id": captioned})

    def user_state(self, _name: str) -> None:
        """Nothing was kept."""

    def thumbnails(self, wanted: list[str]) -> dict[str, bytes]:
        """Return JPEGs whose grey is 40 times the image's row."""
        return {key: self._thumbnail(self._ids.index(key)) for key in wanted}

    def _thumbnail(self, row: int) -> bytes:
        file = io.BytesIO()
        grey = np.full((32, 32), 40 * row % 256, np.uint8)
        Image.fromarray(grey).save(file, "JPEG", quality=95)
        return file.getvalue()


def fill(session: Session, *, captioned: list[str] | None = None, **columns) -> None:
    """Put images into a session; those of `captioned` have captions."""
    table = image_table(**columns)
    ids = table["image_id"].to_pylist()
    collection = MadeUpCollection(ids, captioned or [])
    session.take(Opened(collection, ImageTable(table), None))


def show_only(session: Session, mask) -> None:
    """Filter out the images where `mask`, bool (N,), is false."""
    session.set_filter(OnlyThese(frozenset(session.images.ids[np.asarray(mask)])))


def lay_out(
    session: Session,
    xy=PLACES,
    *,
    captions: dict[str, tuple[float, float]] | None = None,
    groups: tuple[Group, ...] = (),
    ids: list[str] | None = None,
    space: str = "raw",
    **state,
) -> LayoutAnswer:
    """Give the session's images places, and captions by the image that they belong to."""
    captions = captions or {}
    answer = LayoutAnswer(
        request=LayoutRequest("umap", space, 42),
        model="made-up",
        image_ids=tuple(ids if ids is not None else session.images.ids),
        xy=np.asarray(xy, np.float32),
        text_ids=tuple(f"caption-of-{key}" for key in captions),
        texts=tuple(f"words about {key}" for key in captions),
        text_xy=np.array(list(captions.values()), np.float32).reshape(-1, 2),
        trust=0.94,
        gap=0.52 if captions else None,
    )
    session.groups = groups
    session.put(layout=LayoutState(answer=answer, method="umap", space=space, **state))
    return answer


def search(session: Session, text: str, cosine) -> None:
    """Put a finished search into the session."""
    answer = SearchAnswer("made-up", text, (), np.asarray(cosine, np.float32))
    session.put(query=QueryState(text=text, answer=answer))


def score_labels(session: Session, labels: tuple[str, ...], probability) -> None:
    """Put finished zero-shot labels into the session."""
    shares = np.asarray(probability, np.float32)
    ids = tuple(session.images.ids)
    answer = ClassifyAnswer("made-up", "single", "raw", labels, ids, shares, shares, logit=shares)
    session.put(label_state=LabelState.of(labels, "raw", "single", answer))
