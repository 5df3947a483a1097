"""The viewing pane's state: which image, how far it is loaded, under which window, turned how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import viewer_corners, viewer_orientation
from vlm_explorer.viewmodels.series_order import SeriesOrder
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_corners import Corners
from vlm_explorer.viewmodels.viewer_encoder_view import EncoderView
from vlm_explorer.viewmodels.viewer_frames import FrameCache, FrameKey, LoadedFrame
from vlm_explorer.viewmodels.viewer_loader import FrameLoader
from vlm_explorer.viewmodels.viewer_orientation import UPRIGHT, EdgeLetters, Orientation
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture, FramePicture
from vlm_explorer.viewmodels.viewer_series import SeriesTracker, image_to_show
from vlm_explorer.viewmodels.viewer_windows import SeriesWindows
from vlm_explorer.viewmodels.viewer_words import error_words


class Status(StrEnum):
    """What the pane has to show."""

    EMPTY = "empty"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class ViewerModel(QObject):
    """Shows the selection's current image, or one of its own, and says how.

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
        encoder_view: whether the encoder's view is wanted in the place of the scan.

    Signals:
        image_changed(): another image, or another status.
        display_changed(): the same image under another window, orientation, inversion or view.
        noticed(text): something to say in passing.
    """

    image_changed = Signal()
    display_changed = Signal()
    noticed = Signal(str)

    def __init__(
        self,
        session: Session,
        cache: FrameCache | None = None,
        order: SeriesOrder | None = None,
        *,
        name: str = "viewer",
        following: bool = True,
        parent: QObject | None = None,
    ) -> None:
        """Share frames and the order of series with other panes by `cache` and `order`."""
        super().__init__(parent)
        self.session = session
        self.name = name
        self.following = following
        self.encoder_view = False
        self.windows = SeriesWindows(self)
        self.windows.changed.connect(self.display_changed)
        self.windows.refused.connect(self.noticed)
        self._loader = FrameLoader(session.runner, cache or FrameCache(), name, self)
        self._loader.arrived.connect(self._take_frame)
        self._loader.failed.connect(self._fail)
        self._encoder_view = EncoderView(session, name, self)
        self._encoder_view.changed.connect(self.display_changed)
        self.series = SeriesTracker(session, order or SeriesOrder(session.kept), name, self)
        self.series.changed.connect(self._read_ahead)
        self.series.wanted.connect(self._go_to)
        self._clear()
        session.selection_changed.connect(self._follow)
        session.collection_changed.connect(self._take_collection)
        session.encoder_changed.connect(self._take_encoder)
        self._follow()

    def _clear(self) -> None:
        self.image_id: str | None = None
        self.status = Status.EMPTY
        self.failure = "", ""
        self.loaded: LoadedFrame | None = None
        self.windows.loaded = None
        self.orientation = UPRIGHT
        self.inverted = False
        self._encoder_view.clear()

    # Which image

    @Slot()
    def _take_collection(self) -> None:
        """Go on where only more images have come; forget those of a collection that was left."""
        if self.image_id in self.session.images.row_of and self._still_wanted():
            self.series.look_again()
            return
        self._loader.forget()
        self.windows.forget()
        self._show_nothing()
        self._follow()

    def _still_wanted(self) -> bool:
        return not self.following or image_to_show(self.session, self.image_id) == self.image_id

    @Slot()
    def _follow(self) -> None:
        """Show the selection's current image, else one of the selected."""
        if self.following:
            self.show(image_to_show(self.session, self.image_id))

    def show(self, image_id: str | None) -> None:
        """Show an image of the collection, or none."""
        if image_id is None:
            self._loader.stop()
            self._show_nothing()
            return
        if image_id == self.image_id:
            return
        self.image_id, self.failure = image_id, ("", "")
        self._encoder_view.clear()
        if self.series.enter(image_id):
            self.orientation, self.inverted = UPRIGHT, False
            self.windows.key = self.series.key
        self.loaded = self.windows.loaded = self._loader.get(self._frame_key(image_id))
        if self.loaded is None:
            self.status = Status.LOADING
            self.image_changed.emit()
        else:
            self._take_frame(self.loaded)

    @Slot(str)
    def _go_to(self, image_id: str) -> None:
        """Show an image of the study; a selection of several stays while one scrolls."""
        if not self.following:
            self.show(image_id)
            return
        selected = self.session.selection.ids
        alone = selected <= {self.image_id} or image_id not in self.series.ids
        self.session.select([image_id] if alone else selected, image_id)

    def _show_nothing(self) -> None:
        self._clear()
        self.series.leave()
        self.image_changed.emit()

    def _frame_key(self, image_id: str) -> FrameKey:
        images = self.session.images
        row = images.row_of[image_id]
        return str(images.file[row]), int(images.frame[row])

    @Slot(object)
    def _take_frame(self, loaded: LoadedFrame) -> None:
        self.loaded = self.windows.loaded = loaded
        self.status = Status.READY
        if self.encoder_view:
            self._encoder_view.show(loaded.frame)
        self.image_changed.emit()
        self._read_ahead()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.status = Status.FAILED
        self.failure = error_words(error, "This image cannot be shown.")
        self.image_changed.emit()

    @Slot()
    def _read_ahead(self) -> None:
        if self.status is Status.READY:
            self._loader.read_ahead([self._frame_key(key) for key in self.series.neighbours()])

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
        """The image's caption, or its label, with the selection that it stands for."""
        if self.image_id is None:
            return ""
        images, row = self.session.images, self._row()
        words = str(images.caption[row] or images.label[row] or "No caption")
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

    # What the user does to it

    def drag_window(self, dx: float, dy: float) -> None:
        """Change the series' window by a drag; the encoder's view has none to change."""
        if self.shows_encoder_view:
            self.noticed.emit("The encoder always sees the default window.")
        else:
            self.windows.drag(dx, dy)

    def invert(self) -> None:
        """Swap black and white."""
        self.inverted = not self.inverted
        self.display_changed.emit()

    def turn(self, how: Callable[[Orientation], Orientation]) -> None:
        """Flip or turn the picture: `how` is a method of `Orientation`."""
        self.orientation = how(self.orientation)
        self.display_changed.emit()

    def search_like(self) -> None:
        """Rank the images by their likeness to this one."""
        if self.image_id is not None:
            self.session.search_like(self.image_id)

    def reset(self) -> None:
        """Show the series as at first."""
        self.orientation, self.inverted = UPRIGHT, False
        self.windows.reset()

    def show_encoder_view(self, shown: bool | None = None) -> None:
        """Show exactly what the encoder sees, or the scan; without an argument the other one."""
        shown = not self.encoder_view if shown is None else shown
        if shown and self.session.encoder is None:
            self.noticed.emit("No encoder is loaded yet.")
            shown = False
        self.encoder_view = shown
        if shown and self.loaded is not None and self._encoder_view.picture is None:
            self._encoder_view.show(self.loaded.frame)
        self.display_changed.emit()

    @Slot()
    def _take_encoder(self) -> None:
        """Another encoder sees another picture."""
        if not self._encoder_view.is_stale():
            return
        self._encoder_view.clear()
        if self.encoder_view:
            self.show_encoder_view(self.session.encoder is not None)
