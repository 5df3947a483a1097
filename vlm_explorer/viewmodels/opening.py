"""From a path to an open collection with its encoder: reading, indexing, the demo study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Slot

from vlm_explorer.viewmodels import background, indexing_work, questions
from vlm_explorer.viewmodels.early_view import EarlyView
from vlm_explorer.viewmodels.encoder_words import describe_encoder
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.query_kept import query_of_kept
from vlm_explorer.viewmodels.recent import RecentPlaces
from vlm_explorer.viewmodels.states import LabelState, LayoutState, QueryState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session


class Opening(QObject):
    """Opens what the user names, for the session.

    Attributes:
        cut_short: whether indexing what is open was stopped, so that there may be more of it.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.recent = RecentPlaces(self)
        self.cut_short = False
        self._path: Path | None = None
        self._early = EarlyView(session)

    def open(self, path: Path) -> None:
        """Open a collection, or index a folder or file and open what comes of it."""
        self._open(path, self._take_place, self._fail)

    def reopen(self) -> None:
        """Open what was open last; where that cannot be, say so on the welcome page."""
        last = self.recent.last
        if last is not None:
            self._open(last, self._take_again, self._fail_to_reopen)

    def go_on(self) -> None:
        """Index the rest, where that was stopped."""
        if self.cut_short:
            self._start_indexing("update", "Indexing the rest of the folder")

    def _open(
        self,
        path: Path,
        on_success: Callable[[background.Place], Any],
        on_failure: Callable[[Exception], Any],
    ) -> None:
        self._path = path.expanduser().absolute()
        self._set_cut_short(False)
        # The name of the folder may be a patient's, and what is in it is not known yet.
        self._session.begin("Opening the folder")
        self._session.runner.start(
            background.read_place,
            self._path,
            self._session.model,
            title=self._session.opening,
            key="open",
            lane="io",
            on_success=on_success,
            on_failure=on_failure,
        )

    def open_demo(self, *, reset: bool) -> None:
        """Open the demo study, made first if need be, or anew."""
        self._path = None
        self._set_cut_short(False)
        title = "Making the demo study anew" if reset else "Opening the demo study"
        self._session.begin(title, demo=True)
        job = self._session.runner.start(
            background.open_demo,
            reset=reset,
            title=title,
            key="open",
            lane="process",
            on_success=self._take,
            on_failure=self._fail,
        )
        job.finished.connect(self._look_after)

    @Slot(object)
    def _take_place(self, place: background.Place) -> None:
        """Show what is there, and index what is to be indexed."""
        if place.opened is not None:
            self._take(place.opened)
            if place.indexed:
                self._start_indexing("update", "Indexing what is new")
            return
        self._session.put(opening="Indexing the folder")
        self._start_indexing("open", self._session.opening)
        self._early.begin(place.path)

    def _start_indexing(self, key: str, title: str) -> None:
        first = key == "open"
        self._set_cut_short(False)
        path = self._path
        job = self._session.runner.start(
            indexing_work.index_and_open,
            path,
            self._session.model if first else self._session.encoder_id,
            title=title,
            key=key,
            lane="process",
            on_success=self._take if first else self.take_update,
            on_failure=self._fail if first else self._session.messages.show_error,
        )
        if first:
            job.finished.connect(self._look_after)
        else:
            job.cancelled.connect(lambda: self._take_stop(path, job))

    def _take_stop(self, path: Path | None, job: Job) -> None:
        """Say that there may be more, and show what was stored until then."""
        session = self._session
        if path is None or path != self._path or session.content is None or session.opening:
            return
        if session.runner.running("update") not in (None, job):
            return  # another has taken its place
        self._set_cut_short(True)
        session.runner.start(
            background.read_place,
            path,
            session.encoder_id,
            title="Looking at what is indexed",
            key="peek",
            lane="io",
            on_success=lambda place: place.opened and self.take_update(place.opened),
        )

    def _set_cut_short(self, cut_short: bool) -> None:
        if cut_short != self.cut_short:
            self.cut_short = cut_short
            self._session.opening_changed.emit()

    @Slot(object)
    def _look_after(self, job: Job) -> None:
        """Where the user cancelled: show what is there by now, or nothing."""
        session = self._session
        superseded = not session.opening or session.runner.running("open") is not None
        if superseded or not job.context.cancelled:
            return
        if self._path is None or not len(session.images):
            session.begin("")
            return
        session.runner.start(
            background.read_place,
            self._path,
            session.model,
            title=session.opening,
            key="open",
            lane="io",
            on_success=self._take_part_for_whole,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take_part_for_whole(self, place: background.Place) -> None:
        if place.opened is None:
            self._session.begin("")
            return
        self._take(place.opened)
        self._session.messages.show_information(
            f"Indexing was stopped after {len(place.opened.images):,} images.",
            "“Index the rest” below goes on from there.",
        )
        self._set_cut_short(True)

    # When it is done

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._session.begin("")
        self._session.messages.show_error(error)

    @Slot(object)
    def _take_again(self, place: background.Place) -> None:
        """Show what was open last; a start of the program indexes nothing from scratch."""
        if place.opened is None:
            self._fail_to_reopen(None)
        else:
            self._take_place(place)

    @Slot(object)
    def _fail_to_reopen(self, _error: Exception | None) -> None:
        self.recent.leave()
        self._session.begin("")
        self._session.messages.show_information(
            "What was open last cannot be opened again: it was moved, removed or damaged."
        )

    @Slot(object)
    def _take(self, content: background.Opened) -> None:
        """Show a collection as it was left, and start what follows from it."""
        session = self._session
        if self._path is not None:
            called_by_name = content.title == content.collection.name
            self.recent.add(self._path, "" if called_by_name else content.title)
        session.kept.enter(None if session.demo else content.collection, content.left)
        session.take(content)
        session.put(opening="")
        for warning in content.warnings:
            session.messages.show_warning(warning)
        if len(session.images):
            session.runner.start(
                background.start_codecs, title="Starting the decoders", key="codecs", lane="io"
            )
            session.runner.start(
                questions.prepare_search,
                content,
                title="Preparing the search",
                key="prepare",
                lane="process",
            )
            self._restore()
            session.follow_up()
        session.opened.emit()

    @Slot(object)
    def take_update(self, content: background.Opened) -> None:
        """Show what changed in the folder since it was indexed, if anything did."""
        session = self._session
        if content.model != session.encoder_id and session.encoder_id:
            return  # another encoder was chosen meanwhile; its own run looks for changes, too
        same = content.ct_window == session.ct_window
        same = same and content.problems == session.problems
        if not (same and np.array_equal(content.images.ids, session.images.ids)):
            session.take(content)
            if session.encoder is not None:
                note = describe_encoder(session.encoder, content.ct_window)
                session.put(encoder_note=note)
            session.follow_up()

    def _restore(self) -> None:
        """Put back what was kept: layout, labels, query, the image in the viewer."""
        session = self._session
        if session.demo:
            return
        kept = session.kept
        layout = LayoutState.of_kept(kept.get("layout", list, [])) or session.layout
        session.layout = replace(layout, name=kept.get("layout name", str, ""))
        if (labels := LabelState.of_kept(kept.values.get("labels"))) is not None:
            session.label_state = labels
        query = query_of_kept(kept.values, session.images)
        session.put(query=replace(query, pending=query.active))
        current = kept.get("current", str)
        chosen = [key for key in kept.get("selection", list, []) if isinstance(key, str)]
        if chosen or current:
            session.select([*chosen, *([current] if current and not chosen else [])], current)

    # The encoder

    def load_encoder(self) -> None:
        """Load the encoder of the open collection, unless it is loaded already."""
        session = self._session
        assert session.content is not None
        if session.encoder is not None:
            session.answer_what_waits()
            return
        name = session.content.model
        session.put(encoder_id=name, encoder_note=f"{name} · loading")
        session.runner.start(
            background.load_encoder,
            session.content.collection,
            name,
            title=f"Loading the encoder {name}",
            key="encoder",
            on_success=self._take_encoder,
            on_failure=self._fail_to_load,
        )

    @Slot(object)
    def _take_encoder(self, encoder: Any) -> None:
        note = describe_encoder(encoder, self._session.ct_window)
        self._session.put(encoder=encoder, encoder_note=note)
        self._session.answer_what_waits()

    @Slot(object)
    def _fail_to_load(self, error: Exception) -> None:
        session = self._session
        session.put(encoder_note="no encoder", query=QueryState(), label_state=LabelState())
        session.messages.show_error(error)
