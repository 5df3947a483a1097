"""Vectors of many dimensions laid out on a plane, images and texts on one map."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest
from vlm_explorer.analysis.similarity import Vectors, cosines, unit
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.processes import run_in_process

METHODS = ("umap", "pca")
SPACES = ("raw", "centred", "images")

Plane = NDArray[np.float32]

# Fewer points have no neighbourhoods for UMAP to keep; PCA shows them as they are.
_FEWEST_FOR_UMAP = 10
# The mean of fewer texts is mostly the texts themselves: centring would erase what they say.
_FEWEST_TO_CENTRE = 3
_ROWS_AT_ONCE = 16_384
_ROWS_FOR_AXES = 100_000


@dataclass(frozen=True, slots=True)
class ProjectionSpec:
    """How a map is laid out; equal specs on equal vectors give equal maps.

    Attributes:
        method: `umap` or `pca`.
        space: `raw`, the joint space as it is, with its gap between images and texts;
            `centred`, each modality less its own mean, at length one again; `images`, laid out
            from the images alone, texts placed among the images nearest to them.
        seed: for UMAP; PCA has no chance in it.
        n_neighbors: UMAP's size of neighbourhood, the point itself counted.
        min_dist: UMAP's least distance of neighbours on the map; its own default of 0.1 draws the
            slices of a series into a dot, in which nothing can be told apart or pointed at.
        perplexity: t-SNE's size of neighbourhood: about how many neighbours each point keeps.
    """

    method: str = "umap"
    space: str = "centred"
    seed: int = 42
    n_neighbors: int = 15
    min_dist: float = 0.8
    perplexity: float = 30.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise NotSupported(
                f"There is no layout method {self.method!r}.", f"Choose {' or '.join(METHODS)}."
            )
        if self.space not in SPACES:
            raise NotSupported(
                f"There is no layout space {self.space!r}.", f"Choose {', '.join(SPACES)}."
            )
        if self.n_neighbors < 2 or not 0 <= self.min_dist <= 1 or not 0 <= self.seed < 2**32:
            raise UsageError(
                "UMAP needs at least 2 neighbours, a least distance from 0 to 1, and a seed from "
                "0 to 4294967295."
            )

    def for_points(self, count: int) -> ProjectionSpec:
        """Return what is really done with `count` points: PCA for few, neighbours that exist."""
        if self.method == "umap" and count < _FEWEST_FOR_UMAP:
            return replace(self, method="pca")
        return replace(self, n_neighbors=max(2, min(self.n_neighbors, count - 1)))


def project(
    spec: ProjectionSpec,
    images: Vectors,
    texts: Vectors,
    *,
    context: JobContext | None = None,
) -> tuple[Plane, Plane]:
    """Lay out images and texts on one plane.

    Args:
        spec: the method and its settings, adapted to the number of points by `for_points`.
        images: (N, D) unit rows; N may be 0.
        texts: (M, D) unit rows; M may be 0.
        context: progress and cancellation; UMAP runs in a child process that is killed.

    Returns:
        float32 (N, 2) and (M, 2). What does not vary lies on 0.
    """
    image_points, text_points = space_points(spec, images, texts)
    placed = text_points is None
    points = image_points if text_points is None else np.concatenate([image_points, text_points])
    used = spec.for_points(len(points))
    xy = pca(points)
    if used.method == "umap":
        from vlm_explorer.analysis.umap_layout import umap_coordinates

        xy = run_in_process(
            umap_coordinates, points, xy, used.n_neighbors, used.min_dist, used.seed,
            context=context or JobContext(),
        )  # fmt: skip
    if placed:
        return xy, place_texts(texts, images, xy)
    return xy[: len(images)], xy[len(images) :]


def space_points(
    spec: ProjectionSpec, images: Vectors, texts: Vectors
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the points that the layout is made from, float32 unit rows.

    The texts are None where they take no part and are placed afterwards: in the space `images`,
    and in `centred` where they are too few to have a mean of their own.
    """
    if spec.space == "raw":
        return unit(images), unit(texts)
    if spec.space == "centred":
        few = len(texts) < _FEWEST_TO_CENTRE
        return _centred(images), None if few and len(images) else _centred(texts)
    return unit(images), None if len(images) else unit(texts)


def _centred(vectors: Vectors) -> NDArray[np.float32]:
    if len(vectors) < _FEWEST_TO_CENTRE:
        return unit(vectors)
    values = np.asarray(vectors, np.float32)
    offsets = values - values.mean(axis=0, dtype=np.float64).astype(np.float32)
    # What float32 cannot tell from the mean must not be blown up to length one.
    offsets[np.linalg.norm(offsets, axis=1) < 1e-6] = 0
    return unit(offsets)


