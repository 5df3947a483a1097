"""What a choice of images does to the selection, and growing it by what is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.states import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from vlm_explorer.viewmodels.session import Session

Mask = NDArray[np.bool_]

NEAREST = 10  # images that growing adds for each selected one


class Mode(Enum):
    """What a choice of images does to the selection."""

    REPLACE = auto()
    ADD = auto()
    SUBTRACT = auto()
    INTERSECT = auto()
    TOGGLE = auto()


def combine(present: Mask, chosen: Mask, mode: Mode) -> Mask:
    """Return what is selected after a choice, bool (N,)."""
    match mode:
        case Mode.REPLACE:
            return chosen
        case Mode.ADD:
            return present | chosen
        case Mode.SUBTRACT:
            return present & ~chosen
        case Mode.INTERSECT:
            return present & chosen
        case Mode.TOGGLE:
            return present ^ chosen


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The images nearest to selected ones.

    Attributes:
        selection: which images' neighbours they are.
        rows: the neighbours, ascending, those selected left out, (K,).
    """

    selection: Selection
    rows: NDArray[np.intp]


def nearest_images(
    opened: Opened, selection: Selection, k: int, *, context: JobContext
) -> Neighbours:
    """Find each selected image's k nearest by cosine, in the full space of the encoder.

    Images whose vector is missing have no neighbours and are none.
    """
    from vlm_explorer.analysis.near_selection import nearest_to_rows

    if opened.vectors is None or len(opened.vectors) < 2:
        return Neighbours(selection, np.empty(0, np.intp))
    selected = opened.images.rows_of(selection.ids)
    return Neighbours(selection, nearest_to_rows(opened.vectors, selected, k, context=context))


class Growing(QObject):
    """Adds the nearest images to the selection, as far as they are shown."""

    def __init__(self, session: Session, shown: Callable[[], Mask], parent: QObject) -> None:
        """Take the session, and what returns which images are shown, bool (N,)."""
        super().__init__(parent)
        self._session, self._shown = session, shown

    def start(self, k: int = NEAREST) -> None:
        """Look for each selected image's k nearest, and add them."""
        session = self._session
        if session.content is None or not session.selection.ids:
            return
        session.runner.start(
            nearest_images,
            session.content,
            session.selection,
            k,
            title="Finding the nearest images",
            key="grow",
            on_success=self._take,
            on_failure=session.messages.show_error,
        )

    @Slot(object)
    def _take(self, found: Neighbours) -> None:
        """Add what was found, unless another selection was made meanwhile."""
        session = self._session
        if found.selection is not session.selection:
            return
        shown = self._shown()
        near = np.zeros_like(shown)
        near[found.rows] = True
        session.select_mask(session.selected | (near & shown), session.selection.current)
        added, beyond = int((near & shown).sum()), int((near & ~shown).sum())
        words = f"{added:,} nearest {'image' if added == 1 else 'images'} added."
        session.messages.show_information(
            words, f"{beyond:,} more are filtered out or hidden." if beyond else ""
        )
