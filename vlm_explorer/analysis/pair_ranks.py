"""How high images and their captions rank for each other, among all captions and all images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import TIE
from vlm_explorer.jobs import JobContext

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_CELLS_AT_ONCE = 1 << 22  # 4 Mi float32 values are 16 MiB, and each is looked at in several ways


@dataclass(frozen=True, slots=True, eq=False)
class PairRanks:
    """The ranks of P true pairs of an image and a text.

    Attributes:
        cosine: float32 (P,), of image and text.
        text_rank: int64 (P,), of the text among all texts for the image, from 1.
        text_rivals: int64 (P,), how many texts it was ranked against.
        image_rank: int64 (P,), of the image among all images for the text, from 1.
        image_rivals: int64 (P,), how many images it was ranked against.
    """

    cosine: Floats
    text_rank: Integers
    text_rivals: Integers
    image_rank: Integers
    image_rivals: Integers

    @property
    def share_before(self) -> Floats:
        """The share of rivals that come before, float32 (P,) in 0..1, the mean of both directions.

        About 0 where image and text belong together, 0.5 where they were drawn at random.
        """
        texts = (self.text_rank - 1) / np.maximum(self.text_rivals, 1)
        images = (self.image_rank - 1) / np.maximum(self.image_rivals, 1)
        return ((texts + images) / 2).astype(np.float32)


def rank_pairs(
    images: Floats,
    texts: Floats,
    pairs: Integers,
    *,
    context: JobContext | None = None,
) -> PairRanks:
    """Rank each text for its image, and each image for its text.

    The other texts of an image are no rivals of one of them, nor are the other images of a text;
    a rival comes before where its cosine is larger by more than `TIE`.

    Args:
        images: float32 (N, D), unit rows.
        texts: float32 (T, D), unit rows, each text once.
        pairs: int64 (P, 2), rows of `images` and `texts` that belong together, each pair once.
        context: told how many images are done.
    """
    order = np.argsort(pairs[:, 0], kind="stable")
    image, text = pairs[order].T
    cosine = np.einsum("pd,pd->p", images[image], texts[text]).astype(np.float32)
    before_text, before_image = np.zeros((2, len(pairs)), np.int64)
    # One pair of each text is counted over whole blocks, which is much faster than gathering
    # columns; most texts have no more.
    known, first = np.unique(text, return_index=True)
    further = np.setdiff1d(np.arange(len(pairs)), first)
    limit = np.full(len(texts), np.inf, np.float32)
    limit[known] = cosine[first] + TIE
    above = np.zeros(len(texts), np.int64)
    step = max(1, _CELLS_AT_ONCE // max(len(texts), len(pairs), 1))
    for start in range(0, len(images), step):
        if context is not None:
            context.report(start, len(images), "Comparing images and captions")
        block = images[start : start + step] @ texts.T
        own = slice(*np.searchsorted(image, (start, start + step)))
        block[image[own] - start, text[own]] = -np.inf
        before_text[own] = (block[image[own] - start] > cosine[own, None] + TIE).sum(axis=1)
        above += (block > limit).sum(axis=0)
        if len(further):
            before_image[further] += (block[:, text[further]] > cosine[further] + TIE).sum(axis=0)
    before_image[first] = above[known]
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    texts_of = np.bincount(image, minlength=len(images))[image]
    images_of = np.bincount(text, minlength=len(texts))[text]
    return PairRanks(
        cosine[back],
        before_text[back] + 1,
        (len(texts) - texts_of)[back],
        before_image[back] + 1,
        (len(images) - images_of)[back],
    )
