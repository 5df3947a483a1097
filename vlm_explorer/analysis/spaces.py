"""The spaces that a map can be laid out from: the joint space, centred, or the images' alone."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest_among, weights
from vlm_explorer.analysis.similarity import Vectors, unit

SPACES = ("raw", "centred", "crossmodal", "images")

# The mean of fewer texts is mostly the texts themselves: centring would erase what they say.
FEWEST_TO_CENTRE = 3
SMALLEST = 1e-6  # length of an offset from the mean that still points anywhere
_ROWS_AT_ONCE = 1024


class Space(Protocol):
    """Whatever names a space, such as a `ProjectionSpec`."""

    @property
    def space(self) -> str:
        """One of `SPACES`."""


def space_points(
    spec: Space, images: Vectors, texts: Vectors
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the points that the layout is made from, float32 unit rows.

    The texts are None where they take no part and are placed afterwards, by their images: in the
    spaces `crossmodal` and `images`, and in `centred` where they are too few to have a mean of
    their own.

    Args:
        spec: its space is `raw`, the joint space as it is; `centred`, each modality less its own
            mean, at length one again; `crossmodal` or `images`, the images alone.
        images: (N, D) unit rows.
        texts: (M, D) unit rows.
    """
    if spec.space == "raw":
        return unit(images), unit(texts)
    if spec.space == "centred":
        few = len(texts) < FEWEST_TO_CENTRE
        return centred(images), None if few and len(images) else centred(texts)
    return unit(images), None if len(images) else unit(texts)


def centred(vectors: Vectors) -> NDArray[np.float32]:
    """Return the vectors less their mean, at length one again; fewer than three as they are."""
    if len(vectors) < FEWEST_TO_CENTRE:
        return unit(vectors)
    values = np.asarray(vectors)
    mean = values.mean(axis=0, dtype=np.float64)
    found = np.empty(values.shape, np.float32)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        offsets = values[start : start + _ROWS_AT_ONCE] - mean
        length = np.linalg.norm(offsets, axis=1, keepdims=True)
        # What float32 cannot tell from the mean must not be blown up to length one.
        scale = np.where(length < SMALLEST, 0, 1 / np.maximum(length, SMALLEST))
        found[start : start + _ROWS_AT_ONCE] = offsets * scale
    return found


def modality_gap(images: Vectors, texts: Vectors) -> float:
    """Return the distance between the mean image and the mean text vector (Liang et al. 2022).

    NaN where there are no images or no texts; 0 to 2 for unit rows.
    """
    if len(images) == 0 or len(texts) == 0:
        return float("nan")
    between = images.mean(axis=0, dtype=np.float64) - texts.mean(axis=0, dtype=np.float64)
    return float(np.linalg.norm(between))


def place_texts(
    texts: Vectors, images: Vectors, xy: NDArray[np.float32], k: int = 15
) -> NDArray[np.float32]:
    """Return where texts lie on a map of images: among the k images most similar to each.

    It is a mean of their places by `neighbours.weights`.

    Args:
        texts: (M, D) unit rows.
        images: (N, D) unit rows, N at least 1 unless M is 0.
        xy: float32 (N, 2), where the images lie.
        k: how many images share in a text's place.

    Returns:
        float32 (M, 2).
    """
    if not len(texts):
        return np.zeros((0, 2), np.float32)
    vectors, others = np.asarray(texts, np.float32), np.asarray(images, np.float32)
    rows, distance = nearest_among(vectors, others, min(k, len(images)), 0)
    weight = weights(distance)
    return np.asarray(
        (weight[:, :, None] * xy[rows]).sum(axis=1) / weight.sum(axis=1, keepdims=True), np.float32
    )
