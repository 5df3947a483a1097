"""What was chosen about the second map: kept with the collection, and undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlm_explorer.viewmodels.states import LayoutState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.second_map import SecondMap


@dataclass(frozen=True, slots=True)
class SecondMapState:
    """What the user chose about the second map.

    Attributes:
        opened: whether it is to be seen.
        model: id of its encoder; "" before one was chosen.
        choices: how it is laid out, as in `LayoutState.choices`.
        name: of the kept layout that it is; "" for none.
        aligned: whether it is laid onto the first map.
    """

    opened: bool
    model: str
    choices: tuple[tuple[str, Any], ...]
    name: str
    aligned: bool

    def kept(self) -> dict[str, Any]:
        """Return it as a collection keeps it."""
        return {
            "open": self.opened,
            "model": self.model,
            "layout": [value for _, value in self.choices],
            "name": self.name,
            "aligned": self.aligned,
        }

    @classmethod
    def of_kept(cls, kept: dict[str, Any]) -> SecondMapState | None:
        """Return what a collection kept; None for what is no such."""
        values, name = kept.get("layout"), kept.get("name", "")
        layout = LayoutState.of_kept(values if isinstance(values, list) else [])
        if layout is None:
            return None
        return cls(
            bool(kept.get("open")),
            str(kept.get("model", "")),
            tuple(layout.choices.items()),
            name if isinstance(name, str) else "",
            bool(kept.get("aligned", True)),
        )


@dataclass(frozen=True)
class SecondMapPart:
    """What can be undone about the second map."""

    second: SecondMap

    def state(self) -> SecondMapState:
        """Return what was chosen."""
        return self.second.state

    def restore(self, state: SecondMapState) -> None:
        """Choose as before."""
        self.second.recall(state)

    def words(self, before: SecondMapState, after: SecondMapState) -> str:
        """Name what changed."""
        if before.opened != after.opened:
            return "compare maps" if after.opened else "back to one map"
        if before.aligned != after.aligned:
            return "align the right map" if after.aligned else "show the right map unaligned"
        return "change the right map"
