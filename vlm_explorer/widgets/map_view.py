"""The map pane: the canvas, and over it the legend, the tools, the caption line and the card."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_scene import MapScene, MapState
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.filter_row import FilterRow
from vlm_explorer.widgets.map_canvas import MapCanvas
from vlm_explorer.widgets.map_corners import MapCorners
from vlm_explorer.widgets.map_gestures import Tool
from vlm_explorer.widgets.map_hover import HoverCard
from vlm_explorer.widgets.map_legend import MapLegend
from vlm_explorer.widgets.map_notes import CaptionLine, Message, Waiting
from vlm_explorer.widgets.map_select_bar import SelectBar
from vlm_explorer.widgets.map_tools import MapTools
from vlm_explorer.widgets.pin_list import PinList
from vlm_explorer.widgets.tag_actions import tag_rows
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

_HOVER_DELAY = 60  # ms before the first card; a card that is there follows at once
_ZOOM_STEP = 1.4


class MapView(QWidget):
    """Images, captions, prompts and labels on one map.

    Signals:
        image_opened(image_id): the user asked to look at an image, which is the current one now.
        compare_wanted(image_id): a point's image is wanted beside the open scan.
        pointed(image_id): the pointer is over a point of that image, or (None) over none.
    """

    image_opened = Signal(str)
    compare_wanted = Signal(str)
    pointed = Signal(object)

    def __init__(
        self,
        session: Session,
        thumbnails: Thumbnails,
        parent: QWidget | None = None,
        *,
        model: MapModel | None = None,
        bare: bool = False,
    ) -> None:
        """Show the session's map.

        Args:
            session: the session, or what stands in for it.
            thumbnails: of its images.
            parent: the pane around it.
            model: of the map; by default one of its own.
            bare: without tools and legend; another map's hold for this one.
        """
        super().__init__(parent)
        self._session, self._bare = session, bare
        self.model = model or MapModel(session, self)
        painter = ThumbnailPainter(session, thumbnails, self)
        self.canvas = MapCanvas(self.model, painter, self)
        self.legend = MapLegend(self.model, self)
        self.tools = MapTools(self.model, self)
        self.tools.setHidden(bare)
        self.select_bar = SelectBar(self.canvas, self, wanted=not bare)
        self.filters = FilterRow(self.model, self, empty=bare)
        self.caption = CaptionLine(self)
        self.waiting = Waiting(self)
        self.pins = PinList(self.model, self)
        self.card = HoverCard(painter, self)
        self.message = Message(self)
        self._corners = MapCorners(self, bare=bare)
        self._pointer: tuple[int, QPointF] | None = None
        self._looking = False
        self._arranging = False
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_HOVER_DELAY)
        self._delay.timeout.connect(self._show_card)
        self.setFocusProxy(self.canvas)
        self.setMinimumWidth(320)
        self._connect()
        self._actions = install(self.actions_table(), self.canvas)
        self._refresh()

    def _connect(self) -> None:
        self.canvas.obstacles = self._corners.obstacles
        self.canvas.hovered.connect(self._hover)
        self.canvas.opened.connect(self.image_opened)
        self.canvas.tool_changed.connect(self._show_tool)
        self.filters.resized.connect(self._arrange)
        self.filters.emptied.connect(self.canvas.setFocus)
        self.canvas.menu_wanted.connect(self._show_menu)
        self.tools.lasso_switched.connect(self._switch_tool)
        self.tools.fit_asked.connect(self.canvas.fit)
        self.tools.images_switched.connect(self.canvas.set_images)
        self.legend.resized.connect(self._arrange)
        self.pins.resized.connect(self._arrange)
        self.legend.size_wanted.connect(self.tools.choose_size)
        self.message.acted.connect(self._act)
        self.caption.wanted.connect(self.show_trust)
        self.model.changed.connect(self._refresh)
        self.model.followed.connect(self._show_words)

    def actions_table(self) -> list[ActionRow]:
        """Return what keys do on the map."""
        canvas = self.canvas

        def left() -> None:
            canvas.step(-1, 0)

        def right() -> None:
            canvas.step(1, 0)

        return [
            ActionRow("map.fit", "Fit everything", "F", canvas.fit, "View"),
            ActionRow("map.zoom_in", "Zoom in", "+ =", lambda: canvas.zoom(_ZOOM_STEP), "View"),
            ActionRow("map.zoom_out", "Zoom out", "-", lambda: canvas.zoom(1 / _ZOOM_STEP), "View"),
            ActionRow("map.colour", "Colour by…", "C", self.tools.choose_colour, "View"),
            ActionRow("map.size", "Size by…", "S", self.tools.choose_size, "View"),
            ActionRow(
                "map.filter", "Filter by a column…", "Shift+C", self.tools.choose_filter, "View"
            ),
            ActionRow("map.layout", "Layout…", "M", self.tools.choose_layout, "View"),
            ActionRow("map.trust", "How far to trust the map…", "T", self.show_trust, "View"),
            ActionRow("map.lasso", "Lasso", "L", partial(self._toggle, Tool.LASSO)),
            ActionRow("map.box", "Box", "B", partial(self._toggle, Tool.BOX)),
            ActionRow("map.brush", "Brush", "P", partial(self._toggle, Tool.BRUSH)),
            ActionRow("map.smaller", "Smaller brush", "[", lambda: canvas.size_brush(1 / 1.25)),
            ActionRow("map.larger", "Larger brush", "]", lambda: canvas.size_brush(1.25)),
            ActionRow("map.select_all", "Select all shown", "Ctrl+A", self.model.choose_all),
            ActionRow("map.left", "Go to the image on the left", "Left", left),
            ActionRow("map.right", "Go to the image on the right", "Right", right),
            ActionRow("map.up", "Go to the image above", "Up", lambda: canvas.step(0, -1)),
            ActionRow("map.down", "Go to the image below", "Down", lambda: canvas.step(0, 1)),
            ActionRow("map.open", "Open the current image", "Return Enter", canvas.open_current),
            ActionRow("map.look", "Quick look", "Space", self.quick_look),
            *tag_rows(self._session, self, "map", "Shift+T"),
        ]

    def show_trust(self) -> None:
        """Say how far to trust the map, over the caption line."""
        if self.model.scene.state is MapState.READY:
            from vlm_explorer.widgets.trust_panel import TrustPanel

            TrustPanel(self.caption, self.model).open(above=True)

    def quick_look(self) -> None:
        """Show the current image's card, large, beside its point; again: hide it."""
        current = self.model.scene.current
        self._looking = not self._looking and current is not None
        if self._looking and current is not None:
            info = self.model.info(current)
            self.card.show_info(info, self.canvas.position_of(current), large=True)
        else:
            self.card.hide()

    # The card

    @Slot(object, QPointF)
    def _hover(self, point: int | None, at: QPointF) -> None:
        self.pointed.emit(None if point is None else self.model.image_id(point))
        if self._looking and point is None:
            return
        self._looking = False
        if point is None:
            self._pointer = None
            self._delay.stop()
            self.card.hide()
            return
        self._pointer = point, at
        if self.card.isVisible():
            self._show_card()
        elif not self._delay.isActive():
            self._delay.start()

    @Slot()
    def _show_card(self) -> None:
        if self._pointer is not None:
            point, at = self._pointer
            self.card.show_info(self.model.info(point), at)

    # What lies over the map

    def _toggle(self, tool: Tool) -> None:
        """Take a tool up, or lay it down."""
        self.canvas.set_tool(Tool.MOVE if self.canvas.tool is tool else tool)

    @Slot(bool)
    def _switch_tool(self, wanted: bool) -> None:
        """Take up the lasso, unless there is a tool already; or lay down what there is."""
        if wanted != (self.canvas.tool is not Tool.MOVE):
            self.canvas.set_tool(Tool.LASSO if wanted else Tool.MOVE)

    @Slot()
    def _show_tool(self) -> None:
        """Show which tool is taken up; its bar needs room."""
        self.tools.set_lasso(self.canvas.tool is not Tool.MOVE)
        self._arrange()

    @Slot()
    def _refresh(self) -> None:
        scene = self.model.scene
        self._looking = False
        ready = scene.state is MapState.READY
        self._say(scene)
        self.legend.setVisible(ready and not self._bare)
        self.tools.setEnabled(len(self._session.images) > 0)
        self.message.set_scene(scene, hiding=bool(self.model.hidden))
        self._arrange()

    @Slot()
    def _show_words(self) -> None:
        """Say how far the points are that still move."""
        self._say(self.model.scene)
        self._arrange()

    def _say(self, scene: MapScene) -> None:
        ready = scene.state is MapState.READY
        lines = (scene.caption, *scene.notes) if ready else ()
        self.caption.set_lines(lines, moving=scene.moving)
        self.waiting.set_text(scene.waiting if ready else "")

    @Slot()
    def _arrange(self) -> None:
        """Put everything into its corner; the legend tells of its new size while this is done."""
        if self._arranging:
            return
        self._arranging = True
        self._corners.put()
        self._arranging = False

    @Slot()
    def _act(self) -> None:
        """Do what the message offers."""
        if self.model.scene.state is MapState.FAILED:
            self._session.set_layout()
        elif self.model.hidden:
            self.model.set_hidden(frozenset())
        else:
            self.model.show_everything()

    @Slot(object, QPoint)
    def _show_menu(self, point: int | None, place: QPoint) -> None:
        """Offer what can be done with a point, or with the map."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        image_id = None if point is None else self.model.image_id(point)
        star = self.canvas.star_at(QPointF(self.canvas.mapFromGlobal(place)))
        if star is not None:
            self.pins.offer(menu, star)
        if point is not None and image_id is not None:
            menu.addAction("Open", lambda: self._open(point, image_id))
            menu.addAction("Compare with the open scan", lambda: self.compare_wanted.emit(image_id))
            menu.addAction("Find similar images", lambda: self.model.search_like(point))
            menu.addSeparator()
        menu.addAction(self._actions["map.select_all"])
        if self._session.selection.ids:
            menu.addAction("Invert the selection", self.model.invert)
            menu.addAction("Grow by the nearest images", self.model.grow)
            menu.addAction("Show only the selection", self.model.show_only_selected)
            menu.addAction("Hide the selection", self.model.hide_selected)
            menu.addAction("Clear the selection", lambda: self._session.select([]))
        menu.addSeparator()
        menu.addAction(self._actions["map.fit"])
        menu.popup(place)

    def _open(self, point: int, image_id: str) -> None:
        self.model.open(point)
        self.image_opened.emit(image_id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep everything in its corner."""
        super().resizeEvent(event)
        self._arrange()
