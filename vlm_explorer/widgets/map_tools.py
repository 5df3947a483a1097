"""The tools over the map: what colours it, how it is laid out, captions, lasso, fit."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.layout_words import method_title
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.column_chooser import ColumnChooser
from vlm_explorer.widgets.column_panels import filter_panel
from vlm_explorer.widgets.controls import ICON, TARGET, IconButton, with_shortcut
from vlm_explorer.widgets.map_ground import paint_ground
from vlm_explorer.widgets.map_word_wishes import elided
from vlm_explorer.widgets.menus import add_choice, literal
from vlm_explorer.widgets.theme import icon, themes

_LETTERS, _FEWER_LETTERS = 20, 11  # of what colours the map, shown on its button
_ICON_AND_WORD = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
_ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly


class MapTools(QWidget):
    """A slim bar over the map, at its upper right.

    Signals:
        fit_asked(): everything is to be shown.
        lasso_switched(bool): the lasso is taken up or laid down.
        images_switched(bool): thumbnails are shown when few points are in view, or not.
    """

    fit_asked = Signal()
    lasso_switched = Signal(bool)
    images_switched = Signal(bool)

    def __init__(self, model: MapModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.colours = self._column_button("Colour by", "C", self.choose_colour)
        self.sizes = self._column_button("Size by", "S", self.choose_size)
        self.filters = IconButton("ph.funnel", "Filter by a column", "Shift+C", parent=self)
        self.filters.clicked.connect(self.choose_filter)
        self.layouts = self._layout_button()
        self.drawn = self._drawn_button()
        self.captions = IconButton("ph.quotes", "Captions on the map", checkable=True, parent=self)
        self.captions.toggled.connect(model.set_captions)
        self.lasso = IconButton("ph.scribble-loop", "Lasso", "L", checkable=True, parent=self)
        self.lasso.setToolTip(
            "Lasso (L), box (B), brush (P)\n"
            "Shift adds, Alt or Ctrl takes away, Shift with either keeps what is in both"
        )
        self.lasso.toggled.connect(self.lasso_switched)
        self.fit = IconButton("ph.corners-out", "Fit everything", "F", parent=self)
        self.fit.clicked.connect(self.fit_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self._folded = self._wordless = False
        first = (self.colours, self.sizes, self.filters)
        for part in (*first, self.layouts, self.drawn, self.captions, self.lasso, self.fit):
            part.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(part)
        model.choices_changed.connect(self.refresh)
        model.overlays.lines.changed.connect(self.refresh)
        model.session.layout_changed.connect(self.refresh)
        model.session.collection_changed.connect(self.refresh)
        themes.changed.connect(self.refresh)
        self.refresh()

    def _column_button(self, title: str, shortcut: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setIconSize(QSize(ICON, ICON))
        button.setFixedHeight(TARGET)
        button.setAccessibleName(title)
        button.setToolTip(with_shortcut(title, shortcut))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(slot)
        return button

    def choose_colour(self) -> None:
        """Offer the columns to colour by."""
        model = self._model
        chooser = ColumnChooser(
            self.colours, model.session.columns, "Colour by", present=model.colour_by
        )
        chooser.chosen.connect(model.set_colour_by)
        chooser.open()

    def choose_size(self) -> None:
        """Offer the columns of numbers that can give points their sizes."""
        model = self._model
        chooser = ColumnChooser(
            self.sizes, model.session.columns, "Size by", present=model.size_by, numbers=True,
            none="All the same size",
        )  # fmt: skip
        chooser.chosen.connect(model.set_size_by)
        chooser.open()

    def choose_filter(self) -> None:
        """Offer the columns to filter by; then their values."""
        chooser = ColumnChooser(self.filters, self._model.session.columns, "Filter by")
        chooser.chosen.connect(self._filter_by)
        chooser.open()

    @Slot(str)
    def _filter_by(self, key: str) -> None:
        session = self._model.session
        session.columns.when_made(
            key, lambda column: filter_panel(self.filters, session, column).open()
        )

    def _layout_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setToolButtonStyle(_ICON_AND_WORD)
        button.setIconSize(QSize(ICON, ICON))
        button.setFixedHeight(TARGET)
        button.setAccessibleName("Layout")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(self.choose_layout)
        return button

    def choose_layout(self) -> None:
        """Offer methods, spaces, settings and the kept layouts."""
        from vlm_explorer.widgets.layout_panel import LayoutPanel

        if not self.isHidden():  # a second map has a bar of its own
            LayoutPanel(self.layouts, self._model).open()

    def _drawn_button(self) -> QToolButton:
        """Return the button of what is drawn besides the points."""
        button = IconButton("ph.eye", "What the map draws", parent=self)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        self._images = menu.addAction("Thumbnails, from near")
        self._images.setCheckable(True)
        self._images.setChecked(True)
        self._images.toggled.connect(self.images_switched)
        regions, lines = self._model.session.regions, self._model.overlays.lines
        self._pairs = menu.addAction("Lines between images and captions")
        self._gap = menu.addAction("Modality gap, in the raw space")
        for action, switch in (
            (self._pairs, lambda wanted: lines.show(pairs=wanted)),
            (self._gap, lambda wanted: lines.show(gap=wanted)),
        ):
            action.setCheckable(True)
            action.setChecked(True)
            action.triggered.connect(switch)
        menu.addSeparator()
        self._naming = add_choice(menu, "Regions named by", map_words.NAMINGS)
        self._naming.triggered.connect(lambda action: regions.name_by(action.data()))
        regions.changed.connect(self.refresh)
        button.setMenu(menu)
        return button

    @Slot()
    def refresh(self) -> None:
        """Show the choices as they are."""
        self._show_columns()
        layout = self._model.session.layout
        regions = self._model.session.regions
        for action in self._naming.actions():
            action.setChecked(action.data() == regions.by)
        method = method_title(layout.method)
        self.layouts.setText(method)
        name = f", kept as “{layout.name}”" if layout.name else ""
        self.layouts.setToolTip(with_shortcut(f"How the map is laid out: {method}{name}", "M"))
        self.layouts.setIcon(icon("ph.stack", "secondary"))
        self._pairs.setChecked(self._model.overlays.lines.pairs)
        self._gap.setChecked(self._model.overlays.lines.gap)
        self.captions.setChecked(self._model.captions)
        captions = self._model.session.layout.answer
        self.captions.setEnabled(captions is not None and bool(captions.texts))

    def _show_columns(self) -> None:
        """Say what colours and sizes stand for."""
        model, columns = self._model, self._model.session.columns
        title = columns.title(model.colour_by)
        shown = elided(title, _FEWER_LETTERS if self._folded else _LETTERS)
        self.colours.setIcon(icon("ph.palette", "secondary"))
        self.colours.setToolButtonStyle(_ICON_ONLY if self._wordless else _ICON_AND_WORD)
        self.colours.setText(literal(shown if self._folded else f"Colour: {shown}"))
        self.colours.setToolTip(with_shortcut(f"Colour by: {title}", "C"))
        self.colours.setAccessibleName(f"Colour by: {title}")
        sized = bool(model.size_by)
        size = columns.title(model.size_by) if sized else "all the same"
        self.sizes.setIcon(icon("ph.circles-three", "accent" if sized else "secondary"))
        self.sizes.setToolButtonStyle(_ICON_AND_WORD if sized and not self._folded else _ICON_ONLY)
        self.sizes.setText(literal(f"Size: {elided(size, _FEWER_LETTERS)}"))
        self.sizes.setToolTip(with_shortcut(f"Size by: {size}", "S"))
        self.sizes.setAccessibleName(f"Size by: {size}")

    def set_room(self, width: int) -> None:
        """Be as wide as all words need, or do with fewer of them where there is less room."""
        self._fold(False)
        if self.sizeHint().width() > width:
            self._fold(True)
        if self.sizeHint().width() > width:
            self._fold(True, wordless=True)
        self.adjustSize()

    def _fold(self, folded: bool, *, wordless: bool = False) -> None:
        self.layouts.setToolButtonStyle(_ICON_ONLY if folded else _ICON_AND_WORD)
        self._folded, self._wordless = folded, wordless
        self._show_columns()
        layout = self.layout()
        assert layout is not None
        layout.activate()

    def set_lasso(self, wanted: bool) -> None:
        """Show whether the lasso is taken up."""
        self.lasso.setChecked(wanted)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar's ground."""
        painter = QPainter(self)
        paint_ground(painter, self.rect())
        painter.end()
