"""Colours as an ICC profile means them, in sRGB, which screens and encoders take for granted."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_ROWS = 512
_STEPS = np.arange(0, 256, 51, dtype=np.uint8)  # 0 to 255: of each colour, to try a profile on
_NEARLY = 2  # shades; profiles of sRGB differ by so much from each other


def to_srgb(colours: NDArray[np.uint8], profile: bytes | None) -> NDArray[np.uint8]:
    """Return colours in sRGB, rendered with the intent that the profile names.

    Args:
        colours: (rows, columns, 3) RGB.
        profile: an ICC profile (PS3.3 C.11.15); colours stay as they are where it is None,
            damaged, not one for RGB, or sRGB already.
    """
    transform = _transform(bytes(profile)) if profile else None
    if transform is None:
        return colours
    converted = np.empty_like(colours)
    for top in range(0, len(colours), _ROWS):  # a slide would be in memory four times over
        converted[top : top + _ROWS] = _applied(transform, colours[top : top + _ROWS])
    return converted


@lru_cache(maxsize=4)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return what takes RGB to sRGB; None where there is nothing to do or no telling what."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return None
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(source))
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, "RGB", "RGB", intent)
        grid = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(1, -1, 3)
        change = np.abs(_applied(transform, grid).astype(int) - grid)
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    return transform if change.max() > _NEARLY else None


def _applied(
    transform: ImageCms.ImageCmsTransform, colours: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    return np.asarray(transform.apply(Image.fromarray(colours)))
