"""The encoders as the window's list of models shows them, and what can be done with each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import model_work
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.model_facts import ModelFacts, ModelList, read_models
from vlm_explorer.viewmodels.running_jobs import describe_progress

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

GRACE = 8000  # ms in which a removal can still be undone
FETCH = "fetch "  # begins the key of a job that fetches an encoder


@dataclass(frozen=True, slots=True)
class ModelState:
    """What is going on with an encoder.

    Attributes:
        kind: "" for nothing, "fetching", "leaving" (it is removed in a moment), "removing",
            "switching" (it takes over in a moment) or "encoding".
        words: how far it is.
        share: how much of it is done, 0 to 1; None where that is not known.
        problem, hint: what went wrong the last time, and what to do.
    """

    kind: str = ""
    words: str = ""
    share: float | None = None
    problem: str = ""
    hint: str = ""


IDLE = ModelState()


class ModelShelf(QObject):
    """Lists the encoders; fetches, removes and uses them in the background.

    It lives as long as the window, so that fetching goes on while the list is not to be seen.

    Signals:
        listed(): the encoders, or what is known of them, are others.
        changed(id): something goes on with that encoder, or has ended.
        fetched(id): it has come onto this machine.
        token_changed(problem, hint): a token was found, kept or forgotten, or could not be.

    Attributes:
        token: where the token for gated encoders is: "environment", "keyring", "hub login"; ""
            for nowhere, or where it was not looked for yet.
    """

    listed = Signal()
    changed = Signal(str)
    fetched = Signal(str)
    token_changed = Signal(str, str)

    def __init__(
        self, session: Session, switch: EncoderSwitch, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.switch = switch
        self.token = ""
        self._list = ModelList()
        self._states: dict[str, ModelState] = {}
        self._leaving: dict[str, QTimer] = {}
        switch.changed.connect(self._follow_switch)
        switch.progressed.connect(self._follow_switch)
        switch.ended.connect(self.refresh)
        session.opened.connect(self.refresh)
        self._switching = ""

    # What there is

    @property
    def models(self) -> tuple[ModelFacts, ...]:
        """The encoders; none until they were read for the first time."""
        return self._list.models

    @property
    def disk(self) -> int:
        """Bytes that fetched and imported encoders take."""
        return self._list.disk

    def facts(self, id_: str) -> ModelFacts | None:
        """Return an encoder."""
        return next((model for model in self._list.models if model.id == id_), None)

    def state(self, id_: str) -> ModelState:
        """Return what is going on with an encoder."""
        if id_ and id_ == self.switch.encoding:
            progress = self.switch.progress
            words = describe_progress(progress, None) or "Starting"
            return ModelState("encoding", words, _share(progress))
        if id_ and id_ == self.switch.wanted:
            return ModelState("switching", "Looking for its vectors")
        return self._states.get(id_, IDLE)

    @property
    def busy(self) -> bool:
        """Whether encoders are being fetched."""
        return any(state.kind == "fetching" for state in self._states.values())

    @Slot()
    def refresh(self) -> None:
        """Read the list anew."""
        self.session.runner.start(
            read_models,
            self.session.collection,
            title="Listing the encoders",
            key="models",
            lane="io",
            on_success=self._take,
            on_failure=self.session.messages.show_error,
        )

    @Slot(object)
    def _take(self, found: ModelList) -> None:
        self._list = found
        self.listed.emit()

    # Fetching

    def fetch(self, id_: str) -> None:
        """Fetch an encoder, or go on where fetching it was stopped."""
        facts = self.facts(id_)
        if facts is None or not facts.fetchable or self.state(id_).kind:
            return
        self._put(id_, ModelState("fetching", "Waiting"))
        job = self.session.runner.start(
            model_work.fetch,
            id_,
            title=f"Fetching {facts.name}",
            key=f"{FETCH}{id_}",
            lane="fetch",
            on_success=partial(self._end_fetch, id_),
            on_failure=partial(self._fail, id_),
            on_progress=partial(self._advance, id_),
        )
        job.cancelled.connect(partial(self._stop_fetch, id_))

    def stop(self, id_: str) -> None:
        """Stop fetching, or encoding with, an encoder."""
        if id_ in (self.switch.encoding, self.switch.wanted):
            self.switch.stop()
        self.session.runner.cancel(f"{FETCH}{id_}")

    def _advance(self, id_: str, progress: Progress) -> None:
        words = progress.message.partition(": ")[2] or progress.message
        words = words[:1].upper() + words[1:]
        self._put(id_, ModelState("fetching", words, _share(progress)))

    def _end_fetch(self, id_: str, _name: str) -> None:
        self._put(id_, IDLE)
        self.refresh()
        self.fetched.emit(id_)

    def _stop_fetch(self, id_: str) -> None:
        self._put(id_, IDLE)
        self.refresh()

    def _fail(self, id_: str, error: Exception) -> None:
        problem, hint = error_words(error, "Something unexpected went wrong.")
        self._put(id_, ModelState(problem=problem, hint=hint))
        self.refresh()

    # Removing

    def remove(self, id_: str) -> None:
        """Remove an encoder in a moment; until then `keep` undoes it."""
        facts = self.facts(id_)
        if facts is None or not facts.installed or facts.bundled or self.state(id_).kind:
            return
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(partial(self.remove_now, id_))
        self._leaving[id_] = timer
        timer.start(GRACE)
        self._put(id_, ModelState("leaving", "Removed in a moment"))

    def keep(self, id_: str) -> None:
        """Do not remove an encoder after all."""
        if (timer := self._leaving.pop(id_, None)) is not None:
            timer.stop()
            timer.deleteLater()
            self._put(id_, IDLE)

    def remove_now(self, id_: str) -> None:
        """Remove an encoder of which that was asked, at once."""
        if id_ not in self._leaving:
            return
        self.keep(id_)
        self._put(id_, ModelState("removing", "Removing"))
        self.session.runner.start(
            model_work.remove,
            id_,
            title=f"Removing {id_}",
            key=f"remove {id_}",
            lane="io",
            on_success=partial(self._end_removal, id_),
            on_failure=partial(self._fail, id_),
        )

    def _end_removal(self, id_: str, _nothing: object) -> None:
        self._put(id_, IDLE)
        self.refresh()

    # Using

    def use(self, id_: str) -> None:
        """Look at the open collection with an encoder."""
        self.keep(id_)
        self._put(id_, IDLE)
        self.switch.use(id_)

    @Slot()
    def _follow_switch(self) -> None:
        before, self._switching = self._switching, self.switch.encoding or self.switch.wanted
        for id_ in dict.fromkeys((before, self._switching, self.switch.current)):
            if id_:
                self.changed.emit(id_)

    # The token

    @Slot()
    def look_for_token(self) -> None:
        """Find out whether there is a token."""
        self.session.runner.start(
            model_work.look_for_token,
            title="Looking for a token",
            key="token",
            lane="io",
            on_success=self._take_token,
            on_failure=self._fail_token,
        )

    def _take_token(self, source: str) -> None:
        if source != self.token:
            self.token = source
            self.token_changed.emit("", "")

    def keep_token(self, token: str) -> None:
        """Keep a token in the system's keyring; it is kept nowhere else."""
        self._change_token(model_work.keep_token, token, title="Keeping the token")

    def forget_token(self) -> None:
        """Delete the token from the system's keyring."""
        self._change_token(model_work.forget_token, title="Forgetting the token")

    def _change_token(self, function: Callable[..., None], *args: str, title: str) -> None:
        self.session.runner.start(
            function,
            *args,
            title=title,
            key="token",
            lane="io",
            on_success=lambda _: self.look_for_token(),
            on_failure=self._fail_token,
        )

    def _fail_token(self, error: Exception) -> None:
        self.token_changed.emit(
            *error_words(error, "Something unexpected went wrong with the keyring.")
        )

    def _put(self, id_: str, state: ModelState) -> None:
        if state != self._states.get(id_, IDLE):
            self._states[id_] = state
            self.changed.emit(id_)


def _share(progress: Progress) -> float | None:
    return progress.done / progress.total if progress.total else None
