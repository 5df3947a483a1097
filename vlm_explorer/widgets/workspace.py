"""The panes of an open collection: library, prompt, map, viewer, strip; splitters between them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEasingCurve, QSize, Qt, QVariantAnimation, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.banner import Banner
from vlm_explorer.widgets.controls import Line
from vlm_explorer.widgets.library import Library
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.opening_card import OpeningCard
from vlm_explorer.widgets.prompt_bar import PromptBar
from vlm_explorer.widgets.quick_look import QuickLook
from vlm_explorer.widgets.second_map_pair import TWO_MAPS, MapPair
from vlm_explorer.widgets.strip import RESULTS, TABS, Strip
from vlm_explorer.widgets.theme import animation_ms
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.viewer import Viewer

LIBRARY, VIEWER, STRIP = 220, 420, 200  # px, at first
LEAST_VIEWER = 384
NARROW, LOW = 1000, 640  # px; in a smaller window, panes are folded away at first
ROOMY = 800  # px of two maps, below which the viewer makes room
MAP_BESIDE_TWO = 352  # px that two scans side by side leave to the map


def part(made: QSplitter, *panes: QWidget) -> QSplitter:
    """Part panes by lines of one pixel; none of them can be dragged away."""
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    for pane in panes:
        made.addWidget(pane)
    return made


class StageSplitter(QSplitter):
    """Two panes of which each takes half of what the window grows."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Deal the growth out evenly, as far as the least widths allow."""
        before = self.sizes()
        super().resizeEvent(event)
        grown = event.size().width() - event.oldSize().width()
        if event.oldSize().width() > 0 and all(before):
            self.setSizes([before[0] + grown - grown // 2, before[1] + grown // 2])


class Workspace(QWidget):
    """Lays the panes out, folds them, and keeps the map and the viewer growing alike.

    Signals:
        arranged(): a pane was folded or unfolded.
    """

    arranged = Signal()

    def __init__(
        self, session: Session, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.painter = ThumbnailPainter(session, thumbnails, self)
        self.library = Library(session, self.painter)
        self.prompt = PromptBar(session)
        self.map = MapView(session, thumbnails)
        self.maps = MapPair(self.map, thumbnails)
        self.viewer = Viewer(session, thumbnails)
        self.strip = Strip(session, self.painter, self.viewer.active_saliency)
        self.banner = Banner(session)
        self._folded_for_maps = False  # the viewer
        self._card = OpeningCard(session, self.map)
        self._unfolded_height = STRIP
        self._viewer_alone = VIEWER
        self._stage = False
        self._before_stage = (True, True)
        self._lay_out()
        self.quick_look = QuickLook(session, self.painter, parent or self)
        self._connect()
        self._animation = QVariantAnimation(self)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._set_strip_height)

    def _connect(self) -> None:
        self.strip.fold_wanted.connect(self.toggle_strip)
        self.strip.results.opened.connect(self._focus_viewer)
        self.map.image_opened.connect(self._focus_viewer)
        self.maps.image_opened.connect(self._focus_viewer)
        self.maps.opened_changed.connect(self._make_room_for_maps)
        for pane in (self.library, self.map, self.maps, self.strip.results):
            pane.compare_wanted.connect(self.viewer.compare_with)
        self.strip.review.pair_opened.connect(self.viewer.compare_pair)
        self.viewer.comparing_changed.connect(self._make_room)
        self.prompt.field.left_down.connect(self._enter_results)
        self.strip.results.looked_at.connect(self.quick_look.look_at)
        self.quick_look.stepped.connect(self._step_quick_look)

    @Slot()
    def _focus_viewer(self) -> None:
        self.viewer.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def _enter_results(self) -> None:
        self.strip.show_tab(RESULTS)
        self.strip.results.enter()

    @Slot(int)
    def _step_quick_look(self, by: int) -> None:
        if (image_id := self.strip.results.step(by)) is not None:
            self.quick_look.look_at(image_id)

    def _lay_out(self) -> None:
        column = self.map_column = QWidget()  # messages lie over it, and leave the scan alone
        stack = QVBoxLayout(column)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        for pane in (self.prompt, Line(), self.maps):
            stack.addWidget(pane, 1 if pane is self.maps else 0)
        across = Qt.Orientation.Horizontal
        self.stage = part(StageSplitter(across), column, self.viewer)
        upper = QWidget()
        layout = QVBoxLayout(upper)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stage)
        self.rows = part(QSplitter(Qt.Orientation.Vertical), upper, self.strip)
        right = QWidget()
        stack = QVBoxLayout(right)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.banner)
        stack.addWidget(self.rows, 1)
        self.columns = part(QSplitter(across), self.library, right)
        for each, stretches in ((self.rows, (1, 0)), (self.columns, (0, 1))):
            for place, stretch in enumerate(stretches):
                each.setStretchFactor(place, stretch)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.columns)

    def set_first_sizes(self, width: int, height: int) -> None:
        """Give the panes the sizes that they have in a window of that size at first."""
        extra = max(0, width - 1280) // 2
        rest = width - LIBRARY - 1
        self.columns.setSizes([LIBRARY, rest])
        self.stage.setSizes([rest - VIEWER - extra - 1, VIEWER + extra])
        self.rows.setSizes([height - STRIP, STRIP])

    def fold_for(self, window: QSize) -> None:
        """Fold library and strip away where a window of that size has no room for them."""
        if window.width() < NARROW:
            self.library.hide()
        if window.height() < LOW:
            self.strip.set_folded(True)
            self._set_strip_height(TABS)
        self.arranged.emit()

    @Slot(bool)
    def _make_room(self, comparing: bool) -> None:
        """Widen the viewer for a second scan as far as the map yields, and narrow it again."""
        before = self.stage.sizes()
        if comparing:
            self._viewer_alone = before[1]
            wanted = min(sum(before) - MAP_BESIDE_TWO, 2 * before[1])
        else:
            wanted = self._viewer_alone
        if wanted > 0:
            self.stage.setSizes([sum(before) - wanted, wanted])

    @Slot(bool)
    def _make_room_for_maps(self, two: bool) -> None:
        """Fold the viewer where two maps would be cramped beside it; unfold it after that."""
        folds = two and self.maps.width() < ROOMY and not self.viewer.isHidden()
        if folds or (not two and self._folded_for_maps and self.viewer.isHidden()):
            self.viewer.setHidden(two)
            self.arranged.emit()
        self._folded_for_maps = folds

    def _leave_room_for_maps(self) -> None:
        """Narrow the viewer where two maps would have no room beside it and it can yield."""
        self.stage.refresh()  # a pane that has just appeared has its width only now
        maps, viewer = self.stage.sizes()
        if viewer and maps < TWO_MAPS <= maps + viewer - LEAST_VIEWER:
            self.stage.setSizes([TWO_MAPS, maps + viewer - TWO_MAPS])

    def save_state(self) -> list[QByteArray]:
        """Return the places of the splitters, with the viewer as wide as for one scan."""
        if self.viewer.comparison.comparing:
            self._make_room(False)
        return [each.saveState() for each in (self.columns, self.stage, self.rows)]

    def restore_state(self, states: object) -> None:
        """Put the splitters where they were; what is no state of theirs is passed over."""
        if not isinstance(states, list) or len(states) != 3:
            return
        for each, state in zip((self.columns, self.stage, self.rows), states, strict=False):
            each.restoreState(state)
            each.setHandleWidth(1)
        self.strip.set_folded(self.rows.sizes()[1] <= TABS)

    def folded(self) -> list[str]:
        """Return the names of the panes that are folded away."""
        panes = {"library": self.library, "viewer": self.viewer}
        if self._folded_for_maps:
            del panes["viewer"]  # it comes back with the one map
        return [name for name, pane in panes.items() if pane.isHidden()]

    def fold(self, names: object) -> None:
        """Fold the panes away that a text names; what is no text is passed over."""
        if isinstance(names, str):
            self.library.setHidden("library" in names.split())
            self.viewer.setHidden("viewer" in names.split())
            self.arranged.emit()

    @Slot()
    def toggle_library(self) -> None:
        """Fold or unfold the library."""
        self.library.setVisible(self.library.isHidden())
        self.arranged.emit()

    @Slot()
    def toggle_viewer(self) -> None:
        """Fold or unfold the viewer."""
        self.viewer.setVisible(self.viewer.isHidden())
        if self.maps.second.opened:
            self._leave_room_for_maps()
        self.arranged.emit()

    @Slot()
    def toggle_strip(self) -> None:
        """Fold the strip to its tabs, or unfold it to its height before."""
        height = self.rows.sizes()[1]
        folded = not self.strip.folded
        if folded:
            self._unfolded_height = max(height, STRIP)
        self.strip.set_folded(folded)
        self._animation.stop()
        self._animation.setDuration(animation_ms())
        self._animation.setStartValue(height)
        self._animation.setEndValue(TABS if folded else self._unfolded_height)
        self._animation.start()
        self.arranged.emit()

    @Slot(object)
    def _set_strip_height(self, height: int) -> None:
        self.rows.setSizes([sum(self.rows.sizes()) - height, height])

    @property
    def on_stage(self) -> bool:
        """Whether only map, viewer and prompt are to be seen."""
        return self._stage

    def set_stage(self, stage: bool) -> None:
        """Show map, viewer and prompt alone, or all panes as before."""
        if stage == self._stage:
            return
        self._stage = stage
        if stage:
            self._before_stage = (not self.library.isHidden(), not self.strip.isHidden())
            self.library.hide()
            self.strip.hide()
        else:
            library, strip = self._before_stage
            self.library.setVisible(library)
            self.strip.setVisible(strip)
        self.arranged.emit()
