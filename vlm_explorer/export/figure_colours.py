"""What the points of a figure are coloured by, in the theme's colours."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer import paths
from vlm_explorer.errors import UsageError
from vlm_explorer.export.figure import Entry, Ink, Scale
from vlm_explorer.rendering import colours, palettes, ramps
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.points import Brush

_MOST = 24  # named categories; what is left is "other"
_STEP = 12  # colours are extended by so many, so that none depends on how many there are
_LOWEST = 0.02  # quantile of the values at which a scale begins


@dataclass(frozen=True, slots=True, eq=False)
class Coloured:
    """A code for each image, the brush for these codes, and what they mean.

    Attributes:
        codes: uint8 (N,), rows of the brush's palette.
        outside: the code of texts that belong to no image.
    """

    codes: NDArray[np.uint8]
    brush: Brush
    legend: tuple[Entry, ...] = ()
    scale: Scale | None = None
    outside: int = 0


@cache
def _themes() -> dict[str, dict[str, Any]]:
    with (paths.resources() / "themes.toml").open("rb") as file:
        return tomllib.load(file)


def _roles(theme: str) -> dict[str, Any]:
    if theme not in _themes():
        raise UsageError(f"There is no theme “{theme}”.", f"Choose one of: {', '.join(_themes())}.")
    return _themes()[theme]


def ink_of(theme: str) -> Ink:
    """Return the colours of ground and words.

    Raises:
        UsageError: there is no such theme.
    """
    roles = _roles(theme)
    return Ink(
        roles["map_ground"],
        *(roles[name] for name in ("text", "secondary", "line", "accent", "star")),
    )


def by_category(values: list[str], counted: NDArray[np.bool_], theme: str, name: str) -> Coloured:
    """Colour by categories, the commonest first.

    Args:
        values: of each image, "" for none.
        counted: bool (N,), the images that the figure is about.
        theme: whose colours.
        name: of what is coloured by.
    """
    totals = Counter(values)
    shown = Counter(value for value, yes in zip(values, counted.tolist(), strict=True) if yes)
    ranked = sorted((key for key in totals if key), key=lambda key: (-totals[key], key))
    named = ranked if len(ranked) <= _MOST + 1 else ranked[:_MOST]
    rest = ranked[len(named) :]
    roles = _roles(theme)
    palette = [_hex(colour) for colour in _palette(theme, len(named))]
    entries = [
        Entry(key, colour, _counts(shown[key], totals[key]))
        for key, colour in zip(named, palette, strict=True)
    ]
    code_of = {key: code for code, key in enumerate(named)}
    if rest:
        code_of |= dict.fromkeys(rest, len(entries))
        counts = _counts(sum(shown[key] for key in rest), sum(totals[key] for key in rest))
        entries.append(Entry(f"other ({len(rest)})", roles["disabled"], counts))
    if "" in totals:
        code_of[""] = len(entries)
        entries.append(Entry(f"no {name}", roles["disabled"], _counts(shown[""], totals[""])))
    codes = np.array([code_of[value] for value in values], np.uint8)
    table = colours.parse([*(entry.colour for entry in entries), roles["secondary"]])
    return Coloured(codes, _brush(theme, table), tuple(entries), outside=len(entries))


def by_value(values: NDArray[np.float32], theme: str, title: str) -> Coloured:
    """Colour by numbers, low to high; images without one are grey."""
    finite = values[np.isfinite(values)]
    low, high = (
        (float(np.quantile(finite, _LOWEST)), float(finite.max())) if len(finite) else (0, 1)
    )
    share = (np.nan_to_num(values, nan=low) - low) / (high - low or 1)
    codes = np.where(np.isfinite(values), 1 + np.rint(np.clip(share, 0, 1) * 254), 0)
    steps = ramps.sequential(colours.parse(_roles(theme)["map_ground"])[0], 255)
    table = np.concatenate([colours.parse(_roles(theme)["disabled"]), steps])
    below = "≤ " if len(finite) and float(finite.min()) < low else ""
    numbers = [f"{value:.2f}".replace("-", "−") for value in (low, (low + high) / 2, high)]
    scale = Scale(title, steps, f"{below}{numbers[0]}", numbers[1], numbers[2])
    return Coloured(codes.astype(np.uint8), _brush(theme, table, ordered=True), scale=scale)


def _counts(shown: int, total: int) -> str:
    return f"{total:,}" if shown == total else f"{shown:,} of {total:,}"


def _palette(theme: str, count: int) -> Rgb:
    roles = _roles(theme)
    base = colours.parse(roles["categorical"])
    wanted = max(-(-count // _STEP) * _STEP, len(base))
    return palettes.extend(base, wanted, colours.parse(roles["map_ground"])[0])[:count]


def _brush(theme: str, palette: Rgb, *, ordered: bool = False) -> Brush:
    roles = _roles(theme)
    ground, accent, ghost = colours.parse([roles[n] for n in ("map_ground", "accent", "skeleton")])
    return Brush(palette, ground, accent, ghost, 0.0, ordered)


def _hex(colour: Rgb) -> str:
    return f"#{bytes(colour.tolist()).hex()}"
