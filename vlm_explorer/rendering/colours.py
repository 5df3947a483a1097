"""Colour arithmetic in OKLab, where equal steps look equal (Ottosson 2020)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rgb = NDArray[np.uint8]  # (..., 3), sRGB
Lab = NDArray[np.float64]  # (..., 3), OKLab: lightness 0 to 1, a, b

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# Dichromatic vision in linear light (Machado, Oliveira and Fernandes 2009, severity 1.0).
PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
TRITANOPIA = np.array(
    [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]
)


def parse(colours: ArrayLike) -> Rgb:
    """Return "#rrggbb" strings as uint8 (N, 3)."""
    return np.array(
        [list(bytes.fromhex(str(colour).lstrip("#"))) for colour in np.atleast_1d(colours)],
        np.uint8,
    ).reshape(-1, 3)


def to_linear(rgb: ArrayLike) -> NDArray[np.float64]:
    """Return sRGB (..., 3), 0 to 255, as linear light, 0 to 1 (IEC 61966-2-1)."""
    share = np.asarray(rgb, np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def from_linear(linear: ArrayLike) -> Rgb:
    """Return linear light (..., 3) as sRGB; what lies outside its range is clipped."""
    light = np.clip(np.asarray(linear, np.float64), 0, 1)
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    rgb: Rgb = np.rint(share * 255).astype(np.uint8)
    return rgb


def linear_to_lab(linear: ArrayLike) -> Lab:
    """Return linear light (..., 3) as OKLab."""
    lab: Lab = np.cbrt(np.asarray(linear) @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def to_lab(rgb: ArrayLike) -> Lab:
    """Return sRGB (..., 3), 0 to 255, as OKLab."""
    return linear_to_lab(to_linear(rgb))


def lab_to_linear(lab: ArrayLike) -> NDArray[np.float64]:
    """Return OKLab (..., 3) as linear light, which may lie outside 0 to 1."""
    return (np.asarray(lab) @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T


def from_lab(lab: ArrayLike) -> Rgb:
    """Return OKLab (..., 3) as sRGB; what lies outside its range is clipped."""
    return from_linear(lab_to_linear(lab))


def mix(colour: ArrayLike, other: ArrayLike, share: float) -> Rgb:
    """Return sRGB `colour` moved by `share` (0 to 1) towards `other`, in OKLab."""
    start = to_lab(colour)
    return from_lab(start + (to_lab(other) - start) * share)


def fade(palette: Rgb, ground: ArrayLike, saturation: float = 0.3, opacity: float = 0.34) -> Rgb:
    """Return `palette` (C, 3) as it looks for points that take no part.

    Saturation and opacity both fall: opacity alone comes back in dense piles.
    """
    lab = to_lab(palette)
    lab[..., 1:] *= saturation
    base = to_lab(ground)
    return from_lab(base + (lab - base) * opacity)
