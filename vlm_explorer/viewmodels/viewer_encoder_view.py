"""What the encoder sees of the image in the viewing pane: crop and padding included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_frames import FrameKey
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder


def rendered(frame: Frame, key: FrameKey, ct_window: str) -> NDArray[np.uint8]:
    """Return a frame as the encoder gets it, before resize and crop: colours as the file says."""
    from vlm_explorer.pixels.decode import read_frame
    from vlm_explorer.pixels.encoding_window import render_for_encoder

    if frame.colours not in (None, ColourReading.FILE):
        frame = read_frame(Path(key.file), key.frame)
    return render_for_encoder(frame, ct_window).pixels


def see_as_encoder(
    encoder: Encoder, frame: Frame, key: FrameKey, ct_window: str, *, context: JobContext
) -> np.ndarray:
    """Return what the encoder sees of a frame, uint8 (S, S, 3)."""
    context.check()
    view: np.ndarray = encoder.view(rendered(frame, key, ct_window))
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
        self._made_for: tuple[object, str] = (session.encoder, session.ct_window)
        self.picture: EncoderPicture | None = None

    def is_stale(self) -> bool:
        """Whether encoder or window are others than when the view was made or cleared."""
        return (self._session.encoder, self._session.ct_window) != self._made_for

    def show(self, frame: Frame, key: FrameKey) -> None:
        """Make the view of a frame; `key` says where it was read."""
        self.clear()
        if self._session.encoder is None:
            return
        self._session.runner.start(
            see_as_encoder,
            self._session.encoder,
            frame,
            key,
            self._session.ct_window,
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
        self._made_for = self._session.encoder, self._session.ct_window
        self.picture = None
