"""The overlay of the active one of two scans, for whoever looks at whichever that is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.viewer_model import ViewerModel


class ActiveSaliency(QObject):
    """Passes on what the overlay of the active scan says.

    Attributes:
        model: the active scan's overlay.

    Signals:
        changed(): as the model's own, and when another scan becomes the active one.
        explanation_changed(): likewise.
    """

    changed = Signal()
    explanation_changed = Signal()

    def __init__(
        self,
        comparison: Comparison,
        overlays: Mapping[ViewerModel, SaliencyModel],
        parent: QObject | None = None,
    ) -> None:
        """Follow a comparison; `overlays` has one overlay for each of its scans."""
        super().__init__(parent)
        self._comparison = comparison
        self._overlays = dict(overlays)
        self.model = self._overlays[comparison.active]
        for overlay in self._overlays.values():
            overlay.changed.connect(self._pass_change)
            overlay.explanation_changed.connect(self._pass_explanation)
        comparison.changed.connect(self._take_active)

    @Slot()
    def _take_active(self) -> None:
        model = self._overlays[self._comparison.active]
        if model is not self.model:
            self.model = model
            self.changed.emit()
            self.explanation_changed.emit()

    @Slot()
    def _pass_change(self) -> None:
        if self.sender() is self.model:
            self.changed.emit()

    @Slot()
    def _pass_explanation(self) -> None:
        if self.sender() is self.model:
            self.explanation_changed.emit()
