"""What the encoder sees of the image in the viewing pane: crop and padding included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder


def see_as_encoder(encoder: Encoder, frame: Frame, *, context: JobContext) -> np.ndarray:
    """Return what the encoder sees of a frame's default rendering, uint8 (S, S, 3)."""
    from vlm_explorer.pixels.render import render_frame

    context.check()
    view: np.ndarray = encoder.view(render_frame(frame).pixels)
    return view


class EncoderView(QObject):
    """Makes the encoder's view of one frame, when it is asked for.

    Attributes:
        picture: the view; None until it is made.

    Signals:
        changed(): there is another picture, or none.
    """

    changed = Signal()

    def __init__(
        self, session: Session, name: str = "viewer", parent: QObject | None = None
    ) -> None:
        """Make views for the pane of that name."""
        super().__init__(parent)
        self._session = session
        self._key = f"{name}.encoder_view"
        self._encoder = session.encoder
        self.picture: EncoderPicture | None = None

    def is_stale(self) -> bool:
        """Whether the session has another encoder than when the view was made or cleared."""
        return self._session.encoder is not self._encoder

    def show(self, frame: Frame) -> None:
        """Make the view of a frame."""
        self.clear()
        if self._session.encoder is None:
            return
        self._session.runner.start(
            see_as_encoder,
            self._session.encoder,
            frame,
            title="Preparing the encoder's view",
            key=self._key,
            lane="io",
            on_success=self._take,
            on_failure=self._session.messages.show_error,
        )

    @Slot(object)
    def _take(self, view: np.ndarray) -> None:
        self.picture = EncoderPicture.of(view)
        self.changed.emit()

    def clear(self) -> None:
        """Forget the view."""
        self._session.runner.cancel(self._key)
        self._encoder = self._session.encoder
        self.picture = None
