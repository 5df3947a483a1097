"""Tags and notes of the open collection: given by key, kept at once, and undone like all else."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.queries.tags import NUMBERS, Tagging, read_tags, write_tags
from vlm_explorer.viewmodels.history_parts import shortened
from vlm_explorer.viewmodels.user_file import UserFile

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

__all__ = ["NUMBERS", "Tags"]


class Tags(QObject):
    """Tags by number, which is their digit and their colour, and a note an image.

    Attributes:
        state: which images have which, frozen.

    Signals:
        changed(): other tags or notes.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.state = Tagging()
        self._file = UserFile(session, "tags", read_tags, write_tags, self)
        self._file.left.connect(self._forget)
        self._file.found.connect(self._take)
        session.history.add(TagsPart(self))

    @property
    def ready(self) -> bool:
        """Whether the tags of the open collection have been read."""
        return self._file.ready

    @property
    def chosen(self) -> Set[str]:
        """What a key is about: the selected images, else the current one."""
        selection = self._session.selection
        if selection.ids or selection.current is None:
            return selection.ids
        return frozenset({selection.current})

    def has(self, number: int, ids: Set[str]) -> bool:
        """Whether all of some images have a tag."""
        return bool(ids) and ids <= self.state.images.get(number, frozenset())

    def toggle(self, number: int, ids: Set[str] | None = None) -> None:
        """Give images a tag, or take it from them where all have it; by default what is chosen."""
        ids = self.chosen if ids is None else ids
        if not ids:
            return
        change = self.state.untagged if self.has(number, ids) else self.state.tagged
        self._put(change(number, ids))

    def clear(self) -> None:
        """Take every tag from what is chosen."""
        state = self.state
        for number in self.state.images:
            state = state.untagged(number, self.chosen)
        self._put(state)

    def rename(self, number: int, name: str) -> None:
        """Call a tag otherwise; without a name it goes by its number."""
        self._put(self.state.named(number, name))

    def note(self, image_id: str, text: str) -> None:
        """Note something about an image, in place of what was noted before."""
        self._put(self.state.noted(image_id, text))

    def words(self, image_id: str) -> str:
        """Return an image's tags in words, and that there is a note; never the note itself."""
        parts = [self.state.words_of(image_id), "note" if image_id in self.state.notes else ""]
        return " · ".join(part for part in parts if part)

    def restore(self, state: Tagging) -> None:
        """Tag and note as before."""
        self._put(state)

    def _put(self, state: Tagging) -> None:
        if not self.ready or state == self.state:
            return
        with self._session.history.step():
            self.state = state
            self._file.put(state)
            self.changed.emit()

    @Slot()
    def _forget(self) -> None:
        if self.state != Tagging():
            self.state = Tagging()
            self.changed.emit()

    @Slot(object)
    def _take(self, state: Tagging) -> None:
        with self._session.history.unrecorded():
            self.state = state
            self.changed.emit()


@dataclass(frozen=True)
class TagsPart:
    """Tags and notes as something that can be undone."""

    tags: Tags

    def state(self) -> Tagging:
        """Return what is tagged and noted."""
        return self.tags.state

    def restore(self, state: Tagging) -> None:
        """Tag and note as before."""
        self.tags.restore(state)

    def words(self, before: Tagging, after: Tagging) -> str:
        """Name the tag, the note or the name that changed."""
        if before.notes != after.notes:
            return "write a note"
        if before.names != after.names:
            return "name a tag"
        old, new = before.images, after.images
        changed = [n for n in NUMBERS if old.get(n) != new.get(n)]
        if len(changed) != 1:
            return "change tags"
        number = changed[0]
        sizes = [len(images.get(number, ())) for images in (old, new)]
        count = abs(sizes[1] - sizes[0])
        what = "tag" if sizes[1] > sizes[0] else "untag"
        images = "image" if count == 1 else "images"
        return f"{what} {count:,} {images} “{shortened(after.name(number), 20)}”"
