"""Colours, type, icons and the style sheet, by role.

The roles live in `resources/themes.toml`, the style sheet in `resources/style.qss`; a widget asks
`theme()` for a role, and repaints when `themes.changed` says that the roles have other colours now.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from vlm_explorer import paths
from vlm_explorer.widgets.icons import glyph_icon

BODY, ANNOTATION, TITLE = 13, 11, 16  # px
GRID = 4  # px; every distance is a multiple
RADIUS = 6  # px
MOTION = 150  # ms; only where it tells where something went

# Read before a bare system font (DejaVu), where the machine has one of them.
_PREFERRED_FAMILIES = ("Inter", "Inter Variable", "Cantarell", "Ubuntu", "Noto Sans", "Open Sans")
_BARE_FAMILIES = ("DejaVu Sans", "Bitstream Vera Sans", "Sans", "Sans Serif", "")


@dataclass(frozen=True, slots=True)
class Theme:
    """The roles of colour, each "#rrggbb"; what they are for stands in `themes.toml`."""

    name: str
    window: str
    panel: str
    raised: str
    hover: str
    pressed: str
    line: str
    text: str
    secondary: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    warning: str
    warning_ground: str
    danger: str
    danger_ground: str
    image_ground: str
    image_text: str
    image_accent: str
    image_warning: str
    measure: str
    graphics: str
    overlay: str
    map_ground: str
    star: str
    faded: str
    skeleton: str
    categorical: tuple[str, ...]

    @property
    def dark(self) -> bool:
        """Whether text is lighter than its ground."""
        return QColor(self.text).lightness() > QColor(self.window).lightness()

    def colour(self, role: str, alpha: float = 1.0) -> QColor:
        """Return the role as a colour of that opacity (0 to 1)."""
        colour = QColor(getattr(self, role))
        colour.setAlphaF(alpha)
        return colour

    def category(self, index: int) -> QColor:
        """Return the colour of the index-th category; they repeat after the last."""
        return QColor(self.categorical[index % len(self.categorical)])


@cache
def load_themes() -> dict[str, Theme]:
    """Read the themes, by name."""
    with (paths.resources() / "themes.toml").open("rb") as file:
        tables = tomllib.load(file)
    return {
        name: Theme(name=name, **{**table, "categorical": tuple(table["categorical"])})
        for name, table in tables.items()
    }


class ThemeHub(QObject):
    """Holds the current theme and dresses the application in it.

    Signals:
        changed(): the roles have other colours now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._name = "dark"
        self._indicators: QTemporaryDir | None = None

    @property
    def current(self) -> Theme:
        """The theme in use."""
        return load_themes()[self._name]

    def set_theme(self, name: str) -> None:
        """Switch to "dark" or "light", and dress the running application in it.

        Raises:
            KeyError: no theme of that name.
        """
        load_themes()[name]
        if name == self._name:
            return
        self._name = name
        application = QApplication.instance()
        if isinstance(application, QApplication):
            self.apply(application)
        self.changed.emit()

    def apply(self, application: QApplication) -> None:
        """Set style, palette, font and style sheet of `application`."""
        application.setStyle("Fusion")
        application.setPalette(build_palette(self.current))
        application.setFont(font(BODY))
        application.setStyleSheet(self._style_sheet())

    def _style_sheet(self) -> str:
        """Fill the style sheet's roles; tint its indicators into a folder of this process."""
        self._indicators = QTemporaryDir()  # the previous one is removed with its files
        folder = Path(self._indicators.path())
        roles = asdict(self.current)
        for source in (paths.resources() / "icons").glob("*.svg"):
            for role in ("text", "secondary", "disabled", "on_accent"):
                tinted = Template(source.read_text()).substitute(colour=roles[role])
                (folder / f"{source.stem}-{role}.svg").write_text(tinted, encoding="utf-8")
        template = (paths.resources() / "style.qss").read_text(encoding="utf-8")
        return Template(template).substitute(roles, icons=folder.as_posix())


def build_palette(roles: Theme) -> QPalette:
    """Return the palette for what the style sheet does not reach."""
    palette = QPalette()
    for role, name in {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "panel",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.BrightText: "danger",
        QPalette.ColorRole.Highlight: "accent",
        QPalette.ColorRole.HighlightedText: "on_accent",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "secondary",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.Accent: "accent",
        QPalette.ColorRole.Light: "hover",
        QPalette.ColorRole.Midlight: "hover",
        QPalette.ColorRole.Mid: "line",
        QPalette.ColorRole.Dark: "line",
        QPalette.ColorRole.Shadow: "window",
    }.items():
        palette.setColor(role, roles.colour(name))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, roles.colour("disabled"))
    return palette


@cache
def _family() -> str:
    """Return the system's interface font, or a better one where the system's is bare."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    if system not in _BARE_FAMILIES:
        return system
    present = set(QFontDatabase.families())
    return next((family for family in _PREFERRED_FAMILIES if family in present), system)


def font(px: int = BODY, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the interface font at `px` pixels, with tabular figures."""
    chosen = QFont(_family())
    chosen.setPixelSize(px)
    chosen.setWeight(weight)
    chosen.setFeature(QFont.Tag("tnum"), 1)
    return chosen


themes = ThemeHub()


def theme() -> Theme:
    """Return the theme in use."""
    return themes.current


@cache
def _tinted_icon(name: str, colour: str, disabled: str, checked: str) -> QIcon:
    return glyph_icon(name, QColor(colour), QColor(disabled), QColor(checked))


def icon(name: str, role: str = "text") -> QIcon:
    """Return the line icon `name` ("ph.star") in the colour of `role`; accent when switched on.

    Ask again when `themes.changed` is emitted.

    Raises:
        KeyError: no icon of that name.
    """
    roles = theme()
    return _tinted_icon(name, getattr(roles, role), roles.disabled, roles.accent)


def animation_ms() -> int:
    """Return how long a movement takes; 0 where the system asks for none."""
    style = QApplication.style()
    return MOTION if style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0 else 0


def role_names() -> tuple[str, ...]:
    """Return the names of the roles that are one colour each."""
    return tuple(f.name for f in fields(Theme) if f.name not in ("name", "categorical"))
