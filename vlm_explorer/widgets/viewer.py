"""The viewing pane: one scan or two side by side, under the tools of the active one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.results import IMAGE_MIME
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.series_strip import SeriesStripModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_measurements import Measurements, MeasurementsPart
from vlm_explorer.viewmodels.viewer_model import ViewerModel
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.compare_actions import COMPARE, COMPARE_TOOLS, compare_rows
from vlm_explorer.widgets.compare_bar import CompareBar
from vlm_explorer.widgets.controls import with_shortcut
from vlm_explorer.widgets.scan_view import ScanView
from vlm_explorer.widgets.series_strip import SeriesStrip
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.viewer_pane import ViewerPane
from vlm_explorer.widgets.viewer_scroll_bar import SeriesBar

LEAST = 384  # px
SIDE_BY_SIDE = 600  # px; narrower, two scans lie one above the other


class Viewer(QWidget):
    """Shows the selection's current image as a radiologist expects it, alone or beside another.

    Signals:
        image_opened(image_id): another image is shown.
        comparing_changed(comparing): there are two scans now, or one again.
    """

    image_opened = Signal(str)
    comparing_changed = Signal(bool)

    def __init__(
        self, session: Session, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setMinimumWidth(LEAST)
        self.setAcceptDrops(True)
        self.comparison = Comparison(session, self)
        self.strip_model = SeriesStripModel(self)
        painter = ThumbnailPainter(session, thumbnails, self)
        self.strip = SeriesStrip(self.strip_model, session.kept, painter, self)
        self.compare_bar = CompareBar(self.comparison, self)
        actions = install(self._compare_rows(), self)
        self._compare = actions["viewer.compare"]
        shared = {actions[name]: icon for name, icon in COMPARE_TOOLS.items()}
        measurements = Measurements(self)
        self._views = {
            model: ScanView(model, thumbnails, measurements, shared, self)
            for model in (self.comparison.first, self.comparison.second)
        }
        overlays = {model: view.saliency for model, view in self._views.items()}
        drawing = {model: view.pane.measuring for model, view in self._views.items()}
        self.active_saliency = ActiveSaliency(self.comparison, overlays, self, measuring=drawing)
        session.history.add(MeasurementsPart(measurements), self)
        self._tools, self._saliency_bars = QStackedWidget(self), QStackedWidget(self)
        self._scans = QSplitter(self)
        self._comparing = False
        self._linking = False
        self._lay_out()
        self._connect()
        self._take_comparison()

    def _lay_out(self) -> None:
        self._scans.setHandleWidth(1)
        self._scans.setChildrenCollapsible(False)
        for view in self._views.values():
            self._tools.addWidget(view.tools)
            self._saliency_bars.addWidget(view.saliency_bar)
            self._scans.addWidget(view)
        self._tools.setFixedHeight(next(iter(self._views.values())).tools.height())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self._tools, self.strip, self.compare_bar):
            column.addWidget(part)
        column.addWidget(self._scans, 1)
        column.addWidget(self._saliency_bars)

    def _connect(self) -> None:
        for model, view in self._views.items():
            view.image_opened.connect(self.image_opened)
            view.pane.camera_changed.connect(partial(self._link_cameras, view))
            view.touched.connect(lambda model=model: self.comparison.activate(model))
        self.comparison.changed.connect(self._take_comparison)

    def sizeHint(self) -> QSize:
        """As the look of the window has it."""
        return QSize(420, 560)

    # The active scan

    @property
    def active(self) -> ScanView:
        """The scan that follows the selection."""
        return self._views[self.comparison.active]

    @property
    def passive(self) -> ScanView:
        """The other one, which may not be seen."""
        return self._views[self.comparison.passive]

    @property
    def model(self) -> ViewerModel:
        """The active scan's state."""
        return self.active.model

    @property
    def saliency(self) -> SaliencyModel:
        """The active scan's overlay."""
        return self.active.saliency

    @property
    def pane(self) -> ViewerPane:
        """The active scan's canvas."""
        return self.active.pane

    @property
    def series_bar(self) -> SeriesBar:
        """The active scan's place in its series."""
        return self.active.series_bar

    # What can be done

    def _compare_rows(self) -> list[ActionRow]:
        return compare_rows(self.comparison, self.strip.toggle, self.show_bare_scan)

    def actions_table(self) -> list[ActionRow]:
        """Return what can be done here, for the help sheet."""
        return [*self.active.actions_table(), *self._compare_rows()]

    def compare_with(self, image_id: str) -> None:
        """Show an image beside the one that is open."""
        self.comparison.open(image_id)

    def compare_pair(self, left: str, right: str) -> None:
        """Show two images side by side."""
        self.comparison.open_pair(left, right)

    def show_overlay_for(self, text: str) -> None:
        """Show what moves the score of a text in the current image, and in those to come."""
        self.saliency.explain_prompt(text)

    def show_bare_scan(self) -> None:
        """Show the scan once more, without its overlay, beside itself; or alone again."""
        image_id, other = self.model.image_id, self.passive
        if self.comparison.comparing and other.model.image_id == image_id:
            self.comparison.close()
        elif image_id is not None:
            other.saliency.set_method("off")
            self.comparison.open(image_id)

    # From the model

    @Slot()
    def _take_comparison(self) -> None:
        """Show one scan or two, the tools of the active one, and its study."""
        comparing, active = self.comparison.comparing, self.active
        had_focus = self.passive.pane.hasFocus()
        if not comparing:
            self._scans.insertWidget(0, active)
        active.set_edge(True if comparing else None)
        self.passive.set_edge(False if comparing else None)
        self.passive.setVisible(comparing)
        active.setVisible(True)
        self._tools.setCurrentWidget(active.tools)
        self._saliency_bars.setCurrentWidget(active.saliency_bar)
        self._fit_saliency_bar()
        self.setFocusProxy(active)
        self.strip_model.follow(active.model.series)
        if had_focus:
            active.pane.setFocus(Qt.FocusReason.OtherFocusReason)
        if comparing != self._comparing:
            self._comparing = comparing
            self._compare.setText("Back to one scan" if comparing else COMPARE)
            self._compare.setToolTip(with_shortcut(self._compare.text(), "X"))
            self._arrange()
            self.comparing_changed.emit(comparing)

    def _link_cameras(self, moved: ScanView) -> None:
        """Show an image beside itself at the same zoom and place."""
        other = self.passive if moved is self.active else self.active
        if moved.model.image_id == other.model.image_id and not self._linking:
            self._linking = True
            other.pane.show_as(moved.pane.camera)
            self._linking = False

    def _fit_saliency_bar(self) -> None:
        """Let the stack be as high as the bar on show: the other may have more to say."""
        for view in self._views.values():
            shown = view is self.active
            policy = QSizePolicy.Policy.Preferred if shown else QSizePolicy.Policy.Ignored
            view.saliency_bar.setSizePolicy(QSizePolicy.Policy.Preferred, policy)

    def _arrange(self) -> None:
        """Lay two scans side by side where there is room, else one above the other."""
        wide = self.width() >= SIDE_BY_SIDE
        across = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._scans.orientation() != across:
            self._scans.setOrientation(across)
        self._scans.setSizes([1000, 1000])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Rearrange two scans when there is room for it, or no longer."""
        super().resizeEvent(event)
        before, now = event.oldSize().width(), event.size().width()
        if (before >= SIDE_BY_SIDE) != (now >= SIDE_BY_SIDE):
            self._arrange()

    # A thumbnail dragged here comes beside the open scan

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take an image of the collection."""
        if event.mimeData().hasFormat(IMAGE_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show what was dropped in the pane below it; over one scan alone, beside that."""
        image_id = bytes(event.mimeData().data(IMAGE_MIME).data()).decode()
        event.acceptProposedAction()
        below = self.active.rect().contains(self.active.mapFrom(self, event.position()).toPoint())
        if below and self.comparison.comparing:
            self.active.model.session.select([image_id], image_id)
        else:
            self.compare_with(image_id)
