"""The theme's colours for a figure of the map."""

from __future__ import annotations

import numpy as np

from vlm_explorer.viewmodels.export_figure import Look, figure_ink
from vlm_explorer.viewmodels.map_scene import MapScene
from vlm_explorer.widgets.map_brush import brush_for, colour_of, ramp_of
from vlm_explorer.widgets.theme import load_themes


def look_of(scene: MapScene, name: str) -> Look:
    """Return the colours of a scene in the theme of that name."""
    roles = load_themes()[name]
    colours = tuple(
        f"#{bytes(colour_of(entry.category.colour, roles).tolist()).hex()}"
        for entry in scene.legend
    )
    ramp = np.empty((0, 3), np.uint8) if scene.ramp is None else ramp_of(roles, scene.ramp)[1:]
    return Look(brush_for(scene, roles, 1.0), figure_ink(name), colours, ramp)
