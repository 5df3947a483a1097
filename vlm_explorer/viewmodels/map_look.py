"""How the map is looked at, as one frozen state: its colours, what is hidden, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.map_model import MapModel

Place = tuple[float, float, float]  # world x and y in the middle of the screen, pixels a unit


@dataclass(frozen=True, slots=True)
class MapLook:
    """What the user chose about the map alone.

    Attributes:
        colour: what colours it, as `ColourChoice.state` has it.
        size: the column of the points' sizes; "" for none.
        hidden: the hidden categories of each colouring that hides any.
        captions: whether captions are drawn.
        place: from where it is seen; None: from where everything is seen.
    """

    colour: tuple[str, str | None]
    size: str
    hidden: tuple[tuple[str, frozenset[str]], ...]
    captions: bool
    place: Place | None


@dataclass(frozen=True)
class LookPart:
    """The look of a map as something that can be undone."""

    model: MapModel

    def state(self) -> MapLook:
        """Return the look."""
        return self.model.look

    def restore(self, state: MapLook) -> None:
        """Look as before."""
        self.model.recall(state)

    def words(self, before: MapLook, after: MapLook) -> str:
        """Name what changed."""
        if before.colour != after.colour:
            return "change colours"
        if before.size != after.size:
            return "change sizes"
        if before.hidden != after.hidden:
            more = _count(after) > _count(before)
            return "hide categories" if more else "show categories"
        if before.captions != after.captions:
            return "show captions" if after.captions else "hide captions"
        if after.place is None:
            return "fit everything"
        zoomed = before.place is None or before.place[2] != after.place[2]
        return "zoom" if zoomed else "move the map"


def _count(look: MapLook) -> int:
    return sum(len(keys) for _, keys in look.hidden)
