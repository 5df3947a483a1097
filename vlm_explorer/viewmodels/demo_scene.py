"""What the demo opens on: a prompt searched, and its first hit open with an overlay."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.session import Session


class DemoScene(QObject):
    """Plays once each time the demo study is opened.

    Signals:
        overlay_wanted(text): the first hit is in the viewer; show what moved its score.
    """

    overlay_wanted = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._playing = False
        session.opened.connect(self._begin)
        session.query_changed.connect(self._go_on)

    @property
    def played(self) -> bool:
        """Whether it is over, for the demo that is open."""
        return self._session.demo and not self._playing and self._session.query.active

    @Slot()
    def _begin(self) -> None:
        content = self._session.content
        self._playing = content is not None and bool(content.prompt)
        if content is not None and self._playing:
            with self._session.history.unrecorded():
                self._session.search(content.prompt)

    @Slot()
    def _go_on(self) -> None:
        """Open the first hit, unless the user has gone elsewhere by now."""
        query = self._session.query
        if not self._playing:
            return
        if not self._session.demo or not query.active:
            self._playing = False
        elif query.answer is not None and query.answer.hits:
            self._playing = False
            first = query.answer.hits[0].image_id
            if self._session.selection.current is None:
                with self._session.history.unrecorded():
                    self._session.select([first], first)
                self.overlay_wanted.emit(query.text)
