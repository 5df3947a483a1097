"""Which row of attention the overlay shows: the layer, the head, the patch that asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vlm_explorer.viewmodels import saliency_display
from vlm_explorer.viewmodels.saliency_caption import Head, Layers
from vlm_explorer.viewmodels.saliency_shown import SaliencyShown
from vlm_explorer.viewmodels.saliency_states import Method

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps


class SaliencyRows(SaliencyShown):
    """Changes of the choice that ask for another row of the attention that was read.

    What reads it is to give `method`, `attention` and `_restart`.
    """

    _layers = Layers()

    @property
    def method(self) -> Method:
        """The method that explains."""
        raise NotImplementedError

    @property
    def attention(self) -> AttentionMaps | None:
        """The attention of all layers for the image; None unless it is in memory."""
        raise NotImplementedError

    def _restart(self, *, keep: bool = False, pause: int = 0) -> None:
        """Explain anew."""
        raise NotImplementedError

    def set_layer(self, layer: int) -> None:
        """Show the attention of another layer."""
        self._choose(layer=layer)

    def set_head(self, head: Head) -> None:
        """Show the attention of one head, or of all in one."""
        self._choose(head=head)

    def look_from(self, x: float, y: float, *, column: bool = False) -> None:
        """Show where the patch at a point of the picture looks, or (column) who looks at it.

        For attention only; the same point again ends it. Whatever is shown, those who ask about
        patches are told of the point.
        """
        if not column:
            self.pointed.emit(x, y)
        raw, maps = self._over_picture(), self.attention
        if self.method != "attention" or raw is None or self.guest is not None:
            return
        if maps is not None and not maps.has_patch_queries(self.choice.layer):
            self._viewer.noticed.emit("In this layer only the pooling query looks. Choose a block.")
        elif (cell := saliency_display.cell_at(raw.geometry, x, y)) is not None:
            again = (cell, column) == (self.choice.cell, self.choice.column)
            self._choose(cell=None if again else cell, column=column and not again)

    def step_patch(self, rows: int, columns: int) -> None:
        """Look from a patch so many rows and columns on; from the middle one at first."""
        raw = self._over_picture()
        if raw is None or self.choice.hidden:
            return
        cell = self.choice.cell if self.guest is None else self.guest.cell
        place = saliency_display.step_cell(raw.geometry, cell, rows, columns)
        if place is not None:
            self.look_from(*place, column=self.choice.column)

    def show_column(self, column: bool | None = None) -> None:
        """Show who attends to the chosen patch, or where it looks; None: the other of both."""
        if self.choice.cell is None:
            self._viewer.noticed.emit("Click a patch first, with the attention over the scan.")
            self.refresh()
        else:
            self._choose(column=not self.choice.column if column is None else column)

    def look_from_image(self) -> bool:
        """Show again what leads to the image's vector; whether that changed anything."""
        if self.guest is not None:
            self.lay_over(None)
            return True
        changed = self.choice.cell is not None
        if changed:
            self._choose(cell=None, column=False)
        return changed

    def _choose(self, **changes: Any) -> None:
        """Take another row of attention; a head that the layer does not have is mended."""
        choice = replace(self.choice, **changes)
        if isinstance(choice.head, int) and self._layers.heads:
            choice = replace(choice, head=min(choice.head, self._layers.heads[choice.layer] - 1))
        self.choice = choice
        self._restart(keep=True, pause=0)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose attention can be shown; empty until that is known."""
        return self._layers.names

    @property
    def heads(self) -> int:
        """Number of heads of the layer; 0 until that is known."""
        return self._layers.heads[self.choice.layer] if self._layers.heads else 0
