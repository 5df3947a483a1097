"""Colour maps for saliency: perceptually even, readable on a black-and-white scan.

A map is a uint8 table (256, 3). No rainbow: its kinks draw edges that are not there.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.colour_tables import TABLES

SEQUENTIAL = ("inferno", "magma", "viridis", "cividis")  # for unsigned values, the usual first
DIVERGING = ("blue and orange", "vik", "blue and red")  # for signed ones

# ColorBrewer's RdBu (Cynthia Brewer, Apache 2.0), from blue to red, at equal distances.
_BLUE_TO_RED = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
# The arms of the diverging map in Oklab (Björn Ottosson, 2020): lightness of the neutral centre
# and of both ends, and chroma and hue (degrees) of the negative and the positive end. Both ends
# are equally bright, so that neither sign looks stronger on a black ground.
_CENTRE, _END = 0.38, 0.82
_NEGATIVE, _POSITIVE = (0.13, 235.0), (0.15, 62.0)


def _oklab_to_rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB 0 to 1 of Oklab colours (N, 3)."""
    to_lms = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(((lab @ to_lms.T) ** 3) @ to_linear.T, 0.0, 1.0)
    gamma = 1.055 * linear ** (1 / 2.4) - 0.055
    rgb: NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, gamma)
    return rgb


@cache
def sequential(name: str = SEQUENTIAL[0]) -> NDArray[np.uint8]:
    """Return a map for unsigned values, 0 first: uint8 (256, 3).

    Raises:
        KeyError: no such map in `SEQUENTIAL`.
    """
    return np.frombuffer(bytes.fromhex(TABLES[name]), np.uint8).reshape(256, 3)


@cache
def diverging(name: str = DIVERGING[0]) -> NDArray[np.uint8]:
    """Return a map for signed values, cold to neutral to warm: uint8 (256, 3).

    Raises:
        KeyError: no such map in `DIVERGING`.
    """
    if name == "blue and orange":
        return _blue_and_orange()
    if name == "blue and red":
        return _between(_BLUE_TO_RED.split())
    return sequential(name)


def _between(stops: list[str]) -> NDArray[np.uint8]:
    """Return colours between stops given as hex, at equal distances."""
    table = np.array([list(bytes.fromhex(stop)) for stop in stops], np.float64)
    place, at = np.linspace(0, 1, 256), np.linspace(0, 1, len(table))
    channels = [np.interp(place, at, channel) for channel in table.T]
    return np.asarray(np.rint(np.stack(channels, axis=1)), np.uint8)


def _blue_and_orange() -> NDArray[np.uint8]:
    """Return blue to a dark neutral grey to orange: both ends bright on a black ground."""
    position = np.linspace(-1.0, 1.0, 256)
    strength = np.abs(position)
    chroma, hue = np.where(position[:, None] < 0, np.array([_NEGATIVE]), np.array([_POSITIVE])).T
    lightness = _CENTRE + (_END - _CENTRE) * strength
    angle = np.radians(hue)
    lab = np.stack(
        [lightness, strength * chroma * np.cos(angle), strength * chroma * np.sin(angle)], axis=1
    )
    table: NDArray[np.uint8] = np.rint(255 * _oklab_to_rgb(lab)).astype(np.uint8)
    return table


def colour_map(signed: bool, name: str = "") -> NDArray[np.uint8]:
    """Return the map for signed or unsigned values, the usual one by default: uint8 (256, 3).

    Raises:
        KeyError: no such map for these values.
    """
    names = DIVERGING if signed else SEQUENTIAL
    return (diverging if signed else sequential)(name or names[0])
