"""The layouts that the user named: listed, kept, opened, renamed, removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.layout_words import SPACES, method_title
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.queries.named_layouts import NamedLayout


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """A named layout as the window lists it.

    Attributes:
        name: its name.
        note: how it was made, and of how many images.
        current: whether it is the one that is shown.
        foreign: of another encoder than the one in use: it cannot be shown now.
        model: id of the encoder that it was made with.
    """

    name: str
    note: str
    current: bool
    foreign: bool
    model: str


class LayoutShelf(QObject):
    """Knows the named layouts of the open collection.

    Signals:
        changed(): others are there.
        failed(text): what was asked for could not be done, in words.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._named: tuple[NamedLayout, ...] = ()
        session.opened.connect(self.refresh)
        session.layout_changed.connect(self.changed)

    @property
    def rows(self) -> tuple[ShelfRow, ...]:
        """The named layouts, the oldest first."""
        session = self._session
        model = session.content.model if session.content is not None else ""
        return tuple(
            ShelfRow(
                named.name,
                _note(named, model),
                named.name == session.layout.name,
                named.model != model,
                named.model,
            )
            for named in self._named
        )

    @property
    def can_keep(self) -> bool:
        """Whether there is a finished layout that has no name yet."""
        layout = self._session.layout
        done = layout.answer is not None and not layout.pending and not layout.preliminary
        return done and not layout.name and self._session.collection is not None

    def suggestion(self) -> str:
        """Return a name for the present layout that is not taken."""
        layout = self._session.layout
        base = f"{method_title(layout.method)}, {SPACES.get(layout.space, layout.space)}"
        taken = {named.name.casefold() for named in self._named}
        names = [base, *(f"{base} {number}" for number in range(2, len(taken) + 3))]
        return next(name for name in names if name.casefold() not in taken)

    @Slot()
    def refresh(self) -> None:
        """Read the list anew."""
        self._start(list_layouts, title="Listing the kept layouts")

    def open(self, name: str) -> None:
        """Show a layout as it was kept."""
        self._session.set_layout(name=name)

    def keep(self, name: str) -> None:
        """Keep the layout that is shown under a name."""
        if self.can_keep:
            self._start(keep_layout, self._session.layout.answer, name, title="Keeping the layout")

    def rename(self, old: str, new: str) -> None:
        """Give a layout another name."""
        if old != new:
            self._start(rename_layout, old, new, title="Renaming a layout")

    def remove(self, name: str) -> None:
        """Remove a layout; where it is shown, the map stays as it is."""
        self._start(remove_layout, name, title="Removing a layout")

    def _start(self, function: object, *args: object, title: str) -> None:
        session = self._session
        if session.collection is None:
            self._take((None, ()))
            return
        session.runner.start(
            function,  # type: ignore[arg-type]
            session.collection,
            *args,
            title=title,
            key="named layouts",
            lane="io",
            on_success=self._take,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take(self, found: tuple[tuple[str, str] | None, tuple[NamedLayout, ...]]) -> None:
        """Take the list; the layout that is shown may have another name now, or none."""
        session = self._session
        renamed, self._named = found
        if renamed is not None and session.layout.name == renamed[0]:
            session.layout = replace(session.layout, name=renamed[1])
            session.kept.put("layout name", renamed[1])
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.failed.emit(str(error))


def _note(named: NamedLayout, model: str) -> str:
    request = named.request
    made = [method_title(request.method), request.space]
    if request.method != "pca":
        made.append(f"seed {request.seed}")
    if named.model != model:
        made.append(f"made with {named.model}")
    return f"{', '.join(made)} · {named.images:,} images"


_Found = tuple[tuple[str, str] | None, tuple["NamedLayout", ...]]


def list_layouts(collection: Collection, *, context: JobContext) -> _Found:
    """Return the named layouts; no name changed."""
    from vlm_explorer.queries.named_layouts import NamedLayouts

    context.check()
    return None, tuple(NamedLayouts(collection))


def keep_layout(
    collection: Collection, answer: LayoutAnswer, name: str, *, context: JobContext
) -> _Found:
    """Keep a layout; return that the present one has that name now, and the list."""
    from vlm_explorer.queries.named_layouts import NamedLayouts

    context.check()
    named = NamedLayouts(collection)
    return ("", named.keep(answer, name).name), tuple(named)


def rename_layout(collection: Collection, old: str, new: str, *, context: JobContext) -> _Found:
    """Rename a layout; return both names and the list."""
    from vlm_explorer.queries.named_layouts import NamedLayouts

    context.check()
    named = NamedLayouts(collection)
    return (old, named.rename(old, new).name), tuple(named)


def remove_layout(collection: Collection, name: str, *, context: JobContext) -> _Found:
    """Remove a layout; return that it has no name any more, and the list."""
    from vlm_explorer.queries.named_layouts import NamedLayouts

    context.check()
    named = NamedLayouts(collection)
    named.remove(name)
    return (name, ""), tuple(named)
