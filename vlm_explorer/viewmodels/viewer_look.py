"""How a scan is looked at, as one frozen state: windows, turns, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.viewer_orientation import Orientation

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.viewer_model import ViewerModel

# device pixels a pixel, x and y of the image in the middle, columns and rows of what is on show
Place = tuple[float, float, float, int, int]


@dataclass(frozen=True, slots=True)
class ViewerLook:
    """What the user chose about a pane.

    Attributes:
        windows: those that were set, by series.
        series: the series on show; turns and place are about it.
        orientation, inverted: on top of the file's own.
        place: from where it is seen; None: all of it.
        image: the one on show in a pane that follows the selection; of several selected images it
            depends on what was shown and found before.
    """

    windows: tuple[tuple[tuple[str, ...], Window], ...]
    series: tuple[str, ...]
    orientation: Orientation
    inverted: bool
    place: Place | None
    image: str | None = None


@dataclass(frozen=True)
class ViewerPart:
    """The look of a pane as something that can be undone; its image is one of the selection's."""

    model: ViewerModel

    def state(self) -> ViewerLook:
        """Return the look."""
        return self.model.look

    def restore(self, state: ViewerLook) -> None:
        """Look as before."""
        self.model.recall(state)

    def words(self, before: ViewerLook, after: ViewerLook) -> str:
        """Name what changed."""
        if before.windows != after.windows:
            return "change the window"
        if before.orientation != after.orientation:
            return "turn the image"
        if before.inverted != after.inverted:
            return "invert the image"
        if before.series != after.series:
            return "go to another series"
        if before.image != after.image:
            return "show another image"
        if after.place is None:
            return "fit the image"
        zoomed = before.place is None or before.place[0] != after.place[0]
        return "zoom the image" if zoomed else "move the image"
