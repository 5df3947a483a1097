"""The second map as something that can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
