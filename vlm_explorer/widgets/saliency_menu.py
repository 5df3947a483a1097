"""How the overlay looks: the range of its colours, the colours, and ways to see past it."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from vlm_explorer.rendering.colour_maps import DIVERGING, SEQUENTIAL
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.widgets.menus import add_choice

_SCALINGS = {
    "raw": "from zero to the greatest value",
    "minmax": "from the least to the greatest value",
    "percentile": "from the 1st to the 99th percentile",
    "symmetric": "as far below zero as above",
    "shared": "shared by this map and those to come",
}
_SIGNED = ("symmetric", "percentile", "shared")  # what differs where the range is symmetric


def look_menu(model: SaliencyModel, switches: list[QAction], parent: QWidget) -> QMenu:
    """Return a menu of the overlay's looks; it is deleted when it is closed.

    Args:
        model: of the overlay.
        switches: actions that turn parts of the looks on and off.
        parent: of the menu.
    """
    menu = QMenu(parent)
    signed = model.raw is not None and model.raw.signed
    both_ways = model.shown is not None and model.shown.signed
    names = {key: _SCALINGS[key] for key in _SIGNED} if signed else _SCALINGS
    chosen: str = model.choice.scaling
    group = add_choice(menu, "Colours run", names, chosen if chosen in names else "symmetric")
    group.triggered.connect(lambda action: model.set_scaling(action.data()))
    menu.addSeparator()
    palettes = DIVERGING if both_ways else SEQUENTIAL
    chosen = model.choice.diverging if both_ways else model.choice.sequential
    group = add_choice(menu, "Palette", {name: name.capitalize() for name in palettes}, chosen)
    group.triggered.connect(lambda action: model.set_palette(action.data()))
    menu.addSeparator()
    menu.addActions(switches)
    return menu
