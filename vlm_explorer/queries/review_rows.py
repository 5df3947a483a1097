"""What a review found, and what was said about it, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vlm_explorer.queries.review_marks import DROP, DROP_FIRST, Mark

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.duplicates import DuplicatesAnswer
    from vlm_explorer.queries.mispaired import MispairedAnswer
    from vlm_explorer.queries.outliers import OutliersAnswer

Row = dict[str, Any]

_IMAGE = ("image_id", "file", "frame")
_OTHER = tuple(f"other_{name}" for name in _IMAGE)
_RANKS = ("share_before", "cosine", "caption_rank", "captions", "image_rank", "images")
# What the rows of each check have, and those of marks.
COLUMNS = {
    "duplicates": ("cosine", "group", *_IMAGE, *_OTHER),
    "outliers": ("score", "mean_distance", "mahalanobis", *_IMAGE),
    "mispaired": (*_RANKS, *_IMAGE, "caption"),
}
MARK_COLUMNS = ("check", "mark", "drop_image_id", "value", *_IMAGE, *_OTHER, "caption")


def duplicate_rows(collection: Collection, answer: DuplicatesAnswer) -> list[Row]:
    """Return a row a pair: cosine, group (from 1), and the images."""
    place = _places(collection)
    return [
        {
            "cosine": float(cosine),
            "group": int(group) + 1,
            **place[one],
            **{f"other_{name}": value for name, value in place[other].items()},
        }
        for (one, other), cosine, group in zip(
            answer.pairs.tolist(), answer.cosine, answer.group, strict=True
        )
    ]


def outlier_rows(collection: Collection, answer: OutliersAnswer) -> list[Row]:
    """Return a row an outlier: its score, both distances, and the image."""
    place = _places(collection)
    return [
        {
            "score": float(answer.score[row]),
            "mean_distance": float(answer.distance[row]),
            "mahalanobis": float(answer.mahalanobis[row]),
            **place[row],
        }
        for row in answer.outliers.tolist()
    ]


def mispaired_rows(collection: Collection, answer: MispairedAnswer) -> list[Row]:
    """Return a row a pair of image and caption: the ranks of both for each other."""
    place, ranks = _places(collection), answer.ranks
    share = ranks.share_before
    return [
        {
            "share_before": float(share[pair]),
            "cosine": float(ranks.cosine[pair]),
            "caption_rank": int(ranks.text_rank[pair]),
            "captions": int(ranks.text_rivals[pair]) + 1,
            "image_rank": int(ranks.image_rank[pair]),
            "images": int(ranks.image_rivals[pair]) + 1,
            **place[int(answer.image[pair])],
            "caption": answer.captions[pair],
        }
        for pair in answer.mispaired.tolist()
    ]


def mark_rows(
    collection: Collection, marks: Iterable[Mark], values: Mapping[Mark, float]
) -> list[Row]:
    """Return a row a mark: the check, what was said, which image is to go, and the images.

    Args:
        values: the number by which the check found it, where that is known.
    """
    place, row_of = _places(collection), collection.row_of
    nothing: Row = {"image_id": "", "file": "", "frame": ""}
    rows = []
    for mark in marks:
        known = [
            place[row_of[key]] if key in row_of else {**nothing, "image_id": key}
            for key in mark.images
        ]
        other = known[1] if len(known) > 1 else nothing
        dropped = {DROP: mark.images[-1], DROP_FIRST: mark.images[0]}.get(mark.verdict, "")
        rows.append(
            {
                "check": mark.check,
                "mark": "drop" if dropped else mark.verdict,
                "drop_image_id": dropped,
                "value": values.get(mark, ""),
                **known[0],
                **{f"other_{name}": value for name, value in other.items()},
                "caption": mark.caption,
            }
        )
    return rows


def _places(collection: Collection) -> list[Row]:
    rows: list[Row] = collection.images.select(list(_IMAGE)).to_pylist()
    return rows
