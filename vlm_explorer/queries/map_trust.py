"""How far to trust a map of a collection, as a whole and image by image."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.map_trust import Trust, judge, kept_neighbours
from vlm_explorer.analysis.spaces import space_points
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import StorageProblem
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.archives import DAMAGE, bytes_of, read_members, text_of, write_members
from vlm_explorer.queries.kept_layouts import layouts_folder
from vlm_explorer.queries.layout_request import LayoutAnswer

_FEWEST_JUDGED = 33  # images that have neighbourhoods of 15


@dataclass(frozen=True, slots=True, eq=False)
class MapTrust:
    """How far a map can be trusted, as a whole and point by point.

    Attributes:
        quality: as in `LayoutAnswer`.
        kept: float32 (N,), the share of each image's 15 nearest in the full space that are among
            its 15 nearest on the map, in the order of the layout's images; NaN where unknown.
    """

    quality: tuple[Trust, ...]
    kept: np.ndarray


def quality_of(
    points: np.ndarray,
    answer: LayoutAnswer,
    there: np.ndarray | None = None,
    *,
    context: JobContext | None = None,
) -> tuple[Trust, ...]:
    """Return how far the images' neighbourhoods can be trusted; of both parts where there are two.

    Args:
        points: float32 (P, D), the images in the space of the layout.
        answer: the layout.
        there: int (P,), which of the layout's images they are; by default all.
    """
    if len(points) < _FEWEST_JUDGED:
        return ()
    there = np.arange(len(points)) if there is None else there
    judgement = judge(points, answer.xy[there], context=context)
    if answer.laid_out is None:
        return (judgement.of(),)
    part = answer.laid_out[there]
    return judgement.of(), judgement.of(part), judgement.of(~part)


def map_trust(
    collection: Collection, answer: LayoutAnswer, *, context: JobContext | None = None
) -> MapTrust:
    """Say how far to trust a layout; neighbours are computed in the full space, among images.

    In the space `centred` they are neighbours after centring. What was found is kept.

    Args:
        answer: a layout of this collection, also one of another number of images.

    Raises:
        ModelNotFound: the collection holds no vectors of the layout's encoder any more.
    """
    context = context or JobContext()
    file = layouts_folder(collection) / f"{answer.key}.trust.npz"
    if answer.key and (found := _read_trust(file, len(answer.image_ids))) is not None:
        return found
    stored = collection.vector_rows(answer.model)
    known = collection.images["image_id"].take(stored.rows).to_pylist()
    row_of = {key: row for row, key in enumerate(known)}
    wanted = np.array([row_of.get(key, -1) for key in answer.image_ids], np.int64)
    there = np.flatnonzero(wanted >= 0)
    kept = np.full(len(wanted), np.nan, np.float32)
    quality: tuple[Trust, ...] = ()
    if len(there) >= _FEWEST_JUDGED:
        halves = stored.halves[wanted[there]]
        points, _ = space_points(answer.request, halves, halves[:0])
        quality = quality_of(points, answer, there, context=context)
        kept[there] = kept_neighbours(points, answer.xy[there], context=context)
    found = MapTrust(quality, kept)
    if answer.key:
        _write_trust(file, found)
    return found


def _read_trust(file: Path, images: int) -> MapTrust | None:
    try:
        members = read_members(file)
        parts, kept = json.loads(text_of(members["quality"])), members["kept"]
        quality = tuple(Trust(**part) for part in parts)
    except DAMAGE:
        return None
    return MapTrust(quality, kept) if kept.shape == (images,) else None


def _write_trust(file: Path, trust: MapTrust) -> None:
    """Keep what was found; a collection that cannot be written to keeps nothing."""
    parts = json.dumps([asdict(part) for part in trust.quality])
    with suppress(StorageProblem):
        write_members(file, {"quality": bytes_of(parts), "kept": trust.kept})
