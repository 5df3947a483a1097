"""How far two encoders, or two layouts of one, agree about the images of a collection."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vlm_explorer.analysis import alignment
from vlm_explorer.analysis.neighbours import nearest
from vlm_explorer.analysis.projection import space_points
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.tables import writing
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.import_vectors import IMPORTED
from vlm_explorer.queries.layout import LayoutAnswer, LayoutRequest, layout

SPACE, MAP = "space", "map"  # where neighbours were looked for
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
        overlap: Jaccard index of each image's k neighbours in both, float64 (C,), 0 to 1.
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
    collection: Collection, request: CompareRequest, *, context: JobContext | None = None
) -> CompareAnswer:
    """Compare two maps of a collection; what takes long is kept, and read back.

    Raises:
        UsageError: unknown method or space, k below 1, or no image has a vector of both.
        ModelNotFound: the collection holds no vectors of an encoder.
    """
    if request.k < 1:
        raise UsageError("At least one neighbour is needed.", "Give --k 1 or more.")
    context = context or JobContext()
    first = layout(collection, request.layout_a, model=request.model_a, context=context)
    second = layout(collection, request.layout_b, model=request.model_b, context=context)
    place_a, place_b = ({key: row for row, key in enumerate(m.image_ids)} for m in (first, second))
    common = tuple(key for key in first.image_ids if key in place_b)
    if not common:
        raise UsageError(
            f"No image has a vector of both {first.model} and {second.model}.",
            "Index the same folders with both encoders.",
        )
    rows_a, rows_b = (np.array([m[key] for key in common]) for m in (place_a, place_b))
    k = min(request.k, (len(common) - 1) // 2) if len(common) >= FEWEST else 0
    entries = [collection.encoder_entry(name) for name in (request.model_a, request.model_b)]
    same = _space_key(entries[0], request.layout_a) == _space_key(entries[1], request.layout_b)
    measured = MAP if same else SPACE
    cka: tuple[float, ...] = ()
    if same:
        shared = _on_the_maps(first.xy[rows_a], second.xy[rows_b], k)
    else:
        shared, cka = _in_the_spaces(collection, request, entries, common, k, context)
    overlap = alignment.jaccard(shared, k) if k else np.full(len(common), np.nan)
    found = alignment.procrustes(first.xy[rows_a], second.xy[rows_b])
    return CompareAnswer(
        request=request, first=first, second=second, image_ids=common, k=k, measured=measured,
        overlap=overlap,
        mean=float(overlap.mean()),
        interval=alignment.bootstrap_interval(overlap) if k else (float("nan"), float("nan")),
        chance=alignment.chance_of_jaccard(len(common), k),
        shared=float(shared.mean() / k) if k else float("nan"),
        cka=cka[0] if cka else None,
        cka_unbiased=cka[1] if cka else None,
        alignment=found,
        aligned_xy=found.apply(second.xy),
        aligned_text_xy=found.apply(second.text_xy),
        only_first=len(first.image_ids) - len(common),
        only_second=len(second.image_ids) - len(common),
        images=collection.images.num_rows,
    )  # fmt: skip


def _space_key(entry: EncoderEntry, request: LayoutRequest) -> tuple[str, ...]:
    """Return what tells a space of images from another."""
    # images lie in the raw joint space as in the space of images alone
    space = "raw" if request.space in ("raw", "images") else request.space
    imported = entry.provenance.get(IMPORTED) or {}
    return entry.key, entry.recipe, str(imported.get("date", "")), space


def _on_the_maps(first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
    if not k:
        return np.zeros(len(first), np.int64)
    return alignment.shared_neighbours(
        *(alignment.plane_neighbours(xy, k) for xy in (first, second))
    )


def _in_the_spaces(
    collection: Collection,
    request: CompareRequest,
    entries: Sequence[EncoderEntry],
    common: tuple[str, ...],
    k: int,
    context: JobContext,
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return how many neighbours are shared in the full spaces, and the CKA of both kinds."""
    layouts = (request.layout_a, request.layout_b)
    keys = [_space_key(entry, each) for entry, each in zip(entries, layouts, strict=True)]
    digest = hashlib.sha256(repr((keys, k)).encode())
    for image in common:
        digest.update(image.encode())
    file = collection.folder / "layouts" / f"overlap-{digest.hexdigest()[:16]}.npz"
    kept = _read(file, len(common))
    if kept is not None:
        return kept
    spaces = [
        _points(collection, entry, each, common)
        for entry, each in zip(entries, layouts, strict=True)
    ]
    context.check()
    cka = tuple(alignment.linear_cka(*spaces, unbiased=unbiased) for unbiased in (False, True))
    shared = np.zeros(len(common), np.int64)
    if k:
        lists = [nearest(points, k + 1, context=context)[0][:, 1:] for points in spaces]
        shared = alignment.shared_neighbours(*lists)
    _write(file, shared, cka)
    return shared, cka


def _points(
    collection: Collection, entry: EncoderEntry, request: LayoutRequest, common: tuple[str, ...]
) -> np.ndarray:
    """Return the points in the full space that the layout is made from, of the common images."""
    rows, vectors = collection.present_vectors(entry.key)
    points, _ = space_points(request.spec(), vectors, np.empty((0, entry.dimension), np.float32))
    ids = collection.images["image_id"].take(rows).to_pylist()
    place = {key: row for row, key in enumerate(ids)}
    return np.ascontiguousarray(points[[place[key] for key in common]])


def _read(file: Path, count: int) -> tuple[np.ndarray, tuple[float, ...]] | None:
    """Return what was kept before, or None; a damaged file is made again."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            shared, cka = kept["shared"], tuple(float(value) for value in kept["cka"])
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return (shared, cka) if len(shared) == count and len(cka) == 2 else None


def _write(file: Path, shared: np.ndarray, cka: tuple[float, ...]) -> None:
    with writing(file.parent):
        file.parent.mkdir(exist_ok=True)
        # a name of its own: two may compare the same at the same time
        partial = file.with_name(f".{uuid.uuid4().hex}.npz")
        np.savez(partial, shared=shared, cka=np.array(cka))
        partial.replace(file)
