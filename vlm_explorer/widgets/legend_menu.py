"""What can be done with a category of the legend: show alone, hide, filter by it, recolour."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from vlm_explorer.viewmodels.column_filters import CategoryFilter
from vlm_explorer.viewmodels.map_colouring import OTHER
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_scene import LegendEntry
from vlm_explorer.widgets.map_brush import colour_of
from vlm_explorer.widgets.menus import literal
from vlm_explorer.widgets.theme import theme

_SWATCH = 14  # px
_CHOICES = 12  # colours that every theme has for categories


def category_menu(model: MapModel, entry: LegendEntry, parent: QWidget) -> QMenu:
    """Return a menu for one category of the present colouring."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    key = entry.category.key
    menu.addAction("Show" if entry.hidden else "Hide", partial(model.toggle, key))
    menu.addAction("Show alone", partial(model.isolate, key))
    if model.hidden:
        menu.addAction("Show all", partial(model.set_hidden, frozenset()))
    column = model.session.columns.get(model.colour_by)
    if column is None or column.is_number or key == OTHER:
        return menu
    menu.addSeparator()
    name = entry.category.title
    names = frozenset({key})
    menu.addAction(
        literal(f"Filter: only {name}"),
        partial(model.session.set_filter, CategoryFilter(column, names)),
    )
    menu.addAction(
        literal(f"Filter: without {name}"),
        partial(model.session.set_filter, CategoryFilter(column, names, without=True)),
    )
    if key:
        menu.addSeparator()
        menu.addMenu(_colour_menu(model, entry, menu))
    return menu


def _colour_menu(model: MapModel, entry: LegendEntry, parent: QMenu) -> QMenu:
    """Return the theme's colours to choose from; those in use say by what."""
    menu = QMenu("Colour", parent)
    by, key = model.colour_by, entry.category.key
    users = {other.category.colour: other.category.title for other in model.scene.legend}
    for index in range(_CHOICES):
        user = users.get(index, "")
        title = f"Colour {index + 1}" + (f" ({user})" if user else "")
        action = menu.addAction(_swatch(index), literal(title))
        action.setCheckable(True)
        action.setChecked(index == entry.category.colour)
        action.triggered.connect(partial(_recolour, model, by, key, index))
    menu.addSeparator()
    menu.addAction("Usual colour", partial(model.styles.set_colour, by, key, None))
    menu.addAction("Usual colours of all", partial(model.styles.reset, by))
    return menu


def _recolour(model: MapModel, by: str, key: str, index: int, _checked: bool = False) -> None:
    model.styles.set_colour(by, key, index)


def _swatch(index: int) -> QIcon:
    """Return a disc of the colour, crisp at twice the pixels too."""
    pixmap = QPixmap(2 * _SWATCH, 2 * _SWATCH)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*map(int, colour_of(index, theme()))))
    painter.drawEllipse(QRectF(1, 1, _SWATCH - 2, _SWATCH - 2))
    painter.end()
    return QIcon(pixmap)
