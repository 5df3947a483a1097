"""How far to trust the map: measured in the background, said in words and as a column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.map_words import images, quality_of
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.analysis.map_trust import Trust
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.queries.map_trust import MapTrust

KEPT = "neighbours-kept"
FEWEST = 33  # images that have neighbourhoods to compare
MOST_GROUPS = 200  # whose cosines are compared
_FEW = 4
DISTANCES = (
    "Directions, sizes and distances between groups mean nothing on this map. How alike groups are "
    "is told by the cosine between their mean vectors:"
)
MEANINGS = {
    "Trustworthiness": "neighbours on the map are neighbours in the space, 0 to 1",
    "Continuity": "neighbours in the space are neighbours on the map, 0 to 1",
    "Neighbours kept": "of each image's 15 nearest in the space, also among its 15 on the map",
}


@dataclass(frozen=True, slots=True)
class TrustRow:
    """A figure, what it is, and its values: of all images, then of both parts if there are two."""

    title: str
    meaning: str
    values: tuple[str, ...]


class TrustDesk(QObject):
    """Measures each new layout, and says what was found.

    Signals:
        changed(): other figures, or other groups to compare.
    """

    changed = Signal()

    def __init__(
        self, session: Session, parent: QObject | None = None, *, second: bool = False
    ) -> None:
        """Follow the layout of a session; that of a `second` map gives no column."""
        super().__init__(parent)
        self._session = session
        self._second = second
        self._key = "trust beside" if second else "trust"
        self._judged: LayoutAnswer | None = None
        self._groups: tuple[Group, ...] = ()
        self._space = ""
        self._cosines: np.ndarray | None = None
        session.layout_changed.connect(self._follow)
        self._follow()

    # The figures

    @property
    def pending(self) -> bool:
        """Whether it is being measured."""
        return self._session.runner.running(self._key) is not None

    @property
    def sentence(self) -> str:
        """What there is to say instead of figures; "" where there are figures."""
        if quality_of(self._session):
            return ""
        if self._session.layout.answer is None or self._session.layout.pending:
            return "The map is still being laid out."
        if self.pending:
            return "Comparing neighbours on the map and in the space…"
        return f"With fewer than {FEWEST} images there are no neighbourhoods to compare."

    @property
    def parts(self) -> tuple[str, ...]:
        """What the columns of figures are about."""
        quality = quality_of(self._session)
        if len(quality) < 3:
            return ("all images",) if quality else ()
        return ("all images", f"{quality[1].points:,} landmarks", f"{quality[2].points:,} placed")

    @property
    def rows(self) -> tuple[TrustRow, ...]:
        """The figures; empty until they are known."""
        quality = quality_of(self._session)
        return tuple(
            TrustRow(title, meaning, tuple(_figure(title, part) for part in quality))
            for title, meaning in MEANINGS.items()
            if quality
        )

    @property
    def explanation(self) -> str:
        """How it was measured."""
        quality, answer = quality_of(self._session), self._session.layout.answer
        if not quality or answer is None:
            return ""
        whole = quality[0]
        judged = (
            "by every image"
            if whole.judged == whole.points
            else f"by {whole.judged:,} of {whole.points:,} images"
        )
        after = ", after centring" if answer.request.space == "centred" else ""
        return (
            f"Neighbours are always computed in the full space{after}, never on the map: among all "
            f"images, judged {judged}."
        )

    # Measuring

    @Slot()
    def _follow(self) -> None:
        """Measure a layout that is another one; what is preliminary is not worth it."""
        session = self._session
        state, content = session.layout, session.content
        if state.answer is None or state.pending or state.preliminary or content is None:
            if self._judged is not None:
                self._judged = None
                self._forget_column()
            self.changed.emit()
            return
        if state.answer is not self._judged:
            self._judged = state.answer
            self._forget_column()
            if state.answer.key and len(state.answer.image_ids) >= FEWEST:
                session.runner.start(
                    questions.judge_map,
                    content,
                    state.answer,
                    title="Measuring how far to trust the map",
                    key=self._key,
                    lane="process",
                    on_success=self._take,
                    on_failure=session.messages.show_error,
                )
        self.changed.emit()

    @Slot(object)
    def _take(self, found: MapTrust) -> None:
        session = self._session
        if session.layout.answer is not self._judged or self._judged is None:
            return
        session.put_layout(replace(session.layout, trust=found))
        if self._second:
            return
        values = np.full(len(session.images), np.nan)
        rows = [session.images.row_of.get(key, -1) for key in self._judged.image_ids]
        known = np.array(rows) >= 0
        values[np.array(rows)[known]] = found.kept[known]
        if np.isfinite(values).any():
            session.columns.add(_column(values))

    def _forget_column(self) -> None:
        """Empty the column of another map; where points are coloured by it, they stay so."""
        columns = self._session.columns
        if KEPT in columns.names() and not self._second:
            columns.add(_column(np.full(len(self._session.images), np.nan)))

    # Groups

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups that can be compared."""
        return tuple(
            f"{group.name or f'group {number}'} ({images(group.count)})"
            for number, group in enumerate(self._compared(), 1)
        )

    def alike(self, group: int) -> tuple[tuple[str, str], ...]:
        """Return the other groups by the cosine of their means to that of one, highest first."""
        if self._cosines is None or not 0 <= group < len(self._cosines):
            return ()
        names, cosines = self.groups, self._cosines[group]
        order = [row for row in np.argsort(-cosines, kind="stable") if row != group]
        return tuple((names[row], _signed(float(cosines[row]))) for row in order)

    def compare_groups(self) -> None:
        """Find the cosines between the groups' mean vectors; `changed` tells when."""
        session = self._session
        if session.content is None or session.layout.answer is None:
            return
        groups, space = session.groups, session.layout.answer.request.space
        if (self._groups is groups and self._space == space) or not self._compared():
            return
        self._groups, self._space, self._cosines = groups, space, None
        session.runner.start(
            questions.compare_groups,
            session.content,
            [group.members for group in self._compared()],
            space,
            title="Comparing groups",
            key="centroids",
            on_success=self._take_cosines,
            on_failure=session.messages.show_error,
        )

    def _compared(self) -> tuple[Group, ...]:
        """Return the regions of one level: the coarsest that has a few of them."""
        groups = self._session.groups
        of_level = [
            [group for group in groups if group.level == level]
            for level in sorted({group.level for group in groups})
        ]
        found = next((level for level in of_level if len(level) >= _FEW), None)
        return tuple((found or max(of_level, key=len, default=[]))[:MOST_GROUPS])

    @Slot(object)
    def _take_cosines(self, cosines: np.ndarray) -> None:
        self._cosines = cosines
        self.changed.emit()


def _column(values: np.ndarray) -> Column:
    return Column(
        KEPT,
        "neighbours kept",
        values,
        note="The share of an image's 15 nearest in the full space that are also among its 15 "
        "nearest on the map.",
        also="neighbour agreement trust projection",
    )


def _figure(title: str, part: Trust) -> str:
    value = {
        "Trustworthiness": part.trustworthiness,
        "Continuity": part.continuity,
        "Neighbours kept": part.kept,
    }[title]
    if not np.isfinite(value):
        return "–"
    return f"{value * 100:.0f} %" if title == "Neighbours kept" else f"{value:.3f}"


def _signed(value: float) -> str:
    value = round(value, 2) + 0.0  # no minus before 0
    return f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "–"
