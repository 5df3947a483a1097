"""The regions of the map: found when a layout is there, named, and offered as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.analysis.groups import MOST_POINTS
from vlm_explorer.viewmodels import grouping
from vlm_explorer.viewmodels.arrow_columns import Coded, texts_of
from vlm_explorer.viewmodels.columns import Column

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.session import Session

PHRASES, LABELS = "phrases", "labels"  # what regions are named by
LEVELS = ("coarse", "medium", "fine")


class Regions(QObject):
    """Finds the regions of the map and names them, on behalf of the session.

    They are regions of this picture: another layout has others.

    Attributes:
        by: what they are to be named by, `PHRASES` of the encoder or `LABELS` of the images.

    Signals:
        changed(): `by` is another one.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.by = PHRASES
        self._answer: LayoutAnswer | None = None
        session.encoder_changed.connect(self._name)
        session.opened.connect(self._restore)

    @property
    def sampled(self) -> int:
        """How many points the regions were found among, where that is not all; else 0."""
        count = 0 if self._answer is None else len(self._answer.image_ids)
        return 0 if count <= MOST_POINTS else len(range(0, count, -(-count // MOST_POINTS)))

    def name_by(self, by: str) -> None:
        """Name regions by `PHRASES` or by `LABELS` from now on."""
        if by != self.by:
            self.by = by
            self._session.kept.put("regions named by", by)
            self.changed.emit()
            if self._answer is not None:
                self.find(self._answer)

    @Slot()
    def _restore(self) -> None:
        kept = self._session.kept.get("regions named by", str, PHRASES)
        self.by = kept if kept in (PHRASES, LABELS) else PHRASES
        self.changed.emit()

    def forget(self) -> None:
        """Be without regions: another layout is on its way."""
        for key in ("groups", "group names"):
            self._session.runner.cancel(key)

    def find(self, answer: LayoutAnswer) -> None:
        """Find the regions of a layout."""
        session = self._session
        self.forget()
        self._answer = answer
        content = session.content
        session.runner.start(
            grouping.find_groups, session.images, answer,
            None if content is None else content.collection.folder,
            title="Naming the regions of the map", key="groups", lane="process",
            on_success=self._take_groups, on_failure=session.messages.show_error,
        )  # fmt: skip

    @Slot(object)
    def _take_groups(self, groups: tuple[Group, ...]) -> None:
        self._take(groups)
        self._name()

    @Slot()
    def _name(self) -> None:
        """Name regions by phrases, as soon as there is an encoder to do it with."""
        session = self._session
        if session.encoder is None or session.content is None or self.by != PHRASES:
            return
        if any(group.preferred is None for group in session.groups):
            session.runner.start(
                grouping.name_groups, session.content, session.encoder, session.groups,
                title="Naming the regions of the map", key="group names", lane="long",
                on_success=self._take, on_failure=session.messages.show_error,
            )  # fmt: skip

    @Slot(object)
    def _take(self, groups: tuple[Group, ...]) -> None:
        session = self._session
        session.groups = groups
        deepest = max((group.level for group in groups), default=-1)
        for level, word in enumerate(LEVELS):
            key = f"cluster-{level + 1}"
            if level <= deepest:
                session.columns.add(self._column(key, word, level))
            else:
                session.columns.remove(key)
        session.layout_changed.emit()

    def _column(self, key: str, word: str, level: int) -> Column:
        session = self._session
        coded = Coded(*grouping.region_names(len(session.images), session.groups, level))
        return Column(
            key, f"region of the map, {word}", texts_of(coded), codes=coded,
            note="Regions of this picture, found by HDBSCAN in its plane",
        )  # fmt: skip
