"""Anti-aliased discs, drawn back to front by numpy, the same on every machine.

The painter's algorithm is run on buffers of indices, not of colours: each disc writes its number
into the pixels that it covers whole, and, in a second buffer, into those that its edge crosses;
later discs overwrite earlier ones. Colours are then looked up once a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.colours import Rgb

Canvas = NDArray[np.uint8]  # (rows, columns, 4), RGBA

_PHASES = 8  # positions of a centre within its pixel that are told apart, per axis
_NOTHING = -1
_CHUNK = 1 << 17  # fragments at once: what they need stays in the cache
_LEVELS = 64  # shares of colour and rim that are told apart


@dataclass(frozen=True, slots=True)
class Stamp:
    """The shape of a disc, in device pixels.

    Attributes:
        radius: of the coloured part.
        rim: width of the quiet ring around it, which parts a disc from those beneath.
        hole: radius of the quiet middle; 0 for a full disc.
    """

    radius: float
    rim: float = 0.0
    hole: float = 0.0

    @property
    def reach(self) -> int:
        """How many pixels the disc may touch on each side of its centre's pixel."""
        return int(np.ceil(self.radius + self.rim + 0.5))

    @property
    def pixels(self) -> int:
        """How many pixels are written for one disc."""
        return len(_table((self,)).rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Stamps at each of their sub-pixel phases: offsets (K,), and by stamp and phase the rest.

    The rest is (S * P, K); `opacity` and `level` are padded to a power of two, so that a
    fragment's number splits by shifts.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    inside: NDArray[np.bool_]
    edge: NDArray[np.bool_]
    opacity: NDArray[np.float32]
    level: NDArray[np.int32]  # share of the disc's own colour, 0 to _LEVELS - 1
    bits: int  # padded to 1 << bits
    reach: int


@cache
def _table(stamps: tuple[Stamp, ...]) -> _Table:
    reach = max(stamp.reach for stamp in stamps)
    span = np.arange(-reach, reach + 1)
    rows, columns = (grid.ravel() for grid in np.meshgrid(span, span, indexing="ij"))
    shift = (np.arange(_PHASES) + 0.5) / _PHASES - 0.5
    shift_y, shift_x = (grid.ravel()[:, None] for grid in np.meshgrid(shift, shift, indexing="ij"))
    distance = np.hypot(columns - shift_x, rows - shift_y)
    opacity, share = (
        np.concatenate(parts)
        for parts in zip(*(_profile(s, distance) for s in stamps), strict=True)
    )
    used = np.flatnonzero((opacity > 0).any(axis=0))
    used = used[np.argsort(distance[:, used].min(axis=0), kind="stable")]  # the centre first
    bits = int(np.ceil(np.log2(len(used))))
    padding = ((0, 0), (0, (1 << bits) - len(used)))
    opacity, share = opacity[:, used], share[:, used]
    return _Table(
        rows=rows[used].astype(np.intp),
        columns=columns[used].astype(np.intp),
        inside=opacity > 0,
        edge=(opacity > 0) & (opacity < 1),
        opacity=np.pad(opacity, padding).astype(np.float32),
        level=np.pad(np.rint(share * (_LEVELS - 1)), padding).astype(np.int32),
        bits=bits,
        reach=reach,
    )


def _profile(
    stamp: Stamp, distance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return opacity, and the share of the disc's own colour, at these distances.

    How much of a pixel lies within a circle is taken as linear over the pixel it crosses.
    """
    opacity = np.clip(stamp.radius + stamp.rim + 0.5 - distance, 0, 1)
    colour = np.clip(stamp.radius + 0.5 - distance, 0, 1)
    if stamp.hole > 0:
        colour *= np.clip(distance - stamp.hole + 0.5, 0, 1)
    share = np.divide(colour, opacity, out=np.zeros_like(colour), where=opacity > 0)
    return opacity, np.clip(share, 0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Discs:
    """Discs in device pixels, back to front.

    Attributes:
        x, y: centres (N,); pixel (i, j) reaches from (j, i) to (j + 1, i + 1).
        codes: rows of a palette, (N,).
        kinds: which of several stamps, (N,).
    """

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    codes: NDArray[np.integer]
    kinds: NDArray[np.integer] | NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> Discs:
        """Return the chosen discs: in the same order, or in that of an index."""
        return Discs(self.x[chosen], self.y[chosen], self.codes[chosen], self.kinds[chosen])


def draw(canvas: Canvas, discs: Discs, palette: Rgb, stamps: tuple[Stamp, ...], quiet: Rgb) -> None:
    """Draw discs onto `canvas`, the last on top; those outside are passed over.

    Args:
        canvas: RGBA, contiguous, changed in place; what is drawn is opaque.
        discs: where.
        palette: (C, 3).
        stamps: the shapes, by kind.
        quiet: (3,) of rims and holes: the ground, as a rule.
    """
    table = _table(stamps)
    reach = table.reach
    rows, columns = canvas.shape[:2]
    x, y = discs.x, discs.y
    near = (x > -reach) & (x < columns + reach) & (y > -reach) & (y < rows + reach)
    if not near.all():
        discs = discs.only(near)
    if not len(discs.x):
        return
    window, top, left = _window(canvas, discs, reach)
    size = window.shape[0] + 4 * reach, window.shape[1] + 4 * reach  # a margin: no disc is cut
    home, phase = _locate(discs.x - left + 2 * reach, discs.y - top + 2 * reach, size[1])
    phase += discs.kinds.astype(np.int32) * _PHASES**2
    core, edge = _stamp_numbers(home, phase, table, size)
    inner = (slice(2 * reach, size[0] - 2 * reach), slice(2 * reach, size[1] - 2 * reach))
    look = _Look(phase, discs.codes.astype(np.int32), _shades(palette, quiet), table)
    _shade(window, core[inner], edge[inner], look)


def _window(canvas: Canvas, discs: Discs, reach: int) -> tuple[NDArray[np.uint32], int, int]:
    """Return the part of the canvas that the discs may touch, as whole pixels, and its corner."""
    rows, columns = canvas.shape[:2]
    left = max(int(discs.x.min()) - reach - 1, 0)
    right = min(int(discs.x.max()) + reach + 2, columns)
    top = max(int(discs.y.min()) - reach - 1, 0)
    bottom = min(int(discs.y.max()) + reach + 2, rows)
    pixels = canvas.view(np.uint32)[..., 0]
    return pixels[top:bottom, left:right], top, left


def _locate(
    x: NDArray[np.floating], y: NDArray[np.floating], width: int
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return each centre's flat pixel index, and its phase within that pixel."""
    column, row = x.astype(np.int32), y.astype(np.int32)
    part_x = np.minimum(((x - column) * _PHASES).astype(np.int32), _PHASES - 1)
    part_y = np.minimum(((y - row) * _PHASES).astype(np.int32), _PHASES - 1)
    return row.astype(np.intp) * width + column, part_y * _PHASES + part_x


def _stamp_numbers(
    home: NDArray[np.intp], phase: NDArray[np.int32], table: _Table, size: tuple[int, int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return, for each pixel, the top fragment that fills it and the top one that crosses it.

    A fragment's number is disc << bits | offset, so that later discs have higher numbers.
    """
    area = size[0] * size[1]
    offsets = table.rows * size[1] + table.columns
    # What a phase does not touch goes where its first offset goes: its own pixel.
    steps = np.where(table.inside, offsets + table.edge * area, (table.edge * area)[:, :1])
    number = np.where(table.inside, np.arange(len(offsets), dtype=np.int32), np.int32(0))
    buffers = np.full(2 * area, _NOTHING, np.int32)
    chunk = max(1, _CHUNK // len(offsets))
    for start in range(0, len(home), chunk):
        part = slice(start, start + chunk)
        targets = steps.take(phase[part], axis=0)
        targets += home[part, None]
        numbers = number.take(phase[part], axis=0)
        first = np.arange(start, start + len(targets), dtype=np.int32) << table.bits
        numbers |= first[:, None]
        buffers[targets.ravel()] = numbers.ravel()  # in order: the last write stays
    return buffers[:area].reshape(size), buffers[area:].reshape(size)


def _shades(palette: Rgb, quiet: Rgb) -> Canvas:
    """Return RGBA (C * _LEVELS, 4): each colour in all its shares over `quiet`."""
    share = np.linspace(0, 1, _LEVELS)[:, None]
    mixed = quiet + (palette[:, None, :].astype(np.float64) - quiet) * share
    shades = np.full((len(palette), _LEVELS, 4), 255, np.uint8)
    shades[..., :3] = np.rint(mixed)
    return shades.reshape(-1, 4)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What each fragment looks like."""

    phase: NDArray[np.int32]
    codes: NDArray[np.int32]
    shades: Canvas
    table: _Table

    def split(self, numbers: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the rows of `shades` of these fragments, and their places in the table."""
        disc = numbers >> self.table.bits
        place = self.phase.take(disc) << self.table.bits
        place |= numbers & ((1 << self.table.bits) - 1)
        shade = self.codes.take(disc) * _LEVELS
        shade += self.table.level.ravel().take(place)
        return shade, place


def _shade(
    pixels: NDArray[np.uint32], core: NDArray[np.int32], edge: NDArray[np.int32], look: _Look
) -> None:
    """Colour the pixels that discs fill, then those that the edge of a higher disc crosses."""
    filled = core >= 0
    pixels[filled] = look.shades.view(np.uint32).ravel().take(look.split(core[filled])[0])
    crossed = edge > core
    shade, place = look.split(edge[crossed])
    opacity = look.table.opacity.ravel().take(place)[:, None]
    under = pixels[crossed].view(np.uint8).reshape(-1, 4).astype(np.float32)
    under += (look.shades.take(shade, axis=0) - under) * opacity
    under += 0.5
    pixels[crossed] = under.astype(np.uint8).view(np.uint32).ravel()
