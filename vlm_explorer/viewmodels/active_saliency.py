"""The overlay of the active one of two scans, for whoever looks at whichever that is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.viewer_measuring import Measuring
from vlm_explorer.viewmodels.viewer_model import ViewerModel

_NOT_EXPORTED = "Maps of words are not exported. Esc shows the method's own, which can be."


class ActiveSaliency(QObject):
    """Passes on what the overlay of the active scan says.

    Attributes:
        model: the active scan's overlay.

    Signals:
        drawn(): something is drawn on the active scan, or the tool is another.
        changed(): as the model's own, and when another scan becomes the active one.
        explanation_changed(): likewise.
        export_wanted(explanations): they are to be written into files.
        pointed(x, y): the user clicked at a point of the active scan's picture.
    """

    drawn = Signal()
    changed = Signal()
    export_wanted = Signal(object)
    explanation_changed = Signal()
    pointed = Signal(float, float)

    def __init__(
        self,
        comparison: Comparison,
        overlays: Mapping[ViewerModel, SaliencyModel],
        parent: QObject | None = None,
        *,
        measuring: Mapping[ViewerModel, Measuring] | None = None,
    ) -> None:
        """Follow a comparison; `overlays`, `measuring` have one for each of its scans."""
        super().__init__(parent)
        self._measuring = dict(measuring or {})
        self._comparison = comparison
        self._overlays = dict(overlays)
        self.model = self._overlays[comparison.active]
        for overlay in self._overlays.values():
            overlay.changed.connect(self._pass_change)
            overlay.explanation_changed.connect(self._pass_explanation)
            overlay.export_wanted.connect(self._pass_export)
            overlay.pointed.connect(self._pass_point)
        for each in self._measuring.values():
            each.changed.connect(self._pass_drawing)
        comparison.changed.connect(self._take_active)

    @property
    def measuring(self) -> Measuring | None:
        """What is drawn on the active scan; None where nothing can be."""
        return self._measuring.get(self._comparison.active)

    @Slot()
    def _take_active(self) -> None:
        model = self._overlays[self._comparison.active]
        if model is not self.model:
            self.model = model
            self.changed.emit()
            self.explanation_changed.emit()
            self.drawn.emit()

    @Slot()
    def _pass_drawing(self) -> None:
        if self.sender() is self.measuring:
            self.drawn.emit()

    @Slot()
    def _pass_change(self) -> None:
        if self.sender() is self.model:
            self.changed.emit()

    @Slot()
    def _pass_explanation(self) -> None:
        if self.sender() is self.model:
            self.explanation_changed.emit()

    @Slot(float, float)
    def _pass_point(self, x: float, y: float) -> None:
        if self.sender() is self.model:
            self.pointed.emit(x, y)

    @Slot()
    def _pass_export(self) -> None:
        shown = self.model.exported
        if shown is None and self.model.guest is not None:
            self._comparison.active.noticed.emit(_NOT_EXPORTED)
            return
        self.export_wanted.emit(() if shown is None else (shown,))
