"""A saliency map over its image, as one picture. No Qt here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.rendering.map_scaling import FLAT, Limits, limits

__all__ = ["FLAT", "blend"]

_HATCH = 10  # px from line to line of the hatching, at least


def blend(
    pixels: NDArray[np.uint8],
    overlay: NDArray[np.float32],
    *,
    signed: bool,
    opacity: float = 0.6,
    ends: Limits | None = None,
    colours: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Return an image with its map over it; low values leave the anatomy as it is.

    Args:
        pixels: uint8 (rows, columns) or (rows, columns, 3).
        overlay: float32 (rows, columns), raw values; NaN where the encoder saw nothing, which
            is darkened by half and hatched.
        signed: values around zero are neutral, on a scale that is equal on both sides; otherwise
            the scale runs from the least to the greatest value.
        opacity: of the strongest value, 0 to 1.
        ends: of the colours; None for this map's own.
        colours: uint8 (256, 3), low to high; None for the usual ones.

    Returns:
        uint8 (rows, columns, 3). A map without signal changes nothing but the unseen part.
    """
    base = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    picture = base.astype(np.float32)
    seen = np.isfinite(overlay)
    ends = ends or limits([overlay], signed=signed)
    if seen.any() and not ends.flat:
        position = ends.strengths(np.where(seen, overlay, ends.low)).astype(np.float32)
        strength = np.abs(2 * position - 1) if ends.diverging else position
        table = colour_map(ends.diverging) if colours is None else colours
        alpha = (opacity * strength * seen)[..., None]
        picture += alpha * (table[np.rint(position * 255).astype(np.uint8)] - picture)
    picture[~seen] *= 0.5
    picture[~seen & _hatching(overlay.shape)] += 48
    return np.rint(np.minimum(picture, 255)).astype(np.uint8)


def _hatching(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return thin diagonals, as far apart as the picture is large."""
    apart = max(_HATCH, min(shape) // 40)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((rows + columns) % apart >= apart - max(1, apart // 10))
