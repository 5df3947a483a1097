"""Where a text stands on a map that is there already: among its neighbours in the map's space."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import weights
from vlm_explorer.analysis.similarity import Vectors, cosines
from vlm_explorer.analysis.spaces import FEWEST_TO_CENTRE, SMALLEST

NEIGHBOURS = 15  # that share in a text's place, as where captions are placed by their images
LINKED = 10  # images that are named as its nearest

_ROWS_AT_ONCE = 4096
_BEYOND = 0.12  # of the map's width, from the images to the side of the texts

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placement:
    """A text's place on the map.

    Attributes:
        x, y: world coordinates.
        images: rows of the images nearest to it in the space of the map, best first.
        among_images, among_texts: how many of each share in the place.
        beyond: whether it stands beside the images, where texts would be if any were laid out.
        shares: rows of those that share in the place, and by how much each: images, then texts.
    """

    x: float
    y: float
    images: tuple[int, ...]
    among_images: int
    among_texts: int
    beyond: bool = False
    shares: tuple[tuple[int, float], ...] = ()

    def moved(self, image_xy: Floats, text_xy: Floats) -> Placement:
        """Return the place once those that share in it lie elsewhere; NaN where none of them lies.

        Args:
            image_xy: float32 (N, 2), where the images lie now, NaN for those without a place.
            text_xy: float32 (M, 2), where the texts lie now, likewise.
        """
        rows = np.array([row for row, _ in self.shares], np.intp)
        weight = np.array([share for _, share in self.shares])
        parts = image_xy[rows[: self.among_images]], text_xy[rows[self.among_images :]]
        xy = np.concatenate(parts).astype(np.float64)
        there = np.isfinite(xy).all(axis=1)
        if not there.any():
            return replace(self, x=np.nan, y=np.nan)
        x, y = (float(part) for part in weight[there] @ xy[there] / weight[there].sum())
        return replace(self, x=text_side(image_xy) if self.beyond else x, y=y)


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What a modality's vectors have in common, so that a cosine can be centred afterwards.

    Attributes:
        mean: float64 (D,), of the modality.
        along: float32 (N,), the product of each vector with the mean of the texts.
        length: float32 (N,), of each vector less the modality's mean; 0 where there is no vector.
    """

    mean: Doubles
    along: Floats
    length: Floats

    def centre(self, cosine: Floats, text: NDArray[np.float64], mean: Doubles) -> Floats:
        """Return cosines in the centred space from those in the raw one.

        (t - m)(x - n) = t x - m x - (t - m) n: no vector need be read again.

        Args:
            cosine: float32 (N,), products of the text with the vectors.
            text: float64 (D,), the text.
            mean: float64 (D,), of the texts.
        """
        offset = text - mean
        length = float(np.linalg.norm(offset))
        if length < SMALLEST:
            return np.zeros_like(cosine)
        product = cosine - self.along - np.float32(offset @ self.mean)
        scale = np.maximum(self.length, np.float32(SMALLEST)) * np.float32(length)
        return np.asarray(np.where(self.length < SMALLEST, 0, product / scale), np.float32)


def spread_of(vectors: Vectors, text_mean: Doubles) -> Spread:
    """Return a modality's spread, read once.

    Args:
        vectors: (N, D), unit rows of the modality.
        text_mean: float64 (D,), of the texts.
    """
    mean = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        mean += vectors[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=np.float64)
    mean /= max(len(vectors), 1)
    length = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        block = vectors[start : start + _ROWS_AT_ONCE].astype(np.float32) - mean.astype(np.float32)
        length[start : start + len(block)] = np.linalg.norm(block, axis=1)
    return Spread(mean, cosines(vectors, text_mean.astype(np.float32)), length)


@dataclass(frozen=True, slots=True, eq=False)
class TextsOfMap:
    """The texts of a map, among which another one is placed.

    Attributes:
        vectors: (M, D), unit rows.
        xy: float32 (M, 2), where they lie.
        images, texts: where the space is centred, the spread of both, images by their rows.
    """

    vectors: Vectors
    xy: Floats
    images: Spread | None = None
    texts: Spread | None = None

    @property
    def centred(self) -> bool:
        """Whether the neighbours are sought in the centred space."""
        return self.images is not None


