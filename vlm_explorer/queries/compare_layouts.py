"""How far two encoders, or two layouts of one, agree about the images of a collection."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vlm_explorer.analysis import alignment
from vlm_explorer.analysis.map_trust import map_neighbours
from vlm_explorer.analysis.neighbours import nearest
from vlm_explorer.analysis.spaces import space_points
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.import_vectors import IMPORTED
from vlm_explorer.queries.archives import DAMAGE, read_members, write_members
from vlm_explorer.queries.kept_layouts import layouts_folder
from vlm_explorer.queries.layout import layout
from vlm_explorer.queries.layout_request import LayoutAnswer, LayoutRequest

SPACE, MAP = "space", "map"  # where neighbours were looked for
_MOST_COSINES = 20_000**2  # of each space, which take some ten seconds
_FEWEST_MEASURED = 1000
FEWEST = 5  # images in both, below which neighbourhoods say nothing


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Two maps of one collection.

    Attributes:
        model_a, model_b: ids of encoders whose vectors are in the collection.
        layout_a, layout_b: how each map is made.
        k: neighbours an image; of fewer than 2k + 1 images, half of the others.
    """

    model_a: str
    model_b: str
    layout_a: LayoutRequest = field(default_factory=LayoutRequest)
    layout_b: LayoutRequest = field(default_factory=LayoutRequest)
    k: int = 15


@dataclass(frozen=True, slots=True, eq=False)
class CompareAnswer:
    """How far two maps agree.

    Attributes:
        request: what was asked.
        first, second: the two maps.
        image_ids: the images in both, in the order of the collection, (C,).
        k: neighbours an image, as used; 0 where there are too few images.
        measured: `space`: neighbours in the full spaces that the maps are made from, exact; or
            `map`: of two layouts of the same space the neighbours on the maps.
        overlap: Jaccard index of each image's k neighbours in both, float64 (C,), 0 to 1; NaN
            where it was not measured.
        measured_images: where it was: all, or of very many a seeded sample, each against all.
        mean: mean overlap, with its 95 % bootstrap `interval` over images; `chance`: the mean of
            neighbours drawn at random. NaN where there are too few images.
        shared: mean share of neighbours in common (mutual k nearest neighbours, Huh et al. 2024);
            by chance k / (C - 1).
        cka: linear CKA of the two spaces, 0 to 1 (Kornblith et al. 2019); None for one space.
        cka_unbiased: the same without its bias towards 1 of few images in many dimensions.
        alignment: what lays the second map's images onto the first's.
        aligned_xy, aligned_text_xy: float32, all images and texts of `second`, aligned.
        only_first, only_second: images with a vector of one encoder only.
        images: all images of the collection.
    """

    request: CompareRequest
    first: LayoutAnswer
    second: LayoutAnswer
    image_ids: tuple[str, ...]
    k: int
    measured: str
    overlap: np.ndarray
    measured_images: int
    mean: float
    interval: tuple[float, float]
    chance: float
    shared: float
    cka: float | None
    cka_unbiased: float | None
    alignment: alignment.Alignment
    aligned_xy: np.ndarray
    aligned_text_xy: np.ndarray
    only_first: int
    only_second: int
    images: int

    @property
    def shared_by_chance(self) -> float:
        """The share of neighbours that any image has in common with chance, k / (C - 1)."""
        return self.k / (len(self.image_ids) - 1) if self.k else float("nan")


