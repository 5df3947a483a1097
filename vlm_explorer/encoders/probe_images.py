"""Pictures on which precisions are compared: like scans, and as extreme as scans get."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]


def probe_images(size: int, count: int) -> NDArray[np.uint8]:
    """Return uint8 (count, size, size, 3), count from 1 to 8, the same on every machine.

    A radiograph, stained tissue, black, a slice of a body, noise, bars of the sharpest contrast,
    an ultrasound sector and white; none is of a patient.
    """
    random = np.random.default_rng(20)
    drawers: tuple[Callable[[int, np.random.Generator], Field], ...] = (
        _radiograph,
        _tissue,
        lambda size, _: np.zeros((size, size)),
        _slice,
        lambda size, random: random.random((size, size)),
        _bars,
        _ultrasound,
        lambda size, _: np.ones((size, size)),
    )
    pictures = [draw(size, random) for draw in drawers[:count]]
    colour = [np.repeat(p[..., None], 3, axis=2) if p.ndim == 2 else p for p in pictures]
    return np.rint(255 * np.clip(np.stack(colour), 0, 1)).astype(np.uint8)


def _plane(size: int) -> tuple[Field, Field]:
    """Return y and x from -1 to 1."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return y, x


def _texture(size: int, random: np.random.Generator, slope: float) -> Field:
    """Return noise of mean 0 and deviation 1 whose amplitude falls with frequency^slope."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(random.standard_normal((size, size))) / frequency**slope
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (size, size))
    return np.asarray(field / (field.std() or 1.0))


def _ellipse(size: int, centre: tuple[float, float], axes: tuple[float, float]) -> Field:
    """Return an ellipse, 1 inside and 0 outside, with a soft edge."""
    y, x = _plane(size)
    distance = np.hypot((y - centre[0]) / axes[0], (x - centre[1]) / axes[1])
    return np.asarray(1 / (1 + np.exp(np.clip(30 * (distance - 1), -60, 60))))


def _radiograph(size: int, random: np.random.Generator) -> Field:
    y, x = _plane(size)
    lungs = _ellipse(size, (-0.1, -0.4), (0.6, 0.28)) + _ellipse(size, (-0.1, 0.4), (0.6, 0.28))
    ribs = 0.08 * np.sin(22 * (y + 0.4 * x**2)) * lungs
    return np.asarray(0.75 - 0.5 * lungs + ribs + 0.04 * _texture(size, random, 1.0))


def _tissue(size: int, random: np.random.Generator) -> Field:
    cells = np.clip(_texture(size, random, 0.8) - 1.2, 0, 1)
    ground = 0.06 * _texture(size, random, 1.2)
    stain = np.array([0.93, 0.72, 0.84]) - np.array([0.55, 0.6, 0.3]) * cells[..., None]
    return np.asarray(stain + ground[..., None])


def _slice(size: int, random: np.random.Generator) -> Field:
    body = _ellipse(size, (0, 0), (0.6, 0.8))
    spine = _ellipse(size, (0.35, 0), (0.1, 0.12))
    organs = 0.1 * np.round(_texture(size, random, 1.5))
    return np.asarray(body * (0.45 + organs + 0.02 * random.standard_normal(body.shape)) + spine)


def _bars(size: int, _: np.random.Generator) -> Field:
    y, x = _plane(size)
    return np.asarray((np.sin(120 * x * (1.2 + y)) > 0).astype(np.float64))


def _ultrasound(size: int, random: np.random.Generator) -> Field:
    y, x = _plane(size)
    depth = np.hypot(y + 1.1, x)
    inside = (np.abs(np.arctan2(x, y + 1.1)) < 0.6) & (depth > 0.25) & (depth < 1.9)
    speckle = np.abs(_texture(size, random, 0.2)) * (0.5 + 0.2 * _texture(size, random, 1.3))
    return np.asarray(inside * speckle)
