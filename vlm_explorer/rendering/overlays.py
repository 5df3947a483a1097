"""A saliency map over its image, as one picture. No Qt here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.colour_maps import colour_map

FLAT = 1e-6  # a spread below this share of the largest value is noise, not signal


def blend(
    pixels: NDArray[np.uint8],
    overlay: NDArray[np.float32],
    *,
    signed: bool,
    opacity: float = 0.6,
) -> NDArray[np.uint8]:
    """Return an image with its map over it; low values leave the anatomy as it is.

    Args:
        pixels: uint8 (rows, columns) or (rows, columns, 3).
        overlay: float32 (rows, columns), raw values; NaN where the encoder saw nothing, which
            is darkened by half.
        signed: values around zero are neutral, on a scale that is equal on both sides; otherwise
            the scale runs from the least to the greatest value.
        opacity: of the strongest value, 0 to 1.

    Returns:
        uint8 (rows, columns, 3). A map without signal changes nothing but the unseen part.
    """
    base = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    picture = base.astype(np.float32)
    seen = np.isfinite(overlay)
    if seen.any():
        position, strength = _scaled(np.where(seen, overlay, 0), overlay[seen], signed)
        colour = colour_map(signed)[np.rint(position * 255).astype(np.uint8)]
        alpha = (opacity * strength * seen)[..., None]
        picture += alpha * (colour - picture)
    picture[~seen] *= 0.5
    return np.rint(picture).astype(np.uint8)


def _scaled(
    values: NDArray[np.floating], seen: NDArray[np.floating], signed: bool
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return where values lie on the colour map, and how strong they are, both 0 to 1."""
    low, high = float(seen.min()), float(seen.max())
    largest = max(abs(low), abs(high))
    if high - low <= FLAT * largest or largest == 0:
        return np.zeros_like(values), np.zeros_like(values)
    if signed:
        return (values / largest + 1) / 2, np.abs(values) / largest
    share = np.clip((values - low) / (high - low), 0, 1)
    return share, share
