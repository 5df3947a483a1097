"""The viewing pane: brings the wanted image there, and does to it what the user asks for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.pixels.frame import Frame
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.scan_state import ScanState, Status
from vlm_explorer.viewmodels.series_order import SeriesOrder
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_colours import SeriesColours
from vlm_explorer.viewmodels.viewer_frames import FrameCache, FrameKey, LoadedFrame
from vlm_explorer.viewmodels.viewer_loader import FrameLoader
from vlm_explorer.viewmodels.viewer_look import Place, ViewerLook, ViewerPart
from vlm_explorer.viewmodels.viewer_orientation import UPRIGHT, Orientation
from vlm_explorer.viewmodels.viewer_series import image_to_show, window_key

__all__ = ["Status", "ViewerModel"]


class ViewerModel(ScanState):
    """Shows the selection's current image, or one of its own, as the user wants it.

    Signals:
        image_changed(): another image, or another status.
        display_changed(): the same image under another window, orientation, inversion or view.
        noticed(text): something to say in passing.
        place_recalled(): it is to be seen from `place` again.
    """

    image_changed = Signal()
    display_changed = Signal()
    noticed = Signal(str)
    place_recalled = Signal()

    def __init__(
        self,
        session: Session,
        cache: FrameCache | None = None,
        order: SeriesOrder | None = None,
        colours: SeriesColours | None = None,
        *,
        name: str = "viewer",
        following: bool = True,
        parent: QObject | None = None,
    ) -> None:
        """Share frames, order and colours of series with other panes by those three."""
        order = order or SeriesOrder(session.kept)
        super().__init__(session, order, name, following=following, parent=parent)
        self.colours = colours or SeriesColours(session.kept, self)
        self.colours.changed.connect(self._take_colours)
        self.frames = cache or FrameCache()
        self._loader = FrameLoader(session.runner, self.frames, name, self)
        self._loader.arrived.connect(self._take_frame)
        self._loader.failed.connect(self._fail)
        self.windows.changed.connect(self.display_changed)
        self.windows.refused.connect(self.noticed)
        self._encoder_view.changed.connect(self.display_changed)
        self.series.changed.connect(self._read_ahead)
        self.series.wanted.connect(self._go_to)
        session.selection_changed.connect(self._follow)
        session.collection_changed.connect(self._take_collection)
        session.encoder_changed.connect(self._take_encoder)
        session.history.add(ViewerPart(self), owner=self)
        self._follow()

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
            self.orientation, self.inverted, self.place = UPRIGHT, False, None
            self.windows.key = self.series.key
        self._load(image_id)

    def _load(self, image_id: str) -> None:
        self.loaded = self.windows.loaded = self._loader.get(self.frame_key(image_id))
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
        with self.session.history.step("browse"):
            self.session.select([image_id] if alone else selected, image_id)

    def _show_nothing(self) -> None:
        self._clear()
        self.series.leave()
        self.image_changed.emit()

    def frame_key(self, image_id: str) -> FrameKey:
        """Return where the frame of an image is read, and how."""
        images = self.session.images
        row = images.row_of[image_id]
        reading = self.colours.of(window_key(images, image_id))
        return FrameKey(str(images.file[row]), int(images.frame[row]), reading)

    @Slot(object)
    def _take_frame(self, loaded: LoadedFrame) -> None:
        self.loaded = self.windows.loaded = loaded
        self.status = Status.READY
        if self.encoder_view:
            self._show_to_encoder(loaded.frame)
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
            self._loader.read_ahead([self.frame_key(key) for key in self.series.neighbours()])

    # What the user does to it

    def drag_window(self, dx: float, dy: float, drag: int = 0) -> None:
        """Change the series' window by a drag; the encoder's view has none to change.

        Args:
            dx, dy: since the last step, logical pixels.
            drag: the number of the drag: one of them is undone at once.
        """
        if self.shows_encoder_view:
            self.noticed.emit("The window of the encoder's view is chosen in the menu File.")
        else:
            self.windows.drag(dx, dy, drag)

    def invert(self) -> None:
        """Swap black and white."""
        with self.session.history.step():
            self.inverted = not self.inverted
            self.display_changed.emit()

    def turn(self, how: Callable[[Orientation], Orientation]) -> None:
        """Flip or turn the picture: `how` is a method of `Orientation`."""
        with self.session.history.step():
            self.orientation = how(self.orientation)
            self.display_changed.emit()

    def look_from(self, place: Place | None, burst: str = "", *, held: bool = False) -> None:
        """Take note of where the user looks from now; see `History.step`."""
        with self.session.history.step(burst, held=held):
            self.place = place

    def read_colours(self) -> None:
        """Read the colours of the series as something else: RGB, YBR, and as the file says again.

        It is for the eye alone: the encoder sees what the file says.
        """
        if self.image_id is None or self.loaded is None:
            return
        if self.loaded.frame.colours is None:
            self.noticed.emit("This picture has no colours that could be read as others.")
            return
        self.colours.turn(self.series.key)

    @Slot(tuple)
    def _take_colours(self, key: tuple[str, ...]) -> None:
        if self.image_id is not None and key == self.series.key:
            self._load(self.image_id)

    def search_like(self) -> None:
        """Rank the images by their likeness to this one."""
        if self.image_id is not None:
            self.session.search_like(self.image_id)

    def search_region(self, box: tuple[float, float, float, float] | None) -> None:
        """Rank the images by likeness to a part of this one: left, top, right, bottom in pixels."""
        if self.image_id is None:
            return
        if box is None:
            self.noticed.emit("Draw a rectangle around the region first (Shift+G).")
        else:
            self.session.terms.add_region(self.image_id, box)

    def reset(self) -> None:
        """Show the series as at first."""
        with self.session.history.step():
            self.orientation, self.inverted, self.place = UPRIGHT, False, None
            self.windows.reset()

    # Undo

    @property
    def look(self) -> ViewerLook:
        """How the scan is looked at."""
        windows, series = self.windows.all, self.series.key
        image = self.image_id if self.following else None
        return ViewerLook(windows, series, self.orientation, self.inverted, self.place, image)

    def recall(self, look: ViewerLook) -> None:
        """Look at the scan as before; at another series than then, only its window is that."""
        if self.following and look.image in self.session.selection.ids:
            self.show(look.image)
        seen_from = self.place
        if look.series == self.series.key:
            self.orientation, self.inverted, self.place = (
                look.orientation, look.inverted, look.place,
            )  # fmt: skip
        self.windows.recall(look.windows)  # the display follows
        if self.place != seen_from:  # else a pane that followed another one would let go of it
            self.place_recalled.emit()

    def show_encoder_view(self, shown: bool | None = None) -> None:
        """Show exactly what the encoder sees, or the scan; without an argument the other one."""
        shown = not self.encoder_view if shown is None else shown
        if shown and self.session.encoder is None:
            self.noticed.emit("No encoder is loaded yet.")
            shown = False
        self.encoder_view = shown
        if shown and self.loaded is not None and self._encoder_view.picture is None:
            self._show_to_encoder(self.loaded.frame)
        self.display_changed.emit()

    def _show_to_encoder(self, frame: Frame) -> None:
        assert self.image_id is not None
        self._encoder_view.show(frame, self.frame_key(self.image_id))

    @Slot()
    def _take_encoder(self) -> None:
        """Another encoder sees another picture."""
        if not self._encoder_view.is_stale():
            return
        self._encoder_view.clear()
        if self.encoder_view:
            self.show_encoder_view(self.session.encoder is not None)
