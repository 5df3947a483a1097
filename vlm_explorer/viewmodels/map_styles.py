"""The user's colours, by column: kept with the collection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.map_colouring import ColourStyle, style_key
from vlm_explorer.viewmodels.map_ramp import RampStyle
from vlm_explorer.viewmodels.session import Session

KEPT = "column_styles"
State = tuple[tuple[str, tuple[tuple[str, int], ...], RampStyle], ...]


class MapStyles(QObject):
    """Which colours the user gave to categories, and which palettes and centres to scales.

    Signals:
        changed(key): a column has other colours.
    """

    changed = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._styles: dict[str, ColourStyle] = {}
        session.collection_changed.connect(self._read)
        session.opened.connect(self._read)

    def of(self, key: str) -> ColourStyle:
        """Return the colours of a column."""
        return self._styles.get(key, ColourStyle())

    def set_colour(self, key: str, category: str, index: int | None) -> None:
        """Give a category of a column one of the theme's colours; None: its own again."""
        style = self.of(key)
        colours = dict(style.colours)
        if index is None:
            colours.pop(style_key(category), None)
        else:
            colours[style_key(category)] = index
        self._put(key, replace(style, colours=colours))

    def set_ramp(self, key: str, ramp: RampStyle) -> None:
        """Give the scale of a column another palette or centre."""
        self._put(key, replace(self.of(key), ramp=ramp))

    def reset(self, key: str) -> None:
        """Take the usual colours again."""
        self._put(key, ColourStyle())

    def _put(self, key: str, style: ColourStyle) -> None:
        if style == self.of(key):
            return
        with self._session.history.step(f"style {key}"):
            self._styles[key] = style
            styles = {name: each for name, each in self._styles.items() if each != ColourStyle()}
            self._session.kept.put(KEPT, {name: as_json(each) for name, each in styles.items()})
            self.changed.emit(key)

    # As a part of what can be undone

    def state(self) -> State:
        """Return the user's colours of every column, frozen."""
        styles = {key: each for key, each in self._styles.items() if each != ColourStyle()}
        return tuple(
            (key, tuple(sorted(each.colours.items())), each.ramp)
            for key, each in sorted(styles.items())
        )

    def restore(self, state: State) -> None:
        """Take these colours again, and the usual ones of other columns."""
        wanted = {key: ColourStyle(dict(colours), ramp) for key, colours, ramp in state}
        for key in [*self._styles, *wanted]:
            self._put(key, wanted.get(key, ColourStyle()))

    def words(self, _before: State, _after: State) -> str:
        """Name what was done."""
        return "change colours"

    @Slot()
    def _read(self) -> None:
        kept = self._session.kept.get(KEPT, dict, {})
        self._styles = {str(key): from_json(value) for key, value in kept.items()}


def as_json(style: ColourStyle) -> dict[str, Any]:
    """Return a style as it is kept."""
    ramp = style.ramp
    return {
        "colours": dict(style.colours),
        "palette": ramp.palette,
        "centre": ramp.centre,
        "plain": ramp.plain,
    }


def from_json(kept: object) -> ColourStyle:
    """Return a kept style; what cannot be understood is left out."""
    if not isinstance(kept, dict):
        return ColourStyle()
    colours, centre = kept.get("colours"), kept.get("centre")
    colours = colours if isinstance(colours, dict) else {}
    return ColourStyle(
        {str(k): v for k, v in colours.items() if isinstance(v, int) and 0 <= v < 256},
        RampStyle(
            str(kept.get("palette") or ""),
            float(centre) if isinstance(centre, int | float) else None,
            bool(kept.get("plain")),
        ),
    )
