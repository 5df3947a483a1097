"""One range of colours for all maps of a kind, as far as they were seen. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation

_Kind = tuple[str, str, str]


class SharedRange:
    """The least and the greatest value of the maps of each encoder, method and unit."""

    def __init__(self) -> None:
        self._ends: dict[_Kind, NDArray[np.float64]] = {}

    def take(self, explanation: Explanation) -> None:
        """Make room for an explanation's maps."""
        both = np.append(explanation.grid, self.ends(explanation))
        self._ends[_kind(explanation)] = np.array([np.nanmin(both), np.nanmax(both)])

    def ends(self, explanation: Explanation) -> NDArray[np.float64]:
        """Return both ends of the range; empty before the first map of that kind."""
        return self._ends.get(_kind(explanation), np.empty(0))


def _kind(explanation: Explanation) -> _Kind:
    return explanation.weights_sha256, explanation.method, explanation.unit
