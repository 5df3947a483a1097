"""The label sets on offer, and what is done with them; files are read and written in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries import label_shelf
from vlm_explorer.queries.label_set import LabelSet
from vlm_explorer.viewmodels.states import OWN_LABELS, LabelState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

__all__ = ["LabelSet", "LabelSets"]

BEGINNING = "modality"  # what a collection is asked at first
OF_DEMO = "demo-findings"
NEW_TITLE = "New label set"


class LabelSets(QObject):
    """The ready-made sets and the user's own.

    Attributes:
        ready_made, own: in the order in which they are offered.

    Signals:
        changed(): other sets, or another one in use.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.ready_made: tuple[LabelSet, ...] = ()
        self.own: tuple[LabelSet, ...] = ()
        session.labels_changed.connect(self.changed)
        session.encoder_changed.connect(self._begin)
        self.read()

    # What is there

    @property
    def current(self) -> LabelSet:
        """The set in use, with what is not saved."""
        return self._session.label_state.chosen

    @property
    def saved(self) -> LabelSet | None:
        """The set in use as it lies in its file; None where it has none."""
        name = self.current.name
        return next((s for s in (*self.ready_made, *self.own) if s.name == name), None)

    @property
    def is_own(self) -> bool:
        """Whether the set in use is one of the user's."""
        return any(each.name == self.current.name for each in self.own)

    @property
    def edited(self) -> bool:
        """Whether something about the set in use is not saved."""
        return bool(self.current.labels) and self.current != self.saved

    def read(self) -> None:
        """Read all sets anew."""
        self._work(_read, title="Reading label sets")

    # What is done

    def use(self, name: str) -> None:
        """Take a set in place of the present one."""
        found = next((s for s in (*self.ready_made, *self.own) if s.name == name), None)
        if found is not None:
            self._take(found)

    def new(self) -> None:
        """Begin an empty set."""
        self._take(replace(OWN_LABELS, title=NEW_TITLE))

    def duplicate(self) -> None:
        """Go on with a copy of the present set, which has no file yet."""
        self._take(replace(self.current, name="", title=f"{self.current.title} (copy)", version=1))

    def save(self) -> None:
        """Save the present set: the user's own as its next version, another as a new one."""
        current = self.current
        if current.labels and self.edited:
            if not self.is_own and current.name:
                current = replace(current, title=f"{current.title} (edited)")
            self._work(partial(label_shelf.save, current), title="Saving the label set")

    def rename(self, title: str) -> None:
        """Give the present set another title; the user's own keeps its file in step."""
        title, current = " ".join(title.split()), self.current
        if not title or title == current.title:
            return
        if self.is_own:
            self._work(partial(_rename, current, title), title="Renaming the label set")
        else:
            self._take(replace(current, name="", title=title), anew=False)

    def delete(self) -> None:
        """Take the present set off the list; its labels stay in the window, unsaved."""
        if self.is_own:
            self._start(partial(_delete, self.current), "Deleting the label set", self._took_away)

    def restore(self, kept: str, *, use: bool = True) -> None:
        """Put back a deleted set with its versions, and use it.

        Args:
            use: else it is only listed again, but where its labels are still in the window.
        """
        take = self._took_whole if use else self._took_back
        self._start(partial(label_shelf.restore, kept), "Restoring the label set", take)

    def list_deleted(self, take: Callable[[tuple[LabelSet, ...]], Any]) -> None:
        """Give the sets that were deleted to `take`, the last first."""
        self._session.runner.start(
            _deleted,
            title="Reading deleted label sets",
            key="label sets deleted",
            lane="io",
            on_success=take,
            on_failure=self._session.messages.show_error,
        )

    def import_file(self, file: Path) -> None:
        """Copy a set from a YAML file, and use it."""
        self._work(partial(label_shelf.import_set, file), title="Importing a label set", whole=True)

    def export_file(self, file: Path) -> None:
        """Write the present set to a YAML file."""
        self._work(partial(_export, self.current, file), title="Exporting the label set")

    def list_versions(self, take: Callable[[tuple[LabelSet, ...]], Any]) -> None:
        """Give all versions of the present set to `take`, the newest first."""
        if self.is_own:
            self._session.runner.start(
                _versions,
                self.current.name,
                title="Reading versions",
                key="label versions",
                lane="io",
                on_success=take,
                on_failure=self._session.messages.show_error,
            )

    def use_version(self, found: LabelSet) -> None:
        """Go on with an earlier version; saved, it is the newest one."""
        self._take(found, anew=False)

    # How

    def _take(self, found: LabelSet, *, anew: bool = True) -> None:
        """Ask a set; `anew`: with the model's own temperature, and every call made."""
        fresh: dict[str, Any] = {"temperature": 1.0, "margin": 0.0, "calibrated": True}
        self._session.labelling.change(chosen=found, **(fresh if anew else {}))
        self.changed.emit()

    def _work(
        self, function: Callable[[], LabelSet | None], *, title: str, whole: bool = False
    ) -> None:
        """Work with files, read all sets anew, and go on under the name that came of it.

        With `whole` also with the labels: otherwise they stay, as they may be edited by now.
        """
        self._start(function, title, self._took_whole if whole else self._took)

    def _start(self, function: Callable[[], Any], title: str, take: Callable[[Any], Any]) -> None:
        self._session.runner.start(
            _and_read,
            function,
            title=title,
            key="label sets",
            lane="io",
            on_success=take,
            on_failure=self._session.messages.show_error,
        )

    @Slot(object)
    def _took(self, found: tuple[LabelSet | None, Any]) -> None:
        chosen, there = found
        if chosen is not None:
            now = replace(
                self.current, name=chosen.name, title=chosen.title, version=chosen.version
            )
            with self._session.history.unrecorded():  # another name for the same labels
                self._take(now, anew=False)
        self._show(there)

    @Slot(object)
    def _took_away(self, found: tuple[tuple[LabelSet, str], Any]) -> None:
        (chosen, kept), there = found
        self._took((chosen, there))
        self._session.messages.offer(
            f"The label set “{chosen.title}” is deleted. Its labels are still here.",
            "Undo",
            partial(self.restore, kept, use=False),
        )

    @Slot(object)
    def _took_back(self, found: tuple[LabelSet, Any]) -> None:
        """The labels in the window are the set's again, if they still have its title."""
        back, there = found
        ours = not self.current.name and self.current.title == back.title
        self._took((back if ours else None, there))

    @Slot(object)
    def _took_whole(self, found: tuple[LabelSet, Any]) -> None:
        self._show(found[1])
        self._take(found[0])

    def _show(self, there: Any) -> None:
        (self.own, problems), self.ready_made = there
        for problem in problems:
            self._session.messages.show_error(problem)
        self._begin()
        self.changed.emit()

    @Slot()
    def _begin(self) -> None:
        """With an encoder and no labels yet: ask for what fits the collection."""
        session = self._session
        if session.encoder is not None and session.label_state == LabelState():
            with session.history.unrecorded():
                self.use(OF_DEMO if session.demo else BEGINNING)


def _and_read(function: Callable[[], Any], *, context: JobContext) -> Any:
    context.check()
    return function(), (label_shelf.own_sets(), label_shelf.ready_made())


def _read() -> None:
    return None


def _rename(current: LabelSet, title: str) -> LabelSet:
    """Rename the file; what is not saved stays so."""
    renamed = label_shelf.rename(current.name, title)
    return replace(current, name=renamed.name, title=title)


def _delete(current: LabelSet) -> tuple[LabelSet, str]:
    kept = label_shelf.delete(current.name)
    return replace(current, name="", version=1), kept


def _deleted(*, context: JobContext) -> tuple[LabelSet, ...]:
    context.check()
    return label_shelf.deleted()


def _export(current: LabelSet, file: Path) -> None:
    label_shelf.export_set(current, file)


def _versions(name: str, *, context: JobContext) -> tuple[LabelSet, ...]:
    context.check()
    return tuple(reversed(label_shelf.versions(name)))
