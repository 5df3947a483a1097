"""Which encoder the window looks at the open collection with, and having another take over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import encoder_work, indexing_work
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.encoder_words import describe_encoder
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.states import LabelState, QueryState

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.viewmodels.session import Session

# What is being answered with the encoder that is left.
_FOLLOWING = (
    "encoder",
    "preview",
    "layout",
    "groups",
    "group names",
    "query",
    "labels",
    "reading",
    "trust",
)
_KEY = "update"  # looking for changes writes to the collection, too: one of both at a time
MOST_SPARE = 2_000_000_000  # bytes of weights of an encoder that is kept in memory for the way back


class EncoderSwitch(QObject):
    """Has another encoder take over: at once where its vectors are there, else when they are made.

    Until then the encoder in use stays usable, and whatever is selected, searched for and open in
    the viewer stays as it is.

    Signals:
        changed(): another encoder is in use or wanted.
        progressed(): the encoding has come further.
        ended(): the encoding is over, in whatever way.
    """

    changed = Signal()
    progressed = Signal()
    ended = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._place: Path | None = None  # the collection that `wanted` is about
        self._wanted = ""
        self._job: Job | None = None
        self._encoding = ""
        self._spare: Encoder | None = None
        self._before: tuple[Opened, Encoder | None, QueryState, LabelState] | None = None
        session.history.add(EncoderPart(self), owner=self)
        session.encoder_changed.connect(self.changed)
        session.collection_changed.connect(self._look_up)
        session.opening_changed.connect(self.changed)

    @property
    def current(self) -> str:
        """The id of the encoder in use, or being loaded; "" without a collection."""
        return self._session.encoder_id

    @property
    def wanted(self) -> str:
        """The id of the encoder that takes over as soon as it can; "" for none."""
        return self._wanted

    @property
    def encoding(self) -> str:
        """The id of the encoder that is encoding the collection in the background."""
        going_on = self._job is not None and not self._job.context.cancelled
        return self._encoding if going_on else ""

    @property
    def progress(self) -> Progress:
        """How far that has come."""
        return self._job.progress if self._job is not None else Progress(0, None)

    @property
    def available(self) -> bool:
        """Whether an encoder can be chosen: a collection with images is open, whole."""
        session = self._session
        open_ = session.content is not None and not session.opening
        return open_ and len(session.images) > 0

    def use(self, model: str) -> None:
        """Have the encoder with the id `model` take over."""
        if self.available:
            with self._session.history.step():
                self._use(model)

    def _use(self, model: str) -> None:
        session = self._session
        assert session.content is not None
        self._wanted = "" if model == self.current else model
        session.runner.cancel("switch")
        if self._wanted and self.encoding != model:
            session.runner.start(
                encoder_work.read_with,
                session.content,
                model,
                title=f"Looking for vectors of {model}",
                key="switch",
                lane="io",
                on_success=self._take_read,
                on_failure=self._fail,
            )
        self.changed.emit()

    def stop(self) -> None:
        """Stop encoding; what is encoded stays, and the next time goes on from there."""
        self._wanted = ""
        if self._job is not None:
            self._job.cancel()
        self.changed.emit()

    def reload(self) -> None:
        """Load the encoder in use anew: device or precision are to be others."""
        self._spare = None
        session = self._session
        if self.available and session.content is not None and session.encoder_id:
            self._hand_over(session.content, None)

    @Slot()
    def _look_up(self) -> None:
        """Forget what was wanted of a collection that is not open any more."""
        collection = self._session.collection
        place = collection.folder if collection is not None else None
        if place != self._place:
            self._place, self._wanted, self._before = place, "", None
        self.changed.emit()

    # Vectors that are there

    @Slot(object)
    def _take_read(self, content: Opened | None) -> None:
        if content is not None:
            self._show(content)
        else:
            self._encode()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._wanted = ""
        self.changed.emit()
        self._session.messages.show_error(error)

    def _show(self, content: Opened) -> None:
        """Look at the collection with its new encoder; images that stay are not shown anew."""
        session = self._session
        self._wanted, self._before = "", None
        if session.content is not None and np.array_equal(content.images.ids, session.images.ids):
            self._before = session.content, session.encoder, session.query, session.label_state
            content = replace(content, images=session.images)
        else:
            session.take(content)
        entry, spare = content.collection.encoder_entry(content.model), self._spare
        if spare is not None and (spare.id, spare.fingerprint) != (entry.model, entry.fingerprint):
            spare = None
        self._spare = session.encoder if _is_light(session.encoder) else None
        session.kept.put("encoder", content.model)
        self._hand_over(content, spare)
        if (loading := session.runner.running("encoder")) is not None:
            loading.failed.connect(self._go_back)

    def _hand_over(self, content: Opened, encoder: Encoder | None) -> None:
        """Ask everything anew; what was asked of the encoder before is dropped."""
        session = self._session
        for key in _FOLLOWING:
            session.runner.cancel(key)
        session.content, session.ct_window = content, content.ct_window
        note = "" if encoder is None else describe_encoder(encoder, content.ct_window)
        session.put(
            encoder=encoder,
            encoder_id=content.model,
            encoder_note=note,
            query=replace(session.query, answer=None, pending=session.query.active),
            label_state=replace(session.label_state, answer=None),
        )
        session.follow_up()

    @Slot(object)
    def _go_back(self, _error: Exception) -> None:
        """The encoder cannot be loaded: look with the one before again."""
        if self._before is None:
            return
        (content, encoder, query, labels), self._before = self._before, None
        session = self._session
        session.put(query=query, label_state=labels)
        session.kept.put("encoder", content.model)
        self._hand_over(content, encoder)

    # Vectors that are still to be made

    def _encode(self) -> None:
        runner = self._session.runner
        running = runner.running(_KEY)
        if running is None:
            self._start()
        else:  # it holds the collection's lock until it has ended
            running.finished.connect(self._start)
            running.cancel()

    @Slot()
    def _start(self) -> None:
        session, model = self._session, self._wanted
        if not model or not self.available or session.collection is None or self._job is not None:
            return
        self._encoding = model
        self._job = session.runner.start(
            indexing_work.encode_again,
            session.collection.folder,
            model,
            None,
            title=f"Encoding with {model}",
            key=_KEY,
            lane="process",
            on_success=self._take_encoded,
            on_failure=self._fail,
        )
        self._job.progressed.connect(self.progressed)
        self._job.cancelled.connect(self._say_stopped)
        self._job.finished.connect(self._end)
        self.changed.emit()

    @Slot(object)
    def _take_encoded(self, content: Opened) -> None:
        """Show what was encoded, unless another encoder was chosen meanwhile."""
        session = self._session
        if self._wanted == content.model:
            self._show(content)
        images = f"{len(content.images):,} images"
        session.messages.show_information(f"{content.model} has encoded all {images}.")
        for warning in content.warnings:
            session.messages.show_warning(warning)

    @Slot()
    def _say_stopped(self) -> None:
        if self._session.collection is not None and self._session.collection.folder == self._place:
            self._wanted = "" if self._wanted == self._encoding else self._wanted
            self._session.messages.show_information(
                f"Encoding with {self._encoding} was stopped.",
                "What is encoded is kept; choose it again to go on.",
            )

    @Slot()
    def _end(self) -> None:
        self._job, self._encoding = None, ""
        self.changed.emit()
        self.ended.emit()


@dataclass(frozen=True)
class EncoderPart:
    """Which encoder is looked with, as something that can be undone."""

    switch: EncoderSwitch

    def state(self) -> str:
        """Return the encoder that is in use, or will be as soon as it can."""
        return self.switch.wanted or self.switch.current

    def restore(self, state: str) -> None:
        """Look with an encoder again."""
        self.switch.use(state)

    def words(self, _before: str, after: str) -> str:
        """Name the encoder."""
        return f"look with {after}"


def _is_light(encoder: Encoder | None) -> bool:
    """Whether an encoder may stay in memory while another one is in use."""
    if encoder is None:
        return False
    folder = Path(getattr(encoder, "folder", ""))
    weights = [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    return sum(file.stat().st_size for file in weights) <= MOST_SPARE