def pca(points: NDArray[np.float32]) -> Plane:
    """Return the two principal components' scores, float32 (N, 2).

    The sign of a component makes its largest loading positive, so that a map does not flip from
    one run to the next. Components without variance are 0. Beyond 100,000 points the axes are
    those of every n-th point.
    """
    count, dimension = points.shape
    if count == 0:
        return np.empty((0, 2), np.float32)
    mean = points.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = points[:: -(-count // _ROWS_FOR_AXES)]
    covariance = np.zeros((dimension, dimension))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = rows[start : start + _ROWS_AT_ONCE] - mean
        covariance += block.T @ block
    variance, axes = np.linalg.eigh(covariance / len(rows))
    axes, variance = axes[:, ::-1][:, :2].astype(np.float32), variance[::-1][:2]
    largest = np.abs(axes).argmax(axis=0)
    axes *= np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1, 1).astype(np.float32)
    axes[:, variance <= max(1e-6 * variance[0], 1e-12)] = 0
    xy = np.zeros((count, 2), np.float32)
    for start in range(0, count, _ROWS_AT_ONCE):
        block = points[start : start + _ROWS_AT_ONCE] - mean
        xy[start : start + len(block), : axes.shape[1]] = block @ axes
    return xy


def place_texts(texts: Vectors, images: Vectors, xy: Plane, k: int = 15) -> Plane:
    """Return where texts lie on a map of images: among the k images most similar to each.

    A mean of their places, weighted from 1 for the most similar down to exp(-3) for the k-th.

    Args:
        texts: (M, D) unit rows.
        images: (N, D) unit rows, N at least 1 unless M is 0.
        xy: float32 (N, 2), where the images lie.
        k: how many images share in a text's place.

    Returns:
        float32 (M, 2).
    """
    places = np.zeros((len(texts), 2), np.float32)
    k = min(k, len(images))
    for row, text in enumerate(np.asarray(texts, np.float32)):
        cosine = cosines(images, text)
        best = np.argsort(-cosine, kind="stable")[:k]
        behind = cosine[best[0]] - cosine[best]
        weight = np.exp(-3 * behind / max(float(behind[-1]), 1e-9))
        places[row] = weight @ xy[best] / weight.sum()
    return places


def modality_gap(images: Vectors, texts: Vectors) -> float:
    """Return the distance between the mean image and the mean text vector (Liang et al. 2022).

    NaN where there are no images or no texts; 0 to 2 for unit rows.
    """
    if len(images) == 0 or len(texts) == 0:
        return float("nan")
    between = images.mean(axis=0, dtype=np.float64) - texts.mean(axis=0, dtype=np.float64)
    return float(np.linalg.norm(between))


def trustworthiness(
    vectors: NDArray[np.float32], xy: Plane, k: int = 15, sample: int = 3000, seed: int = 0
) -> float:
    """Return how far neighbours on the map are neighbours in the space (Venna and Kaski 2001).

    T(k) = 1 - 2 / (n k (2n - 3k - 1)) sum over i, and over j among i's k nearest on the map but
    not in the space, of (rank of j from i in the space - k). Distances are cosine in the space
    and Euclidean on the map.

    Args:
        vectors: float32 (N, D), unit rows: what the map was laid out from (`space_points`).
        xy: float32 (N, 2).
        k: neighbours; fewer where there are fewer than 2k + 1 points.
        sample: beyond so many points, it is measured within a seeded sample of that size.
        seed: of the sample.

    Returns:
        0 to 1; NaN for fewer than 3 points.
    """
    if len(vectors) > sample:
        chosen = np.sort(np.random.default_rng(seed).choice(len(vectors), sample, replace=False))
        vectors, xy = vectors[chosen], xy[chosen]
    count = len(vectors)
    if count < 3:
        return float("nan")
    k = min(k, (count - 1) // 2)
    on_map = _map_neighbours(xy, k)
    in_space = nearest(vectors, k + 1)[0][:, 1:]
    penalty = 0
    for row in range(count):
        cosine = vectors @ vectors[row]
        cosine[row] = np.inf
        strangers = np.setdiff1d(on_map[row], in_space[row])
        ranks = np.array([np.count_nonzero(cosine > cosine[other]) for other in strangers])
        penalty += int(np.maximum(ranks - k, 0).sum())
    return 1 - 2 * penalty / (count * k * (2 * count - 3 * k - 1))


def _map_neighbours(xy: Plane, k: int) -> NDArray[np.intp]:
    """Return each point's k nearest others on the map, (N, k)."""
    from scipy.spatial import cKDTree

    found = cKDTree(xy).query(xy, k=k + 1)[1]
    itself = found == np.arange(len(xy))[:, None]
    # Among many points on one spot the point itself may not be found: the farthest goes instead.
    itself[~itself.any(axis=1), -1] = True
    return np.asarray(found[~itself].reshape(len(xy), k))
