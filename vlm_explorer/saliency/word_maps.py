"""Which words suit which parts of the image: the map of a prompt less its map without a word.

Both ways at once: the maps of all words stand side by side, (W, gh, gw). One of them is what its
word asked of the image; a patch's column through all of them is what the patch answers to each
word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import Geometry
from vlm_explorer.errors import NotSupported
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.explain import available_methods, default_method, explain
from vlm_explorer.saliency.left_out import ReadText, read_for

Floats = NDArray[np.float32]

# Those whose maps are linear in the text's vector: their difference is the map of the difference.
LINEAR = ("decomp", "patchsim", "occlusion")
_ELSE = ("decomp", "occlusion")


@dataclass(frozen=True, slots=True)
class WordMaps:
    """Maps of the words of one prompt, over one image.

    Attributes:
        text: the prompt, as typed.
        parts: numbers of the words that each map is of.
        method: how the maps were made, one of `LINEAR`.
        unit: of the maps.
        score: the cosine of image and prompt.
        drop: float32 (W,), the cosine less that without the words.
        whole: float32 (gh, gw), the map of the prompt.
        grid: float32 (W, gh, gw), by how much it is lower without the words; signed, raw.
        residual: float32 (W,), what of `drop` no patch is credited with; None unless the method
            splits the cosine into parts.
        geometry: from the grid to the original image.
    """

    text: str
    parts: tuple[range, ...]
    method: str
    unit: str
    score: float
    drop: Floats
    whole: Floats
    grid: Floats
    residual: Floats | None
    geometry: Geometry

    def of_patch(self, row: int, column: int) -> Floats:
        """Return by how much a patch's value is lower without each word, float32 (W,)."""
        return self.grid[:, row, column]


def reasons_for_words(encoder: Encoder) -> dict[str, str]:
    """Return by method of `LINEAR` why it does not apply to an encoder; empty where it does."""
    why_not = available_methods(encoder)
    return {method: why_not[method] for method in LINEAR}


def default_for_words(encoder: Encoder) -> str:
    """Return what `auto` means: the encoder's usual method where that is linear, else decomp."""
    usual, why_not = default_method(encoder, prompted=True), reasons_for_words(encoder)
    return next(name for name in (usual, *_ELSE) if name in LINEAR and not why_not[name])


def map_words(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    text: str,
    method: str = "auto",
    *,
    parts: Sequence[range] = (),
    context: JobContext | None = None,
) -> WordMaps:
    """Map what each word of a prompt adds, by one explanation of the prompt and all without.

    Args:
        encoder: any.
        pixels: the image as rendered, uint8 (rows, columns) or (rows, columns, 3).
        text: the prompt.
        method: one of `LINEAR`, or `auto`, see `default_for_words`.
        parts: numbers of neighbouring words to leave out together; by default each word alone.
        context: progress and cancellation.

    Raises:
        UsageError: there is no word in the text.
        NotSupported: the maps of that method are not linear, or it does not apply.
    """
    if method == "auto":
        method = default_for_words(encoder)
    if method not in LINEAR:
        raise NotSupported(
            f"Maps by {method} cannot be told apart by words: they do not add up.",
            f"Choose {', '.join(LINEAR)}.",
        )
    read = read_for(encoder, text)
    chosen = tuple(parts) or tuple(range(place, place + 1) for place in range(len(read.places)))
    return _difference(encoder, pixels, read, chosen, method, context)


def _difference(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    read: ReadText,
    parts: tuple[range, ...],
    method: str,
    context: JobContext | None,
) -> WordMaps:
    without = [read.without(part) for part in parts]
    # each text once, so that leaving out what is not read is exactly 0
    different = list(dict.fromkeys([read.whole, *without]))
    rows = [different.index(text) for text in without]
    found = explain(encoder, pixels, different, method, context=context)
    residual = found.residual
    return WordMaps(
        text=read.text,
        parts=parts,
        method=method,
        unit=found.unit,
        score=float(found.score[0]),
        drop=found.score[0] - found.score[rows],
        whole=found.grid[0],
        grid=found.grid[0] - found.grid[rows],
        residual=None if residual is None else residual[0] - residual[rows],
        geometry=found.geometry,
    )
