"""What lies over a scan and can be switched off."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from vlm_explorer.encoders.preprocess import plan
from vlm_explorer.viewmodels.saliency_display import Rectangle, seen_rectangle
from vlm_explorer.viewmodels.viewer_model import ViewerModel


class Layer(StrEnum):
    """Something that lies over a scan."""

    WORDS = "words"  # the lines in the corners; warnings are no part of them
    LETTERS = "letters"  # which way the patient lies
    GRAPHICS = "graphics"  # what the file draws on its picture (60xx); no encoder sees it
    CROP = "crop"  # a mark on what the encoder never sees


class ViewerLayers(QObject):
    """Switches of a pane; they hold for all images.

    Signals:
        changed(): a switch.
    """

    changed = Signal()

    def __init__(self, model: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._shown = {Layer.WORDS, Layer.LETTERS, Layer.GRAPHICS}

    def shows(self, layer: Layer) -> bool:
        """Whether a layer is switched on."""
        return layer in self._shown

    def switch(self, layer: Layer, shown: bool | None = None) -> None:
        """Switch a layer on or off; without an argument the other way round."""
        shown = layer not in self._shown if shown is None else shown
        if shown and layer is Layer.CROP:
            if self._model.session.encoder is None:
                self._model.noticed.emit("No encoder is loaded yet.")
                shown = False
            elif self._seen() == self._whole():
                self._model.noticed.emit("The encoder sees the whole of this image.")
        if shown:
            self._shown.add(layer)
        else:
            self._shown.discard(layer)
        self.changed.emit()

    def graphics(self) -> NDArray[np.bool_] | None:
        """Return where the file draws on its picture, all its planes together; (rows, columns)."""
        loaded = self._model.loaded
        if loaded is None or not self.shows(Layer.GRAPHICS) or self._model.shows_encoder_view:
            return None
        return loaded.graphics

    def seen(self) -> Rectangle | None:
        """Return what the encoder sees of the scan, where that is to be marked."""
        wanted = self.shows(Layer.CROP) and not self._model.shows_encoder_view
        return self._seen() if wanted else None

    def _seen(self) -> Rectangle | None:
        """Return left, top, right and bottom of what the encoder's square covers."""
        encoder, (rows, columns) = self._model.session.encoder, self._model.shape
        if encoder is None or not rows or not columns:
            return None
        return seen_rectangle(plan(rows, columns, encoder.preprocess))

    def _whole(self) -> Rectangle:
        rows, columns = self._model.shape
        return 0.0, 0.0, float(columns), float(rows)
