"""What can be done with a pinned prompt, as a menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.pins import Pin
from vlm_explorer.widgets.menus import literal


def fill_menu(
    menu: QMenu, pin: Pin, model: MapModel, rename: Callable[[], object] | None = None
) -> None:
    """Add what can be done with a pin.

    Args:
        menu: to add to.
        pin: of the model's session.
        model: of the map that is coloured.
        rename: called to begin renaming; None leaves that out.
    """
    pins = model.session.pins
    known = pins.answer(pin) is not None
    colour = menu.addAction("Colour by similarity to it", partial(model.set_colour_by, pin.column))
    colour.setEnabled(known)
    search = menu.addAction("Search for it", partial(model.session.search, pin.text))
    search.setToolTip("Rank the images by it")
    others = [other for other in pins.items if other.number != pin.number]
    compare = menu.addMenu("Colour by margin over")
    compare.setEnabled(known and bool(others))
    for other in others:
        compare.addAction(literal(other.name), partial(colour_by_margin, model, pin, other))
    menu.addSeparator()
    if rename is not None:
        menu.addAction("Rename", rename)
    menu.addAction("Remove", partial(pins.remove, pin.number))


def colour_by_margin(model: MapModel, pin: Pin, other: Pin) -> None:
    """Colour by how much nearer images are to one pin than to another, diverging around 0."""
    model.set_colour_by(model.session.pins.compare(pin.number, other.number))
