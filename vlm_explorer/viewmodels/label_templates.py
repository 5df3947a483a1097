"""The template sets on offer, and the one that is being written; files are written in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.analysis.zero_shot import TemplateSet, load_template_sets, template_set
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries import template_shelf

if TYPE_CHECKING:
    from vlm_explorer.errors import UsageError
    from vlm_explorer.viewmodels.session import Session

NEW_TITLE = "New template set"
_FIRST = "a scan showing {}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A set as it is being written.

    Attributes:
        name: of the set; "" for one that was never saved.
        templates, negatives: one sentence a line.
        own: whether it is one of the user's; others can only be copied.
    """

    name: str
    title: str
    templates: str
    negatives: str
    note: str = ""
    own: bool = True

    @property
    def problem(self) -> str:
        """What has to be mended before it can be saved, in a sentence; "" where nothing has."""
        if not self.title.strip():
            return "The set has no name."
        if not template_shelf.sentences(self.templates):
            return "Write at least one sentence that says the label is there."
        sides = (("there", self.templates), ("not there", self.negatives))
        for side, lines in sides:
            if told := template_shelf.mistake(lines):
                return f"Says it is {side}. {told}"
        return ""

    @property
    def written(self) -> TemplateSet:
        """The set that it makes.

        Raises:
            UsageError: there is a problem.
        """
        return TemplateSet(
            self.name,
            " ".join(self.title.split()),
            template_shelf.sentences(self.templates),
            template_shelf.sentences(self.negatives),
            self.note,
        )


class LabelTemplates(QObject):
    """The program's sets, read only, and the user's own.

    Attributes:
        sets: all of them by name.
        draft: the one that is shown, with what is not saved; None until one was chosen.
        problem: what is wrong with the user's file, or None.

    Signals:
        changed(): other sets, or another draft.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.sets: dict[str, TemplateSet] = {}
        self.problem: UsageError | None = None
        self.draft: Draft | None = None
        self._shipped = frozenset(load_template_sets(own=False))
        self.read()

    def read(self) -> None:
        """Read all sets anew; the user's file is small."""
        from vlm_explorer.errors import UsageError

        try:
            self.sets, self.problem = load_template_sets(), None
        except UsageError as problem:
            self.sets, self.problem = load_template_sets(own=False), problem

    @property
    def edited(self) -> bool:
        """Whether something about the draft is not saved."""
        draft = self.draft
        return draft is not None and draft.own and draft != self._draft_of(draft.name)

    @property
    def in_use(self) -> str:
        """The name of the set that the labels are asked with."""
        from vlm_explorer.queries.classify import DEFAULT_TEMPLATES

        state = self._session.label_state
        return state.templates or DEFAULT_TEMPLATES[state.task]

    def choices(self) -> list[tuple[str, str, str]]:
        """Return name, title and note of each set; the first leaves the choice to the task."""
        listed = [
            (name, f"{each.title} · own" if self.is_own(name) else each.title, each.note)
            for name, each in self.sets.items()
        ]
        return [("", "Templates of the task", "Chosen by the task"), *listed]

    def is_own(self, name: str) -> bool:
        """Whether a set is one of the user's."""
        return name in self.sets and name not in self._shipped

    # What is done

    def choose(self, name: str) -> None:
        """Show a set."""
        if name in self.sets:
            self.draft = self._draft_of(name)
            self.changed.emit()

    def new(self) -> None:
        """Begin a set."""
        self.draft = Draft("", NEW_TITLE, _FIRST, "a scan without {}")
        self.changed.emit()

    def copy(self) -> None:
        """Go on with a copy of the set that is shown, which has no file yet."""
        if self.draft is not None and self.draft.name in self.sets and not self.edited:
            self._work(partial(template_set, self.draft.name), self._take_copy, "Copying templates")

    def edit(self, **parts: str) -> None:
        """Change title, templates or negatives of the draft; one of the program's stays."""
        if self.draft is not None and self.draft.own:
            changed = replace(self.draft, **parts)  # type: ignore[arg-type]
            if changed != self.draft:
                self.draft = changed
                self.changed.emit()

    def save(self) -> None:
        """Save the draft, if it is whole."""
        if self.draft is not None and self.edited and not self.draft.problem:
            wanted = self.draft.written
            self._work(partial(template_shelf.save, wanted), self._take_saved, "Saving templates")

    def delete(self) -> None:
        """Take the set that is shown out of the file, or throw an unsaved one away."""
        draft = self.draft
        if draft is None or not draft.own:
            return
        if not draft.name:
            self.draft = None
            self.changed.emit()
            return
        used = self._session.label_state.chosen.templates == draft.name
        take = partial(self._take_deleted, used)
        self._work(partial(template_shelf.delete, draft.name), take, "Deleting templates")

    def _restore(self, gone: TemplateSet, used: bool) -> None:
        take = partial(self._take_restored, used)
        self._work(partial(template_shelf.save, gone), take, "Restoring templates")

    # How

    def _draft_of(self, name: str) -> Draft | None:
        found = self.sets.get(name)
        if found is None:
            return None
        lines = ("\n".join(found.templates), "\n".join(found.negatives))
        return Draft(name, found.title, *lines, found.note, self.is_own(name))

    def _work(self, function: Callable[[], Any], take: Callable[[Any], Any], title: str) -> None:
        self._session.runner.start(
            _run,
            function,
            title=title,
            key="templates",
            lane="io",
            on_success=take,
            on_failure=self._session.messages.show_error,
        )

    @Slot(object)
    def _take_copy(self, found: TemplateSet) -> None:
        lines = ("\n".join(found.templates), "\n".join(found.negatives))
        self.draft = Draft("", f"{found.title} (copy)", *lines)
        self.changed.emit()

    @Slot(object)
    def _take_saved(self, saved: TemplateSet) -> None:
        """Show the set as it was saved; whatever was written since stays."""
        before = self.draft
        self.read()
        if before is not None and before.name in ("", saved.name):
            same = before.own and before.problem == "" and _alike(before.written, saved)
            self.draft = self._draft_of(saved.name) if same else replace(before, name=saved.name)
        self.changed.emit()
        self._ask_again(saved.name)

    def _take_deleted(self, used: bool, gone: TemplateSet | None) -> None:
        self.read()
        self.draft = None
        if used:
            self._use("")
        self.changed.emit()
        if gone is not None:
            self._session.messages.offer(
                f"The template set “{gone.title}” is deleted.",
                "Undo",
                partial(self._restore, gone, used),
            )

    def _take_restored(self, used: bool, saved: TemplateSet) -> None:
        self.read()
        self.draft = self._draft_of(saved.name)
        if used and not self._session.label_state.chosen.templates:
            self._use(saved.name)
        self.changed.emit()

    def _use(self, name: str) -> None:
        chosen = self._session.label_state.chosen
        self._session.labelling.change(chosen=replace(chosen, templates=name))

    def _ask_again(self, name: str) -> None:
        """Score the labels by the sentences as they are now."""
        if self._session.label_state.chosen.templates == name:
            self._session.labelling.classify()


def _alike(one: TemplateSet, other: TemplateSet) -> bool:
    return replace(one, name="") == replace(other, name="")


def _run(function: Callable[[], Any], *, context: JobContext) -> Any:
    context.check()
    return function()
