"""The scan on show: which it is, under which window, turned how, and what the pane says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import QObject

from vlm_explorer.viewmodels import viewer_corners, viewer_orientation
from vlm_explorer.viewmodels.series_order import SeriesOrder
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_corners import Corners
from vlm_explorer.viewmodels.viewer_encoder_view import EncoderView
from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_look import Place
from vlm_explorer.viewmodels.viewer_orientation import UPRIGHT, EdgeLetters
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture, FramePicture
from vlm_explorer.viewmodels.viewer_series import SeriesTracker, scan_name
from vlm_explorer.viewmodels.viewer_windows import SeriesWindows


class Status(StrEnum):
    """What the pane has to show."""

    EMPTY = "empty"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class ScanState(QObject):
    """What a pane shows, and all that can be said of it without asking anyone.

    Attributes:
        name: of the pane; its jobs begin with it.
        following: whether the image is the selection's.
        image_id: the image shown, or None.
        status: what there is to show.
        failure: (text, hint) where the image cannot be shown.
        loaded: the frame, when it is ready.
        series: the image's series, and the place in it.
        windows: under which window each series is shown.
        orientation, inverted: flips, turns and inversion on top of the file's own.
        place: from where the image is seen; None: all of it.
        encoder_view: whether the encoder's view is wanted in the place of the scan.
    """

    def __init__(
        self,
        session: Session,
        order: SeriesOrder,
        name: str,
        *,
        following: bool,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.name = name
        self.following = following
        self.encoder_view = False
        self.windows = SeriesWindows(self, session.kept, session.history)
        self.series = SeriesTracker(session, order, name, self)
        self._encoder_view = EncoderView(session, name, self)
        self._clear()

    def _clear(self) -> None:
        self.image_id: str | None = None
        self.status = Status.EMPTY
        self.failure = "", ""
        self.loaded: LoadedFrame | None = None
        self.windows.loaded = None
        self.orientation = UPRIGHT
        self.inverted = False
        self.place: Place | None = None
        self._encoder_view.clear()

    # The picture

    @property
    def picture(self) -> FramePicture | EncoderPicture | None:
        """What to draw; None where nothing is ready."""
        if self.loaded is None:
            return None
        if self.encoder_view and self._encoder_view.picture is not None:
            return replace(self._encoder_view.picture, inverted=self.inverted)
        return FramePicture(self.loaded, self.windows.current or self.loaded.default, self.inverted)

    @property
    def shows_encoder_view(self) -> bool:
        """Whether the picture is what the encoder sees."""
        return isinstance(self.picture, EncoderPicture)

    @property
    def title(self) -> str:
        """The image's caption, or its label, or what it is; with the selection it stands for."""
        if self.image_id is None:
            return ""
        images, row = self.session.images, self._row()
        words = str(images.caption[row] or images.label[row]) or scan_name(images, row)
        selection = self.session.selection
        stands_for = self.following and selection.current is None
        return f"1 of {len(selection.ids):,} selected · {words}" if stands_for else words

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the image, known before it is read; zeros without one."""
        if self.image_id is None:
            return 0, 0
        images, row = self.session.images, self._row()
        return int(images.rows[row]), int(images.columns[row])

    def _row(self) -> int:
        assert self.image_id is not None
        return self.session.images.row_of[self.image_id]

    @property
    def letters(self) -> EdgeLetters | None:
        """Which way the patient lies on the screen; None where the file does not say."""
        if self.loaded is None:
            return None
        return viewer_orientation.edge_letters(self.loaded.frame.orientation, self.orientation)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of this frame and its series."""
        of_series = self.series.found.warnings if self.series.found is not None else ()
        return (*(self.loaded.frame.warnings if self.loaded is not None else ()), *of_series)

    def probe(self, row: int, column: int) -> str:
        """Return the value of a pixel of the picture, in words; empty beside it."""
        picture = self.picture
        if picture is None or not (0 <= row < picture.rows and 0 <= column < picture.columns):
            return ""
        if isinstance(picture, EncoderPicture):
            return picture.probe(row, column)
        return viewer_corners.probe_text(self.loaded, row, column) if self.loaded else ""

    def probe_place(self, row: int, column: int) -> str:
        """Return the stored value of a pixel and where it lies in the patient; empty beside it."""
        rows, columns = self.loaded.frame.values.shape[:2] if self.loaded is not None else (0, 0)
        if self.loaded is None or self.shows_encoder_view or row >= rows or column >= columns:
            return ""
        return viewer_corners.place_text(self.loaded, row, column)

    def corners(self, zoom: float, *passing: str, patient: Sequence[str] = ()) -> Corners:
        """Return the words of the corners.

        Args:
            zoom: device pixels a pixel of the image.
            passing: lines that come and go: probe, cine.
            patient: the identifying lines, where the user asked for them.
        """
        if self.image_id is None:
            return Corners()
        modality = str(self.session.images.modality[self._row()])
        upper = viewer_corners.upper_corners(modality, self.series.found, self.loaded, patient)
        if tags := self.session.tags.words(self.image_id):
            upper = (*upper[0], f"Tags: {tags}"), upper[1]
        if self.status is Status.FAILED:
            return Corners(*upper)
        picture = self.picture
        frame = self.loaded.frame if self.loaded is not None else None
        lower = viewer_corners.lower_left(
            self.series.place,
            picture.describe() if picture is not None else "Reading…",
            zoom,
            self.orientation,
            inverted=self.inverted,
            passing=passing,
            facts=frame.facts if frame is not None else {},
        )
        index = int(self.session.images.frame[self._row()])
        return Corners(*upper, lower, viewer_corners.lower_right(frame, index))
