"""What leaves images out, as frozen states: each says which images it lets through, and why."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.image_ids import ImageIds

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable

TEXT, ONLY, WITHOUT = "text", "only", "without"  # keys of the filters of this module
_FEW = 10  # so many times as many images as ids are few
COLUMN = "column:"  # of the keys of filters by a column; the column's key follows


class Filter(Protocol):
    """Lets some images through; frozen, and equal to another one that does the same.

    Attributes:
        key: one filter of each key is active at a time; a new one replaces it.
        title: what its chip says.
    """

    @property
    def key(self) -> str:
        """One filter of each key at a time."""
        ...

    @property
    def title(self) -> str:
        """What its chip says."""
        ...

    def mask(self, images: ImageTable) -> NDArray[np.bool_]:
        """Return which of the images it lets through, bool (N,)."""
        ...


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Images in which every word of `text` occurs, and none that begins with a minus."""

    text: str

    @property
    def key(self) -> str:
        """One text at a time."""
        return TEXT

    @property
    def title(self) -> str:
        """The text in quotes."""
        return f"“{self.text.strip()}”"

    def mask(self, images: ImageTable) -> NDArray[np.bool_]:
        """Look through modality, label, caption, and the titles of the tree."""
        return filter_mask(images.searchable, self.text)


@dataclass(frozen=True, slots=True)
class OnlyThese:
    """The images with these ids."""

    ids: Set[str]

    @property
    def key(self) -> str:
        """One choice of images at a time."""
        return ONLY

    @property
    def title(self) -> str:
        """How many there are."""
        return f"only {len(self.ids):,} chosen"

    def mask(self, images: ImageTable) -> NDArray[np.bool_]:
        """Let these images through."""
        return among(images, self.ids)


@dataclass(frozen=True, slots=True)
class Without:
    """All but the images with these ids."""

    ids: Set[str]

    @property
    def key(self) -> str:
        """One choice of images at a time."""
        return WITHOUT

    @property
    def title(self) -> str:
        """How many are left out."""
        return f"without {len(self.ids):,} hidden"

    def mask(self, images: ImageTable) -> NDArray[np.bool_]:
        """Let all others through."""
        return ~among(images, self.ids)


class FilterMasks:
    """What each filter said of a table of images; it is asked once."""

    def __init__(self) -> None:
        self._images: ImageTable | None = None
        self._known: list[tuple[Filter, NDArray[np.bool_]]] = []

    def forget(self) -> None:
        """Ask every filter anew the next time."""
        self._known = []

    def of(self, filters: Iterable[Filter], images: ImageTable) -> NDArray[np.bool_]:
        """Return which images all of `filters` let through, bool (N,).

        Raises:
            ValueError: a filter's mask is not one bool an image.
        """
        known, size = self._known if images is self._images else [], len(images)
        self._images, self._known = images, []
        shown = np.ones(size, np.bool_)
        for each in filters:
            mask = next((mask for other, mask in known if other == each), None)
            if mask is None:
                mask = each.mask(images)
            if mask.shape != (size,) or mask.dtype != np.bool_:
                raise ValueError(f"The filter {each.key} gave {mask.dtype} {mask.shape}")
            self._known.append((each, mask))
            shown &= mask
        return shown


def text_of(filters: Iterable[Filter]) -> str:
    """Return the text that is filtered by, as typed; "" for none."""
    return next((each.text for each in filters if isinstance(each, TextFilter)), "")


def dragging(before: tuple[Filter, ...], after: tuple[Filter, ...]) -> str:
    """Return the burst that a change of filters belongs to: a slider makes many of one column."""
    changed = {each.key for each in before if each not in after}
    changed |= {each.key for each in after if each not in before}
    (key,) = changed if len(changed) == 1 else ("",)
    return f"filter {key}" if key.startswith(COLUMN) and len(before) <= len(after) else ""


def filter_mask(words: np.ndarray, text: str) -> NDArray[np.bool_]:
    """Return which texts hold every word of `text`, and none that begins with a minus.

    Args:
        words: (N,) object array of lower-case texts.
        text: the words sought.

    Returns:
        bool (N,).
    """
    mask = np.ones(len(words), dtype=np.bool_)
    for word in text.casefold().split():
        unwanted = word.startswith("-") and len(word) > 1
        sought = word[1:] if unwanted else word
        found = np.fromiter((sought in text for text in words), dtype=np.bool_, count=len(words))
        mask &= ~found if unwanted else found
    return mask


def among(images: ImageTable, ids: Set[str]) -> NDArray[np.bool_]:
    """Return which images have one of these ids, bool (N,)."""
    if isinstance(ids, ImageIds) and ids.images is images:
        return ids.mask
    if len(ids) * _FEW > len(images):  # one look-up an image, in the order of the images
        found = map(ids.__contains__, images.ids.tolist())
        return np.fromiter(found, np.bool_, count=len(images))
    mask = np.zeros(len(images), np.bool_)
    mask[images.rows_of(ids)] = True
    return mask
