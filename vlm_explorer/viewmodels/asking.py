"""The session's questions to the core: search and layout. Stale answers never arrive."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.layout_words import method_title
from vlm_explorer.viewmodels.states import CHOICES, Moving

if TYPE_CHECKING:
    from vlm_explorer.analysis.projection import Projection
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.job_runner import Job
    from vlm_explorer.viewmodels.session import Session


class Asking(QObject):
    """Asks on behalf of the session, and puts the answers into its states."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    # The query

    def search(self) -> None:
        """Answer the query as soon as there is an encoder to do it with."""
        session = self._session
        if session.encoder is None or session.content is None:
            return
        query = session.query
        session.runner.start(
            questions.search,
            session.content,
            session.encoder,
            query,
            title="Searching similar images" if query.like else f"Searching {query.words}",
            key="query",
            on_success=self._take_answer,
            on_failure=self._fail_to_search,
        )

    @Slot(object)
    def _take_answer(self, found: questions.Found) -> None:
        query = self._session.query
        answer = self._session.scale.compared(found.answer)
        self._session.put(query=replace(query, answer=answer, reading=found.reading, pending=False))

    @Slot(object)
    def _fail_to_search(self, error: Exception) -> None:
        self._session.put(query=replace(self._session.query, pending=False))
        self._session.messages.show_error(error)

    # The layout

    def lay_out(self) -> None:
        """Show PCA at once; what takes longer replaces it when it is done."""
        session = self._session
        if session.content is None or not len(session.images):
            return
        session.moving = None
        session.put(layout=replace(session.layout, pending=True))
        for key in ("preview", "trust"):
            session.runner.cancel(key)
        session.regions.forget()
        if session.layout.name:
            self._open_layout(session.layout.name)
            return
        if session.layout.method != "pca":
            self._start_layout("pca", "preview", "compute", self._take_preview)
        lane = "compute" if session.layout.method == "pca" else "process"
        self._start_layout(session.layout.method, "layout", lane, self._take_layout)

    def _start_layout(self, method: str, key: str, lane: str, take: Any) -> None:
        session = self._session
        watched = key == "layout" and session.frames_wanted()
        job = session.runner.start(
            questions.lay_out,
            session.content,
            session.layout.choices | {"method": method},
            title=f"Laying out the map ({method_title(method)})",
            key=key,
            lane=lane,
            on_success=take,
            on_failure=self._fail_to_lay_out,
            on_frame=self._take_frame if watched else None,
        )
        if key == "layout":
            job.cancelled.connect(partial(self._stop_laying_out, job))

    def show(self, answer: LayoutAnswer) -> None:
        """Show a layout that is at hand, in place of one that is still on its way."""
        for key in ("layout", "group names"):
            self._session.runner.cancel(key)
        self._take_layout(answer)

    def _open_layout(self, name: str) -> None:
        """Show a layout that was kept under a name, instead of making one."""
        session = self._session
        session.runner.start(
            questions.open_layout,
            session.content,
            name,
            title="Opening a kept layout",
            key="layout",
            lane="io",
            on_success=self._take_kept,
            on_failure=self._fail_to_open,
        )

    @Slot(object)
    def _take_kept(self, answer: LayoutAnswer) -> None:
        """Show a kept layout with its choices; one of another encoder is made anew instead."""
        session = self._session
        assert session.content is not None
        name = session.layout.name
        choices = {key: getattr(answer.request, key) for key in CHOICES}
        if answer.model != session.content.model:
            session.messages.show_warning(
                f"The layout “{name}” was made with another encoder.",
                "It is laid out anew with the one in use.",
            )
            session.lay_out_again(replace(session.layout, name="", answer=None, **choices))
            return
        session.layout = replace(session.layout, **choices)
        self._take_layout(answer)

    @Slot(object)
    def _fail_to_open(self, error: Exception) -> None:
        """Say so, and lay out anew: a map is there in any case."""
        session = self._session
        session.messages.show_error(error)
        session.lay_out_again(replace(session.layout, name="", answer=None))

    @Slot(object)
    def _take_preview(self, answer: LayoutAnswer) -> None:
        state = self._session.layout
        if state.pending:
            self._session.put(layout=replace(state, answer=answer, preliminary=True, trust=None))

    @Slot(object)
    def _take_frame(self, frame: Projection) -> None:
        """Let the points of the preliminary layout go where the real one has them by now."""
        session, shown = self._session, self._session.layout.answer
        job = session.runner.running("layout")
        if job is None or shown is None or not session.layout.preliminary:
            return
        if (len(frame.xy), len(frame.text_xy)) == (len(shown.xy), len(shown.text_xy)):
            share = job.progress.done / (job.progress.total or 1)
            session.moving = Moving(frame.xy, frame.text_xy, share)
            session.layout_moved.emit()

    def _stop_laying_out(self, job: Job) -> None:
        """Stay with the preliminary layout, because the user wants no more; say which it is."""
        session, layout = self._session, self._session.layout
        if session.runner.running("layout") is job and layout.pending:
            session.runner.cancel("preview")
            session.moving = None
            shown = layout if layout.answer is None else layout.answer.request
            choices = {key: getattr(shown, key) for key in CHOICES}
            session.put(layout=replace(layout, pending=False, preliminary=False, **choices))

    @Slot(object)
    def _take_layout(self, answer: LayoutAnswer) -> None:
        session = self._session
        session.moving = None
        session.runner.cancel("preview")
        session.groups = ()
        done = replace(session.layout, preliminary=False, pending=False, trust=None)
        session.put(layout=replace(done, answer=answer))
        session.regions.find(answer)

    @Slot(object)
    def _fail_to_lay_out(self, error: Exception) -> None:
        session = self._session
        session.moving = None
        session.put(layout=replace(session.layout, pending=False))
        session.messages.show_error(error)
