"""What lies on a radiograph besides the patient: side markers and collimator edges."""

from __future__ import annotations

import numpy as np

from vlm_explorer.demo.body import Array

_GLYPHS = {
    "L": ("10000", "10000", "10000", "10000", "10000", "10000", "11111"),
    "R": ("11110", "10001", "10001", "11110", "10100", "10010", "10001"),
}


def side_marker(signal: Array, rng: np.random.Generator) -> None:
    """Draw L or R, in place, in the upper corner of that side of the patient."""
    letter = "L" if rng.random() < 0.6 else "R"
    scale = int(rng.integers(2, 4))
    glyph = np.array([[c == "1" for c in row] for row in _GLYPHS[letter]])
    glyph = np.kron(glyph, np.ones((scale, scale), bool))
    rows, cols = signal.shape
    height, width = glyph.shape
    top = int(rng.integers(8, rows // 7))
    margin = int(rng.integers(8, 30))
    # The patient's left is at the right of the picture.
    left = cols - margin - width if letter == "L" else margin
    part = signal[top : top + height, left : left + width]
    part[glyph] = np.maximum(part[glyph], np.float32(rng.uniform(0.85, 1.0)))


def collimate(
    signal: Array, rng: np.random.Generator, keep: list[tuple[int, int, int, int]]
) -> Array:
    """Blacken strips along the edges, now and then; never over a box that must be kept."""
    if rng.random() > 0.35:
        return signal
    rows, cols = signal.shape
    signal = signal.copy()
    cut = [int(rng.integers(0, side // 14)) for side in (cols, rows, cols, rows)]
    for x0, y0, x1, y1 in keep:
        cut = [min(cut[0], x0), min(cut[1], y0), min(cut[2], cols - x1), min(cut[3], rows - y1)]
    shade = np.float32(0.0 if rng.random() < 0.8 else 1.0)
    signal[:, : cut[0]] = shade
    signal[: cut[1]] = shade
    signal[:, cols - cut[2] :] = shade
    signal[rows - cut[3] :] = shade
    return signal
