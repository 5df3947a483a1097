"""One scan with all that belongs to it: tools, the bar of its series, the saliency controls."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_measurements import Measurements
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.compare_actions import order_rows
from vlm_explorer.widgets.saliency_bar import SaliencyBar
from vlm_explorer.widgets.similarity_plot import SimilarityPlot
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.viewer_actions import (
    LOOKS,
    TOOLS,
    layer_rows,
    look_rows,
    overlay_rows,
    picture_rows,
    series_rows,
    switches,
    tool_rows,
)
from vlm_explorer.widgets.viewer_pane import ViewerPane
from vlm_explorer.widgets.viewer_scroll_bar import SeriesBar
from vlm_explorer.widgets.viewer_tools import ViewerTools, add_presets

_EDGE = 2  # px, height of the line that tells the active pane
_TOUCHES = frozenset({QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.FocusIn})


class ScanView(QWidget):
    """The scan, its series' bar and profile; `tools` and `saliency_bar` are placed by its owner.

    Signals:
        image_opened(image_id): another image is shown.
        touched(): the user points, scrolls or types here.
    """

    image_opened = Signal(str)
    touched = Signal()

    def __init__(
        self,
        model: ViewerModel,
        thumbnails: Thumbnails,
        measurements: Measurements,
        shared: Mapping[QAction, str],
        parent: QWidget | None = None,
    ) -> None:
        """Show what `model` says.

        Args:
            measurements: the ones that all panes share.
            shared: actions of all panes for the bar of tools, with the names of their icons.
        """
        super().__init__(parent)
        self.model = model
        self.saliency = SaliencyModel(model, self)
        self.pane = ViewerPane(
            model, self.saliency, thumbnails, measurements=measurements, parent=self
        )
        self.profile = SimilarityPlot(model, self)
        self.series_bar = SeriesBar(self)
        self.saliency_bar = SaliencyBar(self.saliency, self)
        self._shared = tuple(shared)
        self._edge: bool | None = None
        self.actions_by_id = {
            **install(series_rows(model, self.pane), self.pane),
            **install(self._picture_rows(), self),
        }
        self.saliency_bar.set_switches([self.actions_by_id[name] for name in LOOKS])
        tools = [(self.actions_by_id[key], name) for key, name in TOOLS.items()]
        self.tools = ViewerTools([*tools, *shared.items()], self)
        for part in (self.tools, self.saliency_bar):
            part.addActions([self.actions_by_id[row.id] for row in self._picture_rows()])
        self._lay_out()
        self._connect()
        self._take_image()
        self._take_series()
        self._take_switches()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.pane, 1)
        row.addWidget(self.profile)
        row.addWidget(self.series_bar)
        self.setFocusProxy(self.pane)

    def _connect(self) -> None:
        self.model.image_changed.connect(self._take_image)
        self.model.series.changed.connect(self._take_series)
        self.model.display_changed.connect(self._take_switches)
        for part in (self.saliency, self.pane.cine, self.pane.measuring, self.pane.layers):
            part.changed.connect(self._take_switches)
        self.series_bar.index_chosen.connect(self.model.series.go_to)
        self.profile.index_chosen.connect(self.model.series.go_to)
        self.tools.preset_chosen.connect(self.model.windows.choose)
        self.saliency_bar.settled.connect(self.pane.setFocus)
        self.pane.menu_requested.connect(self._show_menu)
        themes.changed.connect(self.update)
        for child in (self.pane, self.profile, self.series_bar):
            child.installEventFilter(self)

    # What can be done

    def _picture_rows(self) -> list[ActionRow]:
        rows = *tool_rows(self.pane), *layer_rows(self.pane), *look_rows(self.saliency)
        return [*self._menu_rows(), *rows]

    def _menu_rows(self) -> list[ActionRow]:
        rows = picture_rows(self.model, self.saliency, self.pane)
        return [*rows, *order_rows(self.model.series)]

    def actions_table(self) -> list[ActionRow]:
        """Return what can be done here, for the help sheet."""
        return [
            *series_rows(self.model, self.pane),
            *self._picture_rows(),
            *overlay_rows(self.saliency, self.pane),
        ]

    @Slot(QPoint)
    def _show_menu(self, where: QPoint) -> None:
        """Offer the windows and all that can be done, at the pointer."""
        if self.model.status is Status.EMPTY:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_presets(menu.addMenu("Window"), self.model.windows.presets(), self.model.windows.choose)
        menu.addSeparator()
        for row in self._menu_rows():
            if not row.id.startswith("viewer.window_"):
                menu.addAction(self.actions_by_id[row.id])
        for title, rows in (("Tools", tool_rows(self.pane)), ("Shown", layer_rows(self.pane))):
            menu.addMenu(title).addActions([self.actions_by_id[row.id] for row in rows])
        menu.addSeparator()
        menu.addActions(self._shared)
        menu.popup(where)

    # From the model

    @Slot()
    def _take_image(self) -> None:
        self.tools.set_title(self.model.title)
        self.tools.set_presets(self.model.windows.presets())
        for row in self._picture_rows():
            self.actions_by_id[row.id].setEnabled(self.model.status is not Status.EMPTY)
        if self.model.status is Status.READY and self.model.image_id is not None:
            self.image_opened.emit(self.model.image_id)

    @Slot()
    def _take_series(self) -> None:
        """Show the place in the series; a single image needs neither bar nor profile."""
        place = self.model.series.place
        self.series_bar.show_place(place)
        if place is not None:  # while a series is being looked up, the scan stays where it is
            for part in (self.profile, self.series_bar):
                part.setVisible(place[1] > 1)

    @Slot()
    def _take_switches(self) -> None:
        """Bring the switches in line with what is shown."""
        for name, on in switches(self.model, self.saliency, self.pane).items():
            self.actions_by_id[name].setChecked(on)

    # Beside another scan

    def set_edge(self, active: bool | None) -> None:
        """Tell by a line above whether this is the active one of two; None for one alone."""
        self._edge = active
        self.setContentsMargins(0, 0 if active is None else _EDGE, 0, 0)
        name = {None: "Image", True: "Image, active", False: "Image, beside the active one"}
        self.pane.setAccessibleName(name[active])
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        if self._edge is not None:
            painter = QPainter(self)
            role = "accent" if self._edge else "line"
            painter.fillRect(0, 0, self.width(), _EDGE, theme().colour(role))
            painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that the user turns to this scan, before the scan itself does."""
        if event.type() in _TOUCHES:
            self.touched.emit()
        return super().eventFilter(watched, event)

    # Keys that are no actions: one is held, the other belongs to the window but for a moment

    def event(self, event: QEvent) -> bool:
        """Keep Escape from the window while a patch is looked from."""
        escape = event.type() == QEvent.Type.ShortcutOverride and _is_escape(event)
        if escape and (self.saliency.choice.cell is not None or self.saliency.guest is not None):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hide the overlay while O is held; Escape ends the look from a patch."""
        if event.key() == Qt.Key.Key_O and not event.modifiers():
            if not event.isAutoRepeat():
                self.saliency.set_hidden(True)
        elif event.key() != Qt.Key.Key_Escape or not self.saliency.look_from_image():
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Show the overlay again."""
        if event.key() == Qt.Key.Key_O and not event.isAutoRepeat():
            self.saliency.set_hidden(False)
        else:
            super().keyReleaseEvent(event)


def _is_escape(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
