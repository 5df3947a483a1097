"""The map as it lies over the picture: in the colours chosen, at its place, value by value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.encoders.preprocess import Geometry
from vlm_explorer.rendering.map_scaling import Scaling
from vlm_explorer.saliency.outliers import muted
from vlm_explorer.viewmodels import saliency_display
from vlm_explorer.viewmodels.saliency_caption import Caption
from vlm_explorer.viewmodels.saliency_display import Cell, DisplayedMap, RawMap, Rectangle
from vlm_explorer.viewmodels.saliency_looks import SaliencyLooks
from vlm_explorer.viewmodels.saliency_range import SharedRange
from vlm_explorer.viewmodels.viewer_model import ViewerModel

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """A map that is laid over the scan in place of the method's own, by a page that made it.

    Attributes:
        raw: the map.
        caption: the words beside it.
        cell: a patch to outline; None for none.
        explanation: what is exported of it; None where it cannot be.
    """

    raw: RawMap
    caption: Caption
    cell: Cell | None = None
    explanation: Explanation | None = None


class SaliencyShown(SaliencyLooks):
    """Holds the explanation that is shown, and what is drawn of it.

    Attributes:
        explanation: finished; None until then.
        shown: the map to draw, which may be on its way yet; None where there is none.
        caption: the words beside it.
        doubts: what the checks of the explanation hold against it.
        guest: what a page has laid over the scan; None for the method's own map.

    Signals:
        explanation_changed(): `explanation` is another.
        pointed(x, y): the user clicked at a point of the picture.
    """

    explanation_changed = Signal()
    pointed = Signal(float, float)

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.explanation: Explanation | None = None
        self.shown: DisplayedMap | None = None
        self.caption = Caption()
        self.guest: Guest | None = None
        self.doubts: tuple[str, ...] = ()
        self._raw: RawMap | None = None
        self._range = SharedRange()
        viewer.display_changed.connect(self._take_display)

    def set_scaling(self, scaling: Scaling) -> None:
        """Choose which values the ends of the colours stand for.

        A shared range begins with the map that is shown, and grows with those that come.
        """
        if scaling == "shared":
            self._range = SharedRange()
            if self.explanation is not None:
                self._range.take(self.explanation)
        super().set_scaling(scaling)

    @Slot()
    def _take_display(self) -> None:
        self.refresh()

    def _show(self, explanation: Explanation | None) -> None:
        """Show an explanation, or none."""
        other = explanation is not self.explanation
        self.explanation = explanation
        if other:
            self.doubts = ()
        self._raw = None  # `refresh` makes it
        if explanation is not None:
            self._range.take(explanation)
        self.refresh()
        if other:
            self.explanation_changed.emit()

    def _show_partial(self, raw: RawMap) -> None:
        """Show a map that is on its way."""
        other, self.explanation, self.doubts = self.explanation is not None, None, ()
        self._raw = raw
        if other:
            self.explanation_changed.emit()

    def lay_over(self, guest: Guest | None) -> None:
        """Lay another map over the scan than the method's; None takes it off again."""
        if guest is not self.guest:
            self.guest = guest
            self.refresh()

    def set_doubts(self, doubts: tuple[str, ...]) -> None:
        """Say beside the method's map what its checks hold against it."""
        if doubts != self.doubts:
            self.doubts = doubts
            self.refresh()

    def _words(self) -> Caption:
        """Return the words beside the map."""
        return Caption()

    def refresh(self) -> None:
        """Bring map and caption in line with choice and explanation."""
        if self.guest is None:
            words = self._words()
            self.caption = replace(words, warnings=(*self.doubts, *words.warnings))
        else:
            self.caption = self.guest.caption
        if (drawn := self.drawn) is not None:
            self._raw = RawMap(drawn.grid[0], drawn.geometry, drawn.unit, drawn.signed)
        raw, choice = self._over_picture(), self.choice
        self.shown = None
        if raw is not None:
            own = self.explanation if self.guest is None else None
            shares = choice.scaling == "shared"
            both_ways = raw.signed or choice.scaling == "symmetric"
            self.shown = saliency_display.display_map(
                raw,
                squares=choice.squares,
                scaling=choice.scaling,
                among=[self._range.ends(own)] if shares and own is not None else (),
                palette=choice.diverging if both_ways else choice.sequential,
                fade=choice.fade,
            )
        self.changed.emit()

    def _over_picture(self) -> RawMap | None:
        """Return the map as it lies over the scan, or over the encoder's view."""
        raw = self.raw
        if raw is None or not self._viewer.shows_encoder_view:
            return raw
        return replace(raw, geometry=saliency_display.encoder_geometry(raw.geometry))

    @property
    def drawn(self) -> Explanation | None:
        """The explanation as it is drawn and exported: with outlier tokens muted where wanted."""
        if self.explanation is None or not self.choice.mute:
            return self.explanation
        return muted(self.explanation)

    @property
    def exported(self) -> Explanation | None:
        """What is exported of the map that is seen; None where there is nothing."""
        return self.drawn if self.guest is None else self.guest.explanation

    @property
    def outliers(self) -> tuple[Rectangle, ...]:
        """Where the patches of outlier tokens lie on the picture."""
        raw = self._over_picture()
        if raw is None or self.explanation is None or self.guest is not None:
            return ()
        cells = np.argwhere(self.explanation.outlier_tokens)
        return tuple(
            saliency_display.cell_rectangle(raw.geometry, (int(row), int(column)))
            for row, column in cells
        )

    @property
    def raw(self) -> RawMap | None:
        """The values of the map that is shown, as they lie on the scan; they may be partial."""
        return self._raw if self.guest is None else self.guest.raw

    def cell_under(self, geometry: Geometry, x: float, y: float) -> Cell | None:
        """Return the patch of a map at a point of the picture; None where it was not seen."""
        if self._viewer.shows_encoder_view:
            geometry = saliency_display.encoder_geometry(geometry)
        return saliency_display.cell_at(geometry, x, y)

    @property
    def seen(self) -> Rectangle | None:
        """The part of the picture that the encoder saw; None where no map is shown."""
        raw = self._over_picture()
        return saliency_display.seen_rectangle(raw.geometry) if raw is not None else None

    @property
    def cell(self) -> Rectangle | None:
        """Where the patch that was chosen lies on the picture; None where none is."""
        raw = self._over_picture()
        cell = self.choice.cell if self.guest is None else self.guest.cell
        if raw is None or cell is None:
            return None
        return saliency_display.cell_rectangle(raw.geometry, cell)

    def probe(self, x: float, y: float) -> str:
        """Return the raw value of the map at a point of the picture, in words."""
        raw = self._over_picture()
        if raw is None or self.choice.hidden:
            return ""
        cell = saliency_display.cell_at(raw.geometry, x, y)
        return saliency_display.value_text(raw, cell) if cell is not None else "not seen"
