"""The theme's colours as the rasteriser wants them."""

from __future__ import annotations

import numpy as np

from vlm_explorer.rendering import colours, palettes, ramps
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.rasteriser import Brush, diameter
from vlm_explorer.viewmodels.map_colouring import NEUTRAL, Ramp
from vlm_explorer.viewmodels.map_scene import MapScene, centre_code
from vlm_explorer.viewmodels.map_words import TEXT_COLOUR
from vlm_explorer.widgets.theme import Theme

_QUIETER = 0.6  # towards the ground


def colour_of(index: int, roles: Theme) -> Rgb:
    """Return a category's colour, (3,); beyond the theme's categories an extended one."""
    if index == NEUTRAL:
        return _first(roles.disabled)
    if index == TEXT_COLOUR:
        return _first(roles.secondary)
    base = colours.parse(roles.categorical)
    # Extended in steps of a dozen, so that a colour does not depend on how many there are.
    count = -(-(index + 1) // 12) * 12
    extended = palettes.extend(base, max(count, len(base)), ground_of(roles))
    chosen: Rgb = extended[index]
    return chosen


def ground_of(roles: Theme) -> Rgb:
    """Return the map's ground, (3,)."""
    return _first(roles.map_ground)


def _first(colour: str) -> Rgb:
    rgb: Rgb = colours.parse(colour)[0]
    return rgb


def ramp_of(roles: Theme, scale: Ramp | None = None) -> Rgb:
    """Return the colours of a scale's codes, (256, 3): of no value, then low to high."""
    name, centred = ("", False) if scale is None else (scale.palette, scale.centre is not None)
    red, green, blue = (int(part) for part in ground_of(roles))
    steps = ramps.ramp((red, green, blue), name, centred=centred)
    return np.concatenate([missing_of(roles)[None], steps])


def missing_of(roles: Theme) -> Rgb:
    """Return the colour of what has no value on a scale, (3,): quieter than any value."""
    return colours.mix(_first(roles.disabled), ground_of(roles), _QUIETER)


def brush_for(scene: MapScene, roles: Theme, zoom: float) -> Brush:
    """Return how the scene's points are drawn.

    Args:
        scene: whose points.
        roles: the theme.
        zoom: the view's scale in units of the scale that shows everything.
    """
    if scene.ramp is None:
        palette = np.array([colour_of(index, roles) for index in scene.colours], np.uint8)
    else:
        palette = ramp_of(roles, scene.ramp)
    return Brush(
        palette=palette.reshape(-1, 3),
        ground=ground_of(roles),
        accent=_first(roles.accent),
        ghost=_first(roles.skeleton),
        diameter=diameter(len(scene), zoom),
        ordered=scene.ramp is not None,
        centre=None if scene.ramp is None else centre_code(scene.ramp),
    )
