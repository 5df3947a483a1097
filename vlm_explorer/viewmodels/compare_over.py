"""The compared map that was put over the scan: as it is, or less another."""

from __future__ import annotations

from collections.abc import Sequence

from vlm_explorer.saliency.method_words import IMAGE_ONLY, title_of
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.compare_tiles import CompareTile, raw_map
from vlm_explorer.viewmodels.saliency_caption import Layers, describe
from vlm_explorer.viewmodels.saliency_shown import Guest


class MapOver:
    """Has the overlay explain what a tile does; a difference is laid over the scan by itself."""

    def __init__(self, saliency: ActiveSaliency) -> None:
        self._saliency = saliency
        self._dressed = saliency.model  # over whose scan a difference may lie
        self._laid: Guest | None = None
        self._of: tuple[object, ...] = ()

    def put(self, tile: CompareTile, subtracted: str) -> None:
        """Show over the scan what a tile shows.

        Args:
            tile: one of those that stand beside each other.
            subtracted: the prompt whose map is taken from the others'; "" for none.
        """
        model, request = self._saliency.model, tile.request
        self.take_off()
        if model.choice.method != request.method:
            model.set_method(request.method)  # type: ignore[arg-type]
        if request.method not in IMAGE_ONLY and model.prompt != request.prompt:
            model.explain_prompt(request.prompt)
        drawn = tile.drawn
        if drawn is None or drawn is tile.explanation:
            model.lay_over(None)
            return
        caption = describe(title_of(drawn.method), drawn, Layers(), request.direction)
        self._dressed, self._of = model, (request.key, subtracted)
        self._laid = Guest(raw_map(drawn), caption, explanation=drawn)
        model.lay_over(self._laid)

    def follow(self, tiles: Sequence[CompareTile], subtracted: str) -> None:
        """Take a difference off that no tile shows any more."""
        if self._of not in [(tile.request.key, subtracted) for tile in tiles]:
            self.take_off()

    def take_off(self) -> None:
        """Take the difference off, if it still lies there."""
        if self._laid is not None and self._dressed.guest is self._laid:
            self._dressed.lay_over(None)
        self._laid, self._of = None, ()