def shares_texts(space: str, texts: int) -> bool:
    """Whether texts have places of their own in a space, among which others can be placed."""
    return (space == "raw" and texts > 0) or (space == "centred" and texts >= FEWEST_TO_CENTRE)


def place_among_images(
    cosine: NDArray[np.floating], image_xy: Floats, *, beyond: bool = False
) -> Placement | None:
    """Return a text's place among the images most similar to it.

    Args:
        cosine: (N,), the text's to each image in the space of the map; NaN where unknown.
        image_xy: float32 (N, 2), NaN where an image has no place.
        beyond: whether it is to stand beside all images, at the height of those nearest to it.
    """
    near = _nearest(cosine, image_xy)
    if not len(near):
        return None
    shares = _shares(near, np.asarray(cosine[near], np.float64))
    linked = tuple(near[:LINKED].tolist())
    place = Placement(np.nan, np.nan, linked, len(near), 0, beyond, shares)
    return place.moved(image_xy, np.empty((0, 2), np.float32))


def text_side(image_xy: Floats) -> float:
    """Return how far across texts stand on a map of images of which none are texts."""
    across = image_xy[:, 0]
    low, high = float(np.nanmin(across)), float(np.nanmax(across))
    return high + _BEYOND * ((high - low) or 1.0)


def place_among_all(
    vector: NDArray[np.floating],
    cosine: NDArray[np.floating],
    image_xy: Floats,
    texts: TextsOfMap,
) -> Placement | None:
    """Return a text's place among images and texts alike, by its neighbours in their space.

    Args:
        vector: (D,), the text, of length 1.
        cosine: float32 (N,), its raw cosine to each image; NaN where unknown.
        image_xy: float32 (N, 2), NaN where an image has no place.
        texts: of the map.
    """
    text = np.asarray(vector, np.float64)
    to_images = np.asarray(cosine, np.float32)
    to_texts = cosines(texts.vectors, text.astype(np.float32))
    if texts.images is not None and texts.texts is not None:
        mean = texts.texts.mean
        to_images = texts.images.centre(to_images, text, mean)
        to_texts = texts.texts.centre(to_texts, text, mean)
    near_images, near_texts = _nearest(to_images, image_xy), _nearest(to_texts, texts.xy)
    both = np.concatenate([to_images[near_images], to_texts[near_texts]]).astype(np.float64)
    if not len(both):
        return None
    best = np.argsort(-both, kind="stable")[:NEIGHBOURS]
    shares = _shares(np.concatenate([near_images, near_texts])[best], both[best])
    of_text = best >= len(near_images)
    among = int((~of_text).sum())
    shares = tuple(shares[place] for place in np.argsort(of_text, kind="stable"))  # images first
    linked = tuple(near_images[:LINKED].tolist())
    place = Placement(np.nan, np.nan, linked, among, len(best) - among, shares=shares)
    return place.moved(image_xy, texts.xy)


def _nearest(cosine: NDArray[np.floating], xy: Floats) -> NDArray[np.intp]:
    """Return the rows of the nearest that have a place, best first."""
    if len(cosine) != len(xy):
        return np.empty(0, np.intp)
    usable = np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1]) & np.isfinite(cosine)
    among = np.where(usable, cosine, -np.inf)
    count = int(usable.sum())
    least = -np.inf
    if count > NEIGHBOURS:  # sorting all of very many would take too long
        least = np.partition(among, len(among) - NEIGHBOURS)[len(among) - NEIGHBOURS]
    rows = np.flatnonzero(usable & (among >= least))
    return np.asarray(rows[np.argsort(-among[rows], kind="stable")[:NEIGHBOURS]])


def _shares(rows: NDArray[np.intp], cosine: Doubles) -> tuple[tuple[int, float], ...]:
    """Return how much each neighbour shares in the mean, as where captions are placed by images.

    See `spaces.place_texts`.

    Args:
        rows: (K,) of the neighbours, the nearest first.
        cosine: (K,), theirs.
    """
    weight = weights(-cosine)
    return tuple(zip(rows.tolist(), (weight / weight.sum()).tolist(), strict=True))
