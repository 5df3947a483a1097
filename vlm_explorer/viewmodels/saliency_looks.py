"""How the saliency overlay looks: what the user chose of that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from vlm_explorer.rendering.colour_maps import SEQUENTIAL
from vlm_explorer.rendering.map_scaling import Scaling
from vlm_explorer.viewmodels.saliency_states import Choice

_MIDDLE = 0.5


class SaliencyLooks(QObject):
    """Changes of the choice that no explanation depends on.

    Attributes:
        choice: what the user chose.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choice = Choice()

    def look(self, **changes: Any) -> None:
        """Change how the map is shown."""
        self.choice = replace(self.choice, **changes)
        self.refresh()

    def refresh(self) -> None:
        """Bring what is shown in line with the choice."""
        self.changed.emit()

    def set_opacity(self, opacity: float) -> None:
        """Show more or less of the scan through the map."""
        self.choice = replace(self.choice, opacity=opacity)
        self.changed.emit()

    def set_hidden(self, hidden: bool | None = None) -> None:
        """Take the map out of sight, or show it again; without an argument the other of both."""
        hidden = not self.choice.hidden if hidden is None else hidden
        self.choice = replace(self.choice, hidden=hidden)
        self.changed.emit()

    def show_squares(self, squares: bool | None = None) -> None:
        """Show the patches as they are, or smooth; without an argument the other of both."""
        self.look(squares=not self.choice.squares if squares is None else squares)

    def set_scaling(self, scaling: Scaling) -> None:
        """Choose which values the ends of the colours stand for."""
        self.look(scaling=scaling)

    def set_palette(self, name: str) -> None:
        """Choose the colours of the maps that a palette is made for, signed or unsigned."""
        self.look(**{"sequential" if name in SEQUENTIAL else "diverging": name})

    def set_fade(self, fade: bool | None = None) -> None:
        """Let low values leave more of the scan to be seen, or not."""
        self.look(fade=not self.choice.fade if fade is None else fade)

    def show_contours(self, contours: bool | None = None) -> None:
        """Draw lines in the place of colours, or colours."""
        self.look(contours=not self.choice.contours if contours is None else contours)

    def mute_outliers(self, mute: bool | None = None) -> None:
        """Replace outlier tokens by what lies around them, and say so, or show them."""
        self.look(mute=not self.choice.mute if mute is None else mute)

    def swipe(self, on: bool | None = None) -> None:
        """Leave the scan bare on one side of an edge that can be dragged, or not."""
        on = self.choice.edge is None if on is None else on
        self.look(edge=_MIDDLE if on else None)

    def move_edge(self, share: float) -> None:
        """Move the edge to a share of the pane's width."""
        self.choice = replace(self.choice, edge=min(max(share, 0.0), 1.0))
        self.changed.emit()

    def step_edge(self, share: float) -> None:
        """Move the edge, if it is there, by a share of the pane's width; positive to the right."""
        if self.choice.edge is not None:
            self.move_edge(self.choice.edge + share)
