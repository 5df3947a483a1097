"""The session's questions to the core: search, layout, labels. Stale answers never arrive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from vlm_explorer.viewmodels import questions

if TYPE_CHECKING:
    from vlm_explorer.queries.layout import LayoutAnswer
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
            query.text,
            query.like,
            title="Searching similar images" if query.like else f"Searching “{query.text}”",
            key="query",
            on_success=self._take_answer,
            on_failure=self._fail_to_search,
        )

    @Slot(object)
    def _take_answer(self, found: questions.Found) -> None:
        query = self._session.query
        self._session.put(
            query=replace(query, answer=found.answer, reading=found.reading, pending=False)
        )

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
        session.put(layout=replace(session.layout, pending=True))
        session.runner.cancel("preview")
        session.regions.forget()
        if session.layout.method != "pca":
            self._start_layout("pca", "preview", "compute", self._take_preview)
        lane = "compute" if session.layout.method == "pca" else "process"
        self._start_layout(session.layout.method, "layout", lane, self._take_layout)

    def _start_layout(self, method: str, key: str, lane: str, take: Any) -> None:
        session = self._session
        session.runner.start(
            questions.lay_out,
            session.content,
            session.layout.choices | {"method": method},
            title=f"Laying out the map ({method.upper()})",
            key=key,
            lane=lane,
            on_success=take,
            on_failure=self._fail_to_lay_out,
        )

    def show(self, answer: LayoutAnswer) -> None:
        """Show a layout that is at hand, in place of one that is still on its way."""
        for key in ("layout", "group names"):
            self._session.runner.cancel(key)
        self._take_layout(answer)

    @Slot(object)
    def _take_preview(self, answer: LayoutAnswer) -> None:
        state = self._session.layout
        if state.pending:
            self._session.put(layout=replace(state, answer=answer, preliminary=True))

    @Slot(object)
    def _take_layout(self, answer: LayoutAnswer) -> None:
        session = self._session
        session.runner.cancel("preview")
        session.groups = ()
        session.put(layout=replace(session.layout, answer=answer, preliminary=False, pending=False))
        session.regions.find(answer)

    @Slot(object)
    def _fail_to_lay_out(self, error: Exception) -> None:
        session = self._session
        session.put(layout=replace(session.layout, pending=False))
        session.messages.show_error(error)

    # The labels

    def classify(self) -> None:
        """Score every image as soon as there is an encoder to do it with."""
        session = self._session
        session.runner.cancel("labels")
        state = session.label_state
        session.put(label_state=replace(state, pending=bool(state.labels), answer=None))
        if session.encoder is None or session.content is None or not state.labels:
            return
        session.runner.start(
            questions.classify,
            session.content,
            session.encoder,
            state,
            title="Scoring labels",
            key="labels",
            on_success=self._take_labels,
            on_failure=self._fail_to_label,
        )

    @Slot(object)
    def _take_labels(self, answer: Any) -> None:
        state = self._session.label_state
        self._session.put(label_state=replace(state, answer=answer, pending=False))

    @Slot(object)
    def _fail_to_label(self, error: Exception) -> None:
        self._session.put(label_state=replace(self._session.label_state, pending=False))
        self._session.messages.show_error(error)
