"""Through which window the encoder sees CT: what is chosen, and choosing another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.pixels.ct_choice import CHOICES, DEFAULT, describe_choice
from vlm_explorer.viewmodels import background, indexing_work
from vlm_explorer.viewmodels.encoder_words import describe_encoder
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection

_KEY = "update"  # looking for changes writes to the collection, too: one of both at a time


class CtEncoding(QObject):
    """Has the CT of the open collection encoded through another window.

    Signals:
        changed(): another choice is in use, or whether one can be made.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._wanted: tuple[Collection, str] | None = None
        for signal in (session.collection_changed, session.opening_changed):
            signal.connect(self.changed)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Name and title of each choice."""
        titles = ((name, describe_choice(name)) for name in CHOICES)
        return tuple((name, title[0].upper() + title[1:]) for name, title in titles)

    @property
    def current(self) -> str:
        """The choice in use."""
        return self._session.ct_window

    @property
    def available(self) -> bool:
        """Whether a choice can be made: a collection with CT is open, whole."""
        session = self._session
        something = session.collection is not None and not session.opening
        return something and bool((session.images.modality == "CT").any())

    def choose(self, choice: str) -> None:
        """Encode CT anew, in the background; until that is done, all stays as it is."""
        session, runner = self._session, self._session.runner
        if not self.available or session.collection is None:
            return
        running, self._wanted = runner.running(_KEY), (session.collection, choice)
        if running is None:
            self._start()
        else:  # it holds the collection's lock until it has ended
            running.finished.connect(self._start)
            running.cancel()
        self.changed.emit()

    @Slot()
    def _start(self) -> None:
        session, wanted, self._wanted = self._session, self._wanted, None
        if wanted is None or wanted[0] is not session.collection or wanted[1] == self.current:
            return
        title = "the file's window" if wanted[1] == DEFAULT else wanted[1]
        session.runner.start(
            indexing_work.encode_again,
            wanted[0].folder,
            session.encoder_id,
            wanted[1],
            title=f"Encoding CT through {title}",
            key=_KEY,
            lane="process",
            on_success=self._take,
            on_failure=session.messages.show_error,
        )

    @Slot(object)
    def _take(self, content: background.Opened) -> None:
        """Show the collection as the encoder sees it now."""
        session = self._session
        session.take(content)
        if session.encoder is not None:
            note = describe_encoder(session.encoder, content.ct_window)
            session.put(encoder_note=note)
        session.follow_up()
        session.messages.show_information(
            f"The encoder sees CT through {describe_choice(self.current)} now."
        )
        for warning in content.warnings:
            session.messages.show_warning(warning)
