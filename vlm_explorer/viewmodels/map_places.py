"""Which images and captions lie where on the map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.representatives import Representatives, representatives

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.image_table import ImageTable

NONE = -1  # no such row
_MOST_CHOSEN = 10_000  # images among which representatives are chosen: 20 ms

_SHUFFLE = 20_240_229  # any number: the order of drawing must not favour what was indexed last

# what was joined, and whose captions are whose, as long as there is the layout, the collection
_found: WeakKeyDictionary[LayoutAnswer, tuple[ref[ImageTable], Places]] = WeakKeyDictionary()
_owners: WeakKeyDictionary[Collection, dict[str, str]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Places:
    """The points of a layout: first its texts, then its images, each in a fixed random order.

    Attributes:
        xy: float32 (P, 2).
        row: (P,) the image's row; of a caption the row of the image that it belongs to; or NONE.
        text: (P,) the row in `words`, or NONE for an image.
        image_xy: float32 (N, 2) by image row; NaN where the layout does not know the image.
        words: the layout's texts.
    """

    xy: NDArray[np.float32]
    row: NDArray[np.intp]
    text: NDArray[np.intp]
    image_xy: NDArray[np.float32]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.row)

    def moved(
        self, rows: NDArray[np.intp], xy: NDArray[np.float32], text_xy: NDArray[np.float32]
    ) -> Places:
        """Return the same points elsewhere.

        Args:
            rows: (K,) the rows of the images that moved, or NONE.
            xy: float32 (K, 2), where they are now.
            text_xy: float32 (M, 2), where the layout's texts are now.
        """
        known = rows != NONE
        image_xy = np.full_like(self.image_xy, np.nan)
        image_xy[rows[known]] = xy[known]
        points = image_xy.take(self.row, axis=0, mode="wrap")
        if len(self.words):
            points[~self.images] = text_xy[self.text[~self.images]]
        return Places(points, self.row, self.text, image_xy, self.words)

    @cached_property
    def placed(self) -> NDArray[np.bool_]:
        """Which images have a place, (N,)."""
        return np.asarray(np.isfinite(self.image_xy[:, 0]) & np.isfinite(self.image_xy[:, 1]))

    @cached_property
    def images(self) -> NDArray[np.bool_]:
        """Which points are images, (P,)."""
        images: NDArray[np.bool_] = self.text == NONE
        return images

    @cached_property
    def representatives(self) -> Representatives:
        """Images that stand for those around them; of very many, chosen among some."""
        images = np.flatnonzero(self.images)
        return representatives(self.xy, images[:: -(-len(images) // _MOST_CHOSEN) or 1])

    @cached_property
    def captions_of(self) -> tuple[NDArray[np.intp], ...]:
        """The points of each image's captions, by image row; NONE where there are no more.

        As many arrays (N,) as the image with most captions has.
        """
        left = np.flatnonzero(~self.images & (self.row != NONE))
        found = []
        while len(left):
            one = np.full(len(self.image_xy), NONE, np.intp)
            one[self.row[left]] = left  # of several captions the last stays
            found.append(one)
            left = left[one[self.row[left]] != left]
        return tuple(found)


def empty_places(size: int = 0) -> Places:
    """Return the places of `size` images that are not laid out yet."""
    nowhere = np.full((size, 2), np.nan, np.float32)
    none = np.empty(0, np.intp)
    return Places(np.empty((0, 2), np.float32), none, none, nowhere, ())


def find_places(answer: LayoutAnswer, images: ImageTable, collection: Collection) -> Places:
    """Join a layout with the images by their ids; found once, and then at hand.

    The worker that makes a layout asks first, so that the window need not wait: of 100,000 images
    with captions it takes 0.1 s.

    Args:
        answer: the layout, of these images or of some of them.
        images: what the rows of the result refer to.
        collection: whose captions the layout holds, if any.
    """
    of, places = _found.get(answer, (None, None))
    if places is None or of is None or of() is not images:
        places = _places(answer, images, collection)
        _found[answer] = ref(images), places
    return places


def _owners_of(collection: Collection) -> dict[str, str]:
    """Return image ids by text id; texts of no image are left out."""
    owners = _owners.get(collection)
    if owners is None:
        ids, images = (collection.texts[name].to_pylist() for name in ("text_id", "image_id"))
        owners = {key: owner for key, owner in zip(ids, images, strict=True) if owner}
        _owners[collection] = owners
    return owners


def _places(answer: LayoutAnswer, images: ImageTable, collection: Collection) -> Places:
    size = len(images)
    image_xy = np.full((size, 2), np.nan, np.float32)
    rows = rows_of(answer.image_ids, images)
    image_xy[rows[rows != NONE]] = answer.xy[rows != NONE]
    laid_out = np.flatnonzero(np.isfinite(image_xy).all(axis=1))
    drawn = np.random.default_rng(_SHUFFLE).permutation(laid_out)
    texts = np.random.default_rng(_SHUFFLE).permutation(len(answer.texts))
    owners = _owners_of(collection) if answer.texts else {}
    text_rows = np.array(
        [images.row_of.get(owners.get(key, ""), NONE) for key in answer.text_ids], np.intp
    )
    return Places(
        xy=np.concatenate([answer.text_xy[texts].reshape(-1, 2), image_xy[drawn]]).astype(
            np.float32
        ),
        row=np.concatenate([text_rows[texts], drawn]).astype(np.intp),
        text=np.concatenate([texts, np.full(len(drawn), NONE)]).astype(np.intp),
        image_xy=image_xy,
        words=answer.texts,
    )


def rows_of(ids: tuple[str, ...], images: ImageTable) -> NDArray[np.intp]:
    """Return the row of each image, NONE for those unknown."""
    if len(ids) == len(images) and all(map(str.__eq__, ids, images.ids)):
        return np.arange(len(ids))
    return np.array([images.row_of.get(key, NONE) for key in ids], np.intp)
