"""What is asked about a map, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vlm_explorer.analysis.map_trust import Trust
from vlm_explorer.analysis.projection import METHODS, ProjectionSpec
from vlm_explorer.analysis.spaces import SPACES
from vlm_explorer.errors import UsageError

METHOD_TITLES = {"umap": "UMAP", "tsne": "t-SNE", "pacmap": "PaCMAP", "pca": "PCA"}
SPACE_TITLES = {
    "raw": "raw joint space",
    "centred": "centred joint space",
    "crossmodal": "cross-modal space",
    "images": "images only",
}


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """How the map is made; `texts` are prompts to be laid out with images and captions.

    The other settings are those of `ProjectionSpec`, each for the methods that know it.
    """

    method: str = "umap"
    space: str = "raw"
    seed: int = 42
    texts: tuple[str, ...] = ()
    n_neighbors: int = 15
    min_dist: float = 0.8
    perplexity: float = 30.0

    def spec(self) -> ProjectionSpec:
        """Return what the projection needs to know.

        Raises:
            UsageError: a setting out of its range.
        """
        return ProjectionSpec(
            self.method,
            self.space,
            self.seed,
            self.n_neighbors,
            self.min_dist,
            self.perplexity,
        )

    def check(self) -> None:
        """Make sure that it can be met.

        Raises:
            UsageError: unknown method or space, or a setting out of its range.
            NotSupported: the method has to be installed first.
        """
        if self.method not in METHODS:
            raise UsageError(
                f"The map method “{self.method}” is not there.", f"Choose: {', '.join(METHODS)}."
            )
        if self.space not in SPACES:
            raise UsageError(
                f"The space “{self.space}” is not there.", f"Choose one of: {', '.join(SPACES)}."
            )
        if any(not text.strip() for text in self.texts):
            raise UsageError("A text to lay out is empty.", "Type at least one word.")
        self.spec()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class LayoutAnswer:
    """A map.

    Attributes:
        request: what was asked.
        model: id of the encoder.
        image_ids: the images that have a vector, in the order of the collection.
        xy: float32 (N, 2), where they lie; a projection has no unit and no axes.
        text_ids, texts: the captions, then the prompts of the request (id empty).
        text_xy: float32 (M, 2).
        trust: trustworthiness in 0..1 of the images' neighbourhoods (k = 15); None: too few, or
            not judged.
        gap: distance between the mean image and the mean text vector; None without texts.
        without_vector: images of the collection that are not on the map.
        laid_out: bool (N,), the images that the layout was made from, where the others were placed
            by their neighbours; None: all.
        quality: how far the map can be trusted: all images; where some were placed, those laid out
            and those placed. Empty where there are too few images, or it was not judged.
        key: the name of everything that it depends on.
    """

    request: LayoutRequest
    model: str
    image_ids: tuple[str, ...]
    xy: np.ndarray
    text_ids: tuple[str, ...]
    texts: tuple[str, ...]
    text_xy: np.ndarray
    trust: float | None
    gap: float | None
    without_vector: int = 0
    laid_out: np.ndarray | None = None
    quality: tuple[Trust, ...] = ()
    key: str = ""

    @property
    def laid_out_mask(self) -> np.ndarray:
        """Which images the layout was made from, bool (N,)."""
        return np.ones(len(self.image_ids), bool) if self.laid_out is None else self.laid_out

    @property
    def placed(self) -> int:
        """How many images were placed by their neighbours."""
        return 0 if self.laid_out is None else int((~self.laid_out).sum())

    def judged(self, quality: tuple[Trust, ...]) -> LayoutAnswer:
        """Return the same map with what is known about its trust."""
        trust = quality[0].trustworthiness if quality else None
        return replace(self, quality=quality, trust=trust)
