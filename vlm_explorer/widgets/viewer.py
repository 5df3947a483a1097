"""The viewing pane: tools, the scan, the bar of its series, and the saliency controls."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.saliency_bar import SaliencyBar
from vlm_explorer.widgets.viewer_actions import (
    TOOLS,
    layer_rows,
    overlay_rows,
    picture_rows,
    series_rows,
    switches,
    tool_rows,
)
from vlm_explorer.widgets.viewer_pane import ViewerPane
from vlm_explorer.widgets.viewer_scroll_bar import SeriesBar
from vlm_explorer.widgets.viewer_tools import ViewerTools, add_presets


class Viewer(QWidget):
    """Shows the selection's current image as a radiologist expects it.

    Signals:
        image_opened(image_id): another image is shown.
    """

    image_opened = Signal(str)

    def __init__(
        self, session: Session, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setMinimumWidth(384)
        self.model = ViewerModel(session, parent=self)
        self.saliency = SaliencyModel(self.model, self)
        self.pane = ViewerPane(self.model, self.saliency, thumbnails, self)
        self._saliency_bar = SaliencyBar(self.saliency, self)
        self.series_bar = SeriesBar(self)
        self._actions = {
            **install(series_rows(self.model, self.pane), self.pane),
            **install(self._picture_rows(), self),
        }
        self._tools = ViewerTools([(self._actions[key], name) for key, name in TOOLS.items()], self)
        self._lay_out()
        self._connect()
        self._take_image()
        self._take_series()
        self._take_switches()

    def _lay_out(self) -> None:
        scan = QHBoxLayout()
        scan.setContentsMargins(0, 0, 0, 0)
        scan.setSpacing(0)
        scan.addWidget(self.pane, 1)
        scan.addWidget(self.series_bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tools)
        column.addLayout(scan, 1)
        column.addWidget(self._saliency_bar)
        self.setFocusProxy(self.pane)

    def _connect(self) -> None:
        self.model.image_changed.connect(self._take_image)
        self.model.series.changed.connect(self._take_series)
        self.model.display_changed.connect(self._take_switches)
        for part in (self.saliency, self.pane.cine, self.pane.measuring, self.pane.layers):
            part.changed.connect(self._take_switches)
        self.series_bar.index_chosen.connect(self.model.series.go_to)
        self._tools.preset_chosen.connect(self.model.windows.choose)
        self._saliency_bar.settled.connect(self.pane.setFocus)
        self.pane.menu_requested.connect(self._show_menu)

    def sizeHint(self) -> QSize:
        """As the look of the window has it."""
        return QSize(420, 560)

    def _picture_rows(self) -> list[ActionRow]:
        return [
            *picture_rows(self.model, self.saliency, self.pane),
            *tool_rows(self.pane),
            *layer_rows(self.pane),
        ]

    def actions_table(self) -> list[ActionRow]:
        """Return what can be done here, for the help sheet."""
        return [
            *series_rows(self.model, self.pane),
            *self._picture_rows(),
            *overlay_rows(self.saliency, self.pane),
        ]

    def show_overlay_for(self, text: str) -> None:
        """Show what moves the score of a text in the current image, and in those to come."""
        self.saliency.explain_prompt(text)

    # From the model

    @Slot()
    def _take_image(self) -> None:
        self._tools.set_title(self.model.title)
        self._tools.set_presets(self.model.windows.presets())
        for row in self._picture_rows():
            self._actions[row.id].setEnabled(self.model.status is not Status.EMPTY)
        if self.model.status is Status.READY and self.model.image_id is not None:
            self.image_opened.emit(self.model.image_id)

    @Slot()
    def _take_series(self) -> None:
        self.series_bar.show_place(self.model.series.place)

    @Slot()
    def _take_switches(self) -> None:
        """Bring the switches in line with what is shown."""
        for name, on in switches(self.model, self.saliency, self.pane).items():
            self._actions[name].setChecked(on)

    @Slot(QPoint)
    def _show_menu(self, where: QPoint) -> None:
        """Offer the windows and all that can be done, at the pointer."""
        if self.model.status is Status.EMPTY:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_presets(menu.addMenu("Window"), self.model.windows.presets(), self.model.windows.choose)
        menu.addSeparator()
        for row in picture_rows(self.model, self.saliency, self.pane):
            if not row.id.startswith("viewer.window_"):
                menu.addAction(self._actions[row.id])
        for title, rows in (("Tools", tool_rows(self.pane)), ("Shown", layer_rows(self.pane))):
            menu.addMenu(title).addActions([self._actions[row.id] for row in rows])
        menu.popup(where)

    # Keys that are no actions: one is held, the other belongs to the window but for a moment

    def event(self, event: QEvent) -> bool:
        """Keep Escape from the window while a patch is looked from."""
        escape = event.type() == QEvent.Type.ShortcutOverride and is_escape(event)
        if escape and self.saliency.choice.cell is not None:
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


def is_escape(event: QEvent) -> bool:
    """Whether a key event is about Escape."""
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
