"""Vectors of many dimensions laid out on a plane, images and texts on one map."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.landmarks import Plane, choose_landmarks, place_by_neighbours
from vlm_explorer.analysis.similarity import Vectors
from vlm_explorer.analysis.spaces import SPACES, modality_gap, place_texts, space_points
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.processes import run_in_process

__all__ = [
    "METHODS",
    "SETTINGS",
    "SPACES",
    "Plane",
    "Projection",
    "ProjectionSpec",
    "modality_gap",
    "pca",
    "place_texts",
    "project",
    "require",
    "space_points",
]

METHODS = ("umap", "tsne", "pacmap", "pca")
# What each method knows besides the space; the rest has no effect on it.
SETTINGS = {
    "umap": ("seed", "n_neighbors", "min_dist"),
    "tsne": ("seed", "perplexity"),
    "pacmap": ("seed", "n_neighbors"),
    "pca": (),
}

# Fewer points have no neighbourhoods to keep; PCA shows them as they are.
_FEWEST = {"umap": 10, "tsne": 10, "pacmap": 40, "pca": 0}
_ROWS_AT_ONCE = 16_384
_ROWS_FOR_AXES = 20_000


@dataclass(frozen=True, slots=True)
class ProjectionSpec:
    """How a map is laid out; equal specs on equal vectors give equal maps.

    Attributes:
        method: `umap`, `tsne`, `pacmap` or `pca`.
        space: `raw`, the joint space as it is, with its gap between images and texts;
            `centred`, each modality less its own mean, at length one again; `crossmodal`, laid out
            from the images alone, each text placed by the images nearest to it in the joint space;
            `images`, the same map, which the captions are left out of.
        seed: of all chance in the method, and of the choice of landmarks; PCA has none.
        n_neighbors: UMAP's and PaCMAP's size of neighbourhood; for UMAP the point itself counts.
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
        if not 0 <= self.seed < 2**32:
            raise UsageError("A layout's seed is a whole number from 0 to 4294967295.")
        if not 2 <= self.n_neighbors <= 500 or not 0 <= self.min_dist <= 1:
            raise UsageError("A layout needs 2 to 500 neighbours and a least distance from 0 to 1.")
        if not 1 <= self.perplexity <= 150:
            raise UsageError("The perplexity of t-SNE is a number from 1 to 150.")

    @property
    def settings(self) -> dict[str, float]:
        """What the method knows besides the space, by name."""
        return {name: getattr(self, name) for name in SETTINGS[self.method]}

    def for_points(self, count: int) -> ProjectionSpec:
        """Return what is really done with `count` points: PCA for few, neighbours that exist."""
        if count < _FEWEST[self.method]:
            return replace(self, method="pca")
        # PaCMAP takes twice as many points from afar as neighbours
        most = count - 1 if self.method == "umap" else (count - 2) // 3
        return replace(
            self,
            n_neighbors=max(2, min(self.n_neighbors, most)),
            perplexity=max(1.0, min(self.perplexity, (count - 1) / 3)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A map.

    Attributes:
        xy: float32 (N, 2), where the images lie; what does not vary lies on 0.
        text_xy: float32 (M, 2), where the texts lie.
        laid_out: bool (N,), the images that the layout was made from; the others were placed by
            their neighbours among those.
    """

    xy: Plane
    text_xy: Plane
    laid_out: NDArray[np.bool_]


def project(
    spec: ProjectionSpec,
    images: Vectors,
    texts: Vectors,
    *,
    context: JobContext | None = None,
) -> Projection:
    """Lay out images and texts on one plane.

    Beyond `landmarks.LANDMARKS` points a seeded sample is laid out, images and texts in proportion,
    and the rest is placed by its neighbours in the full space; PCA needs no sample.

    Args:
        spec: the method and its settings, adapted to the number of points by `for_points`.
        images: (N, D) unit rows; N may be 0.
        texts: (M, D) unit rows; M may be 0.
        context: progress and cancellation; all but PCA runs in a child process that is killed. It
            is shown projections on the way there, without what is placed in the end (NaN).

    Raises:
        NotSupported: the method has to be installed first.
    """
    require(spec.method)
    context = context or JobContext()
    image_points, text_points = space_points(spec, images, texts)
    placed = text_points is None
    points = image_points if text_points is None else np.concatenate([image_points, text_points])
    count = len(image_points)

    def so_far(xy: Plane) -> Projection:
        nowhere = np.full((len(texts), 2), np.nan, np.float32)  # they are placed in the end
        return Projection(xy[:count], nowhere if placed else xy[count:], np.ones(count, np.bool_))

    xy, chosen = _lay_out_landmarks(spec, points, count, context.translating(so_far))
    text_xy = place_texts(texts, images, xy) if placed else xy[count:]
    return Projection(xy[:count], text_xy, chosen[:count])


def _lay_out_landmarks(
    spec: ProjectionSpec, points: NDArray[np.float32], images: int, context: JobContext
) -> tuple[Plane, NDArray[np.bool_]]:
    """Return where the points lie, and which of them were laid out; the others were placed."""
    chosen = choose_landmarks(images, len(points) - images, spec.seed)
    if chosen.all() or spec.method == "pca":
        return _lay_out(spec, points, context), np.ones(len(points), np.bool_)

    def with_others(laid_out: Plane) -> Plane:
        xy = np.full((len(points), 2), np.nan, np.float32)
        xy[chosen] = laid_out
        return xy

    xy = with_others(_lay_out(spec, points[chosen], context.translating(with_others)))
    xy[~chosen] = place_by_neighbours(
        points[~chosen], points[chosen], xy[chosen], seed=spec.seed, context=context
    )
    return xy, chosen


def require(method: str) -> None:
    """Make sure that a method is there.

    Raises:
        NotSupported: its package has to be installed.
    """
    if method == "pacmap":
        from vlm_explorer.analysis.pacmap_layout import require_pacmap

        require_pacmap()


def _lay_out(spec: ProjectionSpec, points: NDArray[np.float32], context: JobContext) -> Plane:
    used = spec.for_points(len(points))
    start = pca(points)
    if used.method == "umap":
        from vlm_explorer.analysis.umap_layout import umap_coordinates

        return run_in_process(
            umap_coordinates, points, start, used.n_neighbors, used.min_dist, used.seed,
            context=context,
        )  # fmt: skip
    if used.method == "tsne":
        from vlm_explorer.analysis.tsne_layout import tsne_coordinates

        return run_in_process(
            tsne_coordinates, points, start, used.perplexity, used.seed, context=context
        )
    if used.method == "pacmap":
        from vlm_explorer.analysis.pacmap_layout import pacmap_coordinates

        return run_in_process(
            pacmap_coordinates, points, start, used.n_neighbors, used.seed, context=context
        )
    return start


def pca(points: NDArray[np.float32]) -> Plane:
    """Return the two principal components' scores, float32 (N, 2).

    The sign of a component makes its largest loading positive, so that a map does not flip from
    one run to the next. Components without variance are 0. Beyond 20,000 points the axes are
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
        block = points[start : start + _ROWS_AT_ONCE] @ axes
        xy[start : start + len(block), : axes.shape[1]] = block - mean @ axes
    return xy