def compare_layouts(
    collection: Collection,
    request: CompareRequest,
    *,
    first: LayoutAnswer | None = None,
    second: LayoutAnswer | None = None,
    context: JobContext | None = None,
) -> CompareAnswer:
    """Compare two maps of a collection; what takes long is kept, and read back.

    Args:
        first, second: either map, where it is there already, such as a kept one; it is then not
            laid out again, and as it was made counts instead of the request.

    Raises:
        UsageError: unknown method or space, k below 1, or no image has a vector of both.
        ModelNotFound: the collection holds no vectors of an encoder.
    """
    if request.k < 1:
        raise UsageError("At least one neighbour is needed.", "Give --k 1 or more.")
    context = context or JobContext()
    if first is None:
        first = layout(collection, request.layout_a, model=request.model_a, context=context)
    if second is None:
        second = layout(collection, request.layout_b, model=request.model_b, context=context)
    spaces = (
        _Space(collection, first.model, first.request),
        _Space(collection, second.model, second.request),
    )
    common = _in_both(first, second, spaces[0])
    rows = _rows_of(common, first.image_ids), _rows_of(common, second.image_ids)
    k = min(request.k, (len(common) - 1) // 2) if len(common) >= FEWEST else 0
    same = spaces[0].key == spaces[1].key
    if same:
        shared, cka = _on_the_maps(first.xy[rows[0]], second.xy[rows[1]], k), None
    else:
        shared, cka = _in_the_spaces(spaces, common, k, context)
    return CompareAnswer(
        request=request,
        first=first,
        second=second,
        image_ids=common,
        k=k,
        measured=MAP if same else SPACE,
        **_figures(shared, k),
        cka=None if cka is None else cka[0],
        cka_unbiased=None if cka is None else cka[1],
        **_aligned(first.xy[rows[0]], second, rows[1]),
        only_first=len(first.image_ids) - len(common),
        only_second=len(second.image_ids) - len(common),
        images=collection.images.num_rows,
    )


def _in_both(first: LayoutAnswer, second: LayoutAnswer, space: _Space) -> tuple[str, ...]:
    """Return the images on both maps; a map of earlier may hold some that are gone."""
    there = set(second.image_ids) & set(space.image_ids)
    common = tuple(key for key in first.image_ids if key in there)
    if not common:
        raise UsageError(
            f"No image has a vector of both {first.model} and {second.model}.",
            "Index the same folders with both encoders.",
        )
    return common


def _rows_of(wanted: tuple[str, ...], ids: Sequence[str]) -> np.ndarray:
    place = {key: row for row, key in enumerate(ids)}
    return np.array([place[key] for key in wanted], np.intp)


def _figures(shared: np.ndarray, k: int) -> dict[str, Any]:
    """Return overlaps and what is said of them all; of images that were measured."""
    known = shared >= 0 if k else np.zeros(len(shared), np.bool_)
    overlap = np.full(len(shared), np.nan)
    overlap[known] = alignment.jaccard(shared[known], k)
    none = float("nan")
    return {
        "overlap": overlap,
        "measured_images": int(known.sum()),
        "mean": float(overlap[known].mean()) if known.any() else none,
        "interval": alignment.bootstrap_interval(overlap[known]),
        "chance": alignment.chance_of_jaccard(len(shared), k),
        "shared": float(shared[known].mean() / k) if known.any() else none,
    }


def _aligned(reference: np.ndarray, second: LayoutAnswer, rows: np.ndarray) -> dict[str, Any]:
    found = alignment.procrustes(reference, second.xy[rows])
    return {
        "alignment": found,
        "aligned_xy": found.apply(second.xy),
        "aligned_text_xy": found.apply(second.text_xy),
    }


class _Space:
    """The images of an encoder in the full space that a layout is made from."""

    def __init__(self, collection: Collection, model: str, request: LayoutRequest) -> None:
        self._collection, self._request = collection, request
        self._entry = collection.encoder_entry(model)
        rows = collection.vector_rows(self._entry.key).rows
        self.image_ids: list[str] = collection.images["image_id"].take(rows).to_pylist()

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this space from another."""
        entry, space = self._entry, self._request.space
        # images lie in the raw joint space as in the space of images alone, or placed by images
        space = "raw" if space in ("raw", "images", "crossmodal") else space
        imported = entry.provenance.get(IMPORTED) or {}
        return entry.key, entry.recipe, str(imported.get("date", "")), space

    @property
    def folder(self) -> Path:
        """Where what is measured is kept."""
        return layouts_folder(self._collection)

    def points(self, wanted: tuple[str, ...]) -> np.ndarray:
        """Return the points of some images, float32 (C, D), unit rows."""
        halves = self._collection.vector_rows(self._entry.key).halves
        points, _ = space_points(self._request, halves, halves[:0])
        return np.ascontiguousarray(points[_rows_of(wanted, self.image_ids)])


def _on_the_maps(first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
    if not k:
        return np.full(len(first), -1)
    lists = [map_neighbours(xy, k) for xy in (first, second)]
    return alignment.shared_neighbours(*lists)


_Measured = tuple[np.ndarray, tuple[float, float]]


def _in_the_spaces(
    spaces: tuple[_Space, _Space], common: tuple[str, ...], k: int, context: JobContext
) -> _Measured:
    """Return how many neighbours are shared in the full spaces, and the CKA of both kinds.

    Of images that are not measured, -1 is returned.
    """
    digest = hashlib.sha256(repr(([space.key for space in spaces], k)).encode())
    for image in common:
        digest.update(image.encode())
    file = spaces[0].folder / f"overlap-{digest.hexdigest()[:16]}.npz"
    kept = _read(file, len(common))
    if kept is not None:
        return kept
    first, second = (space.points(common) for space in spaces)
    context.check()
    cka = alignment.linear_cka(first, second), alignment.linear_cka(first, second, unbiased=True)
    shared = np.full(len(common), -1)
    if k:
        some = measured_rows(len(common))
        lists = [nearest(each, k + 1, of=some, context=context)[0] for each in (first, second)]
        shared[some] = alignment.shared_neighbours(*(each[:, 1:] for each in lists))
    with suppress(StorageProblem):  # what cannot be kept is made again
        write_members(file, {"shared": shared, "cka": np.array(cka)})
    return shared, cka


def measured_rows(count: int) -> np.ndarray:
    """Return the images whose neighbours are looked for among all `count`: all, or a sample."""
    most = max(_FEWEST_MEASURED, _MOST_COSINES // max(count, 1))
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def _read(file: Path, count: int) -> _Measured | None:
    """Return what was kept before, or None; a damaged file is made again."""
    try:
        kept = read_members(file)
        shared, (cka, unbiased) = kept["shared"], kept["cka"].tolist()
    except DAMAGE:
        return None
    return (shared, (cka, unbiased)) if len(shared) == count else None
