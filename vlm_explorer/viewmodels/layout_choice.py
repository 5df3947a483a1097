"""What can be chosen about a layout, what each choice means, and which settings have an effect."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from vlm_explorer.analysis.pacmap_layout import INSTALL, pacmap_is_here
from vlm_explorer.analysis.projection import SETTINGS as USED
from vlm_explorer.viewmodels.layout_words import (
    METHOD_NOTES,
    METHODS,
    SETTINGS,
    SPACE_NOTES,
    SPACES,
    gap_words,
)
from vlm_explorer.viewmodels.session import Session

WHOLE = frozenset({"seed", "n_neighbors"})  # settings that are whole numbers


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: its key, what it is called, what it means, whether it can be had."""

    key: str
    title: str
    note: str
    available: bool = True


@dataclass(frozen=True, slots=True)
class Setting:
    """A number to set: its key, what it is called, what it means, its range and step."""

    key: str
    title: str
    note: str
    least: float
    most: float
    step: float
    decimals: int


class LayoutChoice(QObject):
    """Offers the choices about the session's layout.

    Signals:
        changed(): another one is chosen, or its gap is known.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        session.layout_changed.connect(self.changed)

    def methods(self) -> tuple[Choice, ...]:
        """Return the methods; one that has to be installed says how."""
        return tuple(
            Choice(key, title, METHOD_NOTES[key])
            if key != "pacmap" or pacmap_is_here()
            else Choice(key, title, f"Not installed. To add it: {INSTALL}", available=False)
            for key, title in METHODS.items()
        )

    def spaces(self) -> tuple[Choice, ...]:
        """Return the spaces."""
        return tuple(
            Choice(key, title[0].upper() + title[1:], SPACE_NOTES[key])
            for key, title in SPACES.items()
        )

    def settings(self) -> tuple[Setting, ...]:
        """Return all settings of all methods."""
        return tuple(Setting(key, *values) for key, values in SETTINGS.items())

    def used(self) -> frozenset[str]:
        """Return the settings that the present method knows."""
        return frozenset(USED.get(self._session.layout.method, ()))

    def differs(self, values: dict[str, float]) -> bool:
        """Whether values of settings are others than those in use."""
        return bool(self._changed(values))

    def apply(self, values: dict[str, float]) -> None:
        """Lay out with other settings; where none differs, nothing happens."""
        if changed := self._changed(values):
            self._session.set_layout(**changed)

    def choose(self, **choice: str) -> None:
        """Lay out by another method, or from another space; the same again changes nothing."""
        layout = self._session.layout
        if layout.name or any(getattr(layout, key) != value for key, value in choice.items()):
            self._session.set_layout(**choice)

    def _changed(self, values: dict[str, float]) -> dict[str, float]:
        layout, used = self._session.layout, self.used()
        return {
            key: round(value) if key in WHOLE else round(value, 2)
            for key, value in values.items()
            if key in used and abs(value - getattr(layout, key)) > 1e-6
        }

    @property
    def gap(self) -> str:
        """The modality gap with what it is; "" where it is not known."""
        answer = self._session.layout.answer
        return "" if answer is None else gap_words(answer.gap, len(answer.texts))
