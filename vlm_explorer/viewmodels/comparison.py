"""One scan or two side by side: which pane is active, and how scrolling in one moves the other."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import scroll_link
from vlm_explorer.viewmodels.scroll_link import Link, Place
from vlm_explorer.viewmodels.series_order import SeriesOrder
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_colours import SeriesColours
from vlm_explorer.viewmodels.viewer_frames import FrameCache
from vlm_explorer.viewmodels.viewer_model import ViewerModel

_KEPT = "compare"


class Comparison(QObject):
    """Holds the models of two panes; the active one follows the selection, the other stays.

    With one pane it is the active one that is to be seen, whichever that is.

    Attributes:
        first, second: the panes' models.
        active: the pane that follows the selection.
        comparing: whether both are to be seen.
        linked: whether scrolling in the active pane moves the other.
        windows_linked: whether the other takes the window of the active one.

    Signals:
        changed(): any of it, or the words about it.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        cache, order = FrameCache(), SeriesOrder(session.kept, self)
        colours = SeriesColours(session.kept, self)
        self.first = ViewerModel(session, cache, order, colours, parent=self)
        self.second = ViewerModel(
            session, cache, order, colours, name="viewer.second", following=False, parent=self
        )
        self.active = self.first
        self.comparing = False
        self.linked = True
        self.windows_linked = False
        self._link: Link | None = None
        self._linked_series: tuple[tuple[str, ...], ...] = ()
        self._led_by: str | None = None  # the active pane's image when the other followed last
        for model in (self.first, self.second):
            model.series.changed.connect(self._take_place)
            model.windows.changed.connect(self._pass_window_on)
            model.image_changed.connect(self._pass_window_on)
        session.collection_changed.connect(self._take_collection)
        session.opened.connect(self._restore)

    @property
    def passive(self) -> ViewerModel:
        """The pane that does not follow the selection."""
        return self.second if self.active is self.first else self.first

    # What the user does

    def open(self, image_id: str | None = None) -> None:
        """Put an image beside the active one.

        Without an image the other pane begins with the same one and becomes active: what is
        chosen next comes beside what was open.
        """
        begins = not self.comparing
        self.comparing = True
        if image_id is not None:
            self.passive.show(image_id)
        elif begins:
            self.passive.show(self.active.image_id)
            self.activate(self.passive)
        self._keep()
        self.changed.emit()

    def open_pair(self, left: str, right: str) -> None:
        """Show two images side by side, the left one in the active pane."""
        self.activate(self.first)
        self._session.select([left, right], left)
        self.open(right)

    def close(self) -> None:
        """Go back to the active pane alone."""
        if self.comparing:
            self.comparing, self._link = False, None
            self.passive.show(None)
            self._keep()
            self.changed.emit()

    def toggle(self) -> None:
        """Show two panes, or one."""
        if self.comparing:
            self.close()
        else:
            self.open()

    def activate(self, model: ViewerModel) -> None:
        """Let another pane follow the selection, which becomes its image."""
        if model is self.active or not self.comparing:
            return
        self.active.following = False
        self.active, self._led_by = model, model.image_id
        model.following = True
        image_id, selected = model.image_id, self._session.selection.ids
        if image_id is None:
            self._session.select([])
        else:
            self._session.select(selected if image_id in selected else [image_id], image_id)
        self._keep()
        self.changed.emit()

    def activate_other(self) -> None:
        """Go to the other pane."""
        self.activate(self.passive)

    def set_linked(self, linked: bool) -> None:
        """Let the passive pane go along with the active one from here on, or not."""
        if linked != self.linked:
            self.linked, self._link = linked, None
            self._take_place()

    def toggle_link(self) -> None:
        """Link scrolling, or no longer."""
        self.set_linked(not self.linked)

    def set_windows_linked(self, linked: bool) -> None:
        """Show both under the window of the active one, or each under its own."""
        if linked != self.windows_linked:
            self.windows_linked = linked
            self._pass_window_on()
            self.changed.emit()

    # Scrolling

    @property
    def words(self) -> str:
        """How the two go along, in words; empty with one pane."""
        if not self.comparing:
            return ""
        if not self.linked:
            return "Not linked"
        here, there = _place(self.active), _place(self.passive)
        if self._link is None or here is None or there is None:
            return "Nothing to link yet"
        return scroll_link.describe(self._session.images, self._link, here, there)

    @Slot()
    def _take_place(self) -> None:
        """Let the passive pane go along with the active one.

        A series that was just opened in either is shown where it was asked for: it goes along from
        the next step on.
        """
        if not self.comparing:
            return
        first, second = _place(self.first), _place(self.second)
        if first is None or second is None:
            self._link = None
        elif self._link is None or (first.ids, second.ids) != self._linked_series:
            self._link = scroll_link.find_link(self._session.images, first, second)
            self._linked_series = first.ids, second.ids
            self._led_by = self.active.image_id
        elif self.linked and self.active.image_id != self._led_by:
            self._led_by = self.active.image_id
            self._bring_along(self._link)
        self.changed.emit()

    def _bring_along(self, link: Link) -> None:
        here, there = _place(self.active), _place(self.passive)
        assert here is not None
        assert there is not None
        onward = self.active is self.first
        index = scroll_link.partner(self._session.images, link, here, there, onward=onward)
        if index != there.index:
            self.passive.show(there.ids[index])
            self._keep()

    @Slot()
    def _pass_window_on(self) -> None:
        if self.comparing and self.windows_linked:
            self.passive.windows.take(self.active.windows)

    # From the session

    @Slot()
    def _take_collection(self) -> None:
        if not len(self._session.images):
            self.close()

    def _keep(self) -> None:
        """Keep what is shown beside the selection's image, and on which side."""
        beside = [self.passive.image_id, self.active is self.second]
        self._session.kept.put(_KEPT, beside if self.comparing else None)

    @Slot()
    def _restore(self) -> None:
        """Show two panes where the collection was left so."""
        if self._session.demo:
            return
        match self._session.kept.get(_KEPT, list):
            case [str(image_id), bool(on_the_right)] if image_id in self._session.images.row_of:
                if on_the_right:
                    self.open()
                self.open(image_id)


def _place(model: ViewerModel) -> Place | None:
    place = model.series.place
    return None if place is None else Place(model.series.ids, place[0])
