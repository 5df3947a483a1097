"""Shows a folder while it is being indexed: by its headers, then with what is stored so far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Slot

from vlm_explorer.pipeline.first_look import FirstLook
from vlm_explorer.viewmodels import background, early_work

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

PEEK_INTERVAL = 1000  # ms, at least, between looks at what an indexing run has stored
_REST = 10  # a look is followed by a pause of so many times its own length


class EarlyView(QObject):
    """Looks at a folder, and again and again at its collection, until the session opens it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._path: Path | None = None
        self._seen = FirstLook()
        self._took = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._peek)
        session.opening_changed.connect(self._end)

    def begin(self, path: Path) -> None:
        """Read the headers while the encoder is loading, so that there is something to see."""
        self._path, self._seen = path, FirstLook()
        self._session.runner.start(
            early_work.look_first,
            path,
            self._seen,
            title="Looking at the files",
            key="look first",
            lane="io",
            on_success=lambda _: self._peek(),
            on_failure=lambda _: None,  # the run itself says what is wrong
        )
        self._timer.start(PEEK_INTERVAL)

    @Slot()
    def _end(self) -> None:
        if self._path is not None and not self._session.opening.startswith("Indexing"):
            self._path, self._seen = None, FirstLook()
            self._timer.stop()
            for key in ("look first", "peek"):
                self._session.runner.cancel(key)

    @Slot()
    def _peek(self) -> None:
        if self._path is None or self._session.runner.running("peek") is not None:
            return
        self._took.start()
        job = self._session.runner.start(
            early_work.peek,
            self._path,
            self._seen,
            title="Looking at what is indexed",
            key="peek",
            lane="io",
            on_success=self._take,
        )
        job.finished.connect(self._rest)

    @Slot()
    def _rest(self) -> None:
        """Look less often at what takes longer: the window shares the processor with it."""
        self._timer.setInterval(max(PEEK_INTERVAL, _REST * self._took.elapsed()))

    @Slot(object)
    def _take(self, part: background.Opened | None) -> None:
        """Show more of the folder; of images seen before there may be thumbnails by now."""
        if part is None or self._path is None:
            return
        shown = self._session.content
        if shown is None or (len(part.images), part.indexed) != (len(shown.images), shown.indexed):
            self._session.take(part)
