"""Zoom and pan of a viewing pane, joined to the place that its model remembers."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Slot

from vlm_explorer.viewmodels.viewer_model import ViewerModel
from vlm_explorer.widgets.image_ground import ImageGround


class ViewerPlace(QObject):
    """Tells the model from where the user looks, and looks from where the model recalls.

    A place is about pictures of one shape: that of the scan waits while the encoder's view is on
    show.
    """

    def __init__(self, ground: ImageGround, model: ViewerModel) -> None:
        super().__init__(ground)
        self._ground, self._model = ground, model
        self._due = False  # whether the model's place waits for the picture it is about
        ground.looked.connect(self._tell)
        model.place_recalled.connect(self._look_again)

    def take_picture(self) -> None:
        """Follow another picture on the ground."""
        place = self._model.place
        if self._due and self._ground.camera.fitted:
            self._look_again()
        elif place is not None and place[3:] != self._shape:
            self._due = True

    @property
    def _shape(self) -> tuple[int, int]:
        """Columns and rows of the picture that is or was on show."""
        return self._ground.camera.columns, self._ground.camera.rows

    @Slot(str, bool)
    def _tell(self, burst: str, held: bool) -> None:
        camera = self._ground.camera
        place = None if camera.fitted else (camera.zoom, *camera.centre, *self._shape)
        self._due = False
        self._model.look_from(place, burst, held=held)

    @Slot()
    def _look_again(self) -> None:
        """Look from where the model says, or at all of a picture that this is not about."""
        place, camera = self._model.place, self._ground.camera
        self._due = place is not None and place[3:] != self._shape
        if place is None or self._due:
            self._ground.set_camera(camera.fit())
        else:
            zoom, x, y, *_ = place
            self._ground.set_camera(replace(camera, zoom=zoom, centre=(x, y), fitted=False))
