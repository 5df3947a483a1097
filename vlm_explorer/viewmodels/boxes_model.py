"""Maps compared with marked findings, over what is shown or selected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import boxes_words, boxes_work
from vlm_explorer.viewmodels.boxes_words import BoxesRow, Miss
from vlm_explorer.viewmodels.image_scope import SHOWN, ids_within
from vlm_explorer.viewmodels.measuring import Measuring
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.localise import LocaliseAnswer

DEFAULT, QUICK, EVERY = "default", "quick", "every"
METHODS = (
    (DEFAULT, "The default method"),
    (QUICK, "All quick methods"),
    (EVERY, "All, occlusion too"),
)
_ASKED = {DEFAULT: ("auto",), QUICK: boxes_work.QUICK, EVERY: boxes_work.EVERY}
_KEY = "boxes"


class BoxesModel(Measuring):
    """Compares when it is asked to; the answer stays until another encoder or collection comes.

    Attributes:
        methods: which methods are compared, one of `METHODS`.
        scope: `SHOWN` or `SELECTED`.
        rows: the answer, a line a finding and method.
        chosen: the line whose misses are listed; -1 for none.
        misses: images that it misses.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.marks = session.truth
        self.methods, self.scope = DEFAULT, SHOWN
        self.rows: tuple[BoxesRow, ...] = ()
        self.chosen = -1
        self.misses: tuple[Miss, ...] = ()
        self._answer: LocaliseAnswer | None = None
        self._of: Path | None = None  # the collection that the answer is about
        self._watched = False
        self.marks.changed.connect(self._describe)
        session.collection_changed.connect(self._follow)
        session.encoder_changed.connect(self._forget)
        for signal in (session.shown_changed, session.selection_changed):
            signal.connect(self._describe)

    # What the user asks for

    def watch(self, watched: bool) -> None:
        """Read the marks, now that somebody looks."""
        self._watched = watched
        if watched:
            self.marks.read()
            self._describe()

    def set_methods(self, methods: str) -> None:
        """Compare these from the next time on."""
        self.methods = methods

    def set_scope(self, scope: str) -> None:
        """Ask about what is shown, or about what is selected."""
        self.scope = scope
        self._describe()

    def use_file(self, path: Path) -> None:
        """Take marks from a file elsewhere."""
        self._forget()
        self.marks.read(path)

    def show_marks(self, on: bool) -> None:
        """Draw the marks over the scan, or do not."""
        self.marks.show(on)

    @property
    def possible(self) -> bool:
        """Whether there is something to compare, and an encoder to do it with."""
        marked = self.marks.marked
        there = marked is not None and any(key in marked.marks for key in self._ids())
        return there and self._session.encoder is not None and self.stage is not Stage.RUNNING

    def run(self) -> None:
        """Compare."""
        content, encoder, marked = self._session.content, self._session.encoder, self.marks.marked
        if not self.possible or content is None or encoder is None or marked is None:
            return
        ids = tuple(key for key in sorted(self._ids()) if key in marked.marks)
        self.stage, self.progress = Stage.RUNNING, Progress(0, None)
        self._of = content.collection.folder
        self._session.runner.start(
            boxes_work.compare,
            content,
            encoder,
            marked.truth,
            _ASKED[self.methods],
            ids,
            title="Comparing maps with marks",
            key=_KEY,
            lane="long",
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._report,
        )
        self._describe()

    def stop(self) -> None:
        """Compare no further; the last answer stays."""
        if self.stage is Stage.RUNNING:
            self._session.runner.cancel(_KEY)
            self.stage = Stage.OFF if self._answer is None else Stage.READY
            self._describe()

    def choose(self, row: int) -> None:
        """List the images that a line of the table misses."""
        if self._answer is None or not 0 <= row < len(self.rows):
            row = -1
        self.chosen = row
        self.misses = ()
        if row >= 0 and self._answer is not None:
            self.misses = boxes_words.misses(self._answer, self.rows[row])
        self.changed.emit()

    def open(self, miss: int) -> None:
        """Show an image in the viewer; what is selected stays, if it is part of that."""
        if 0 <= miss < len(self.misses) and self.misses[miss].image_id:
            key = self.misses[miss].image_id
            ids = self._session.selection.ids
            self._session.select(ids if key in ids and len(ids) > 1 else [key], key)

    # What comes

    def _ids(self) -> frozenset[str]:
        """Return the ids of the images that are asked about."""
        return frozenset(ids_within(self._session, self.scope))

    @Slot()
    def _describe(self) -> None:
        """Say what there is, if anybody reads it."""
        if not self._watched:
            return
        if self._answer is not None and self.stage is Stage.READY:
            self.message = boxes_words.summary(self._answer)
        elif self.stage is not Stage.FAILED:
            self.message = self._before()
        self.changed.emit()

    def _before(self) -> str:
        """Return what to say before anything has been compared."""
        marked = self.marks.marked
        if self._session.content is None:
            return "No images"
        if self.marks.problem:
            return self.marks.problem
        if marked is None:
            return "Reading marks."
        words = boxes_words.what_is_marked(marked, self._ids(), self.scope)
        if self._session.encoder is None and marked.truth is not None:
            words += " They are compared once the encoder is there."
        return words

    @Slot(object)
    def _take(self, answer: LocaliseAnswer) -> None:
        self._answer, self.stage = answer, Stage.READY
        self.rows = boxes_words.table_rows(answer)
        self._describe()
        self.choose(0)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._say_failure(error, "The maps could not be compared.")

    @Slot()
    def _follow(self) -> None:
        """Forget what was said of another collection; one that grows keeps its answer."""
        content = self._session.content
        if content is None or content.collection.folder != self._of:
            self._forget()
        if self._watched:
            self.marks.read()
        self._describe()

    @Slot()
    def _forget(self) -> None:
        self._session.runner.cancel(_KEY)
        self._answer, self.stage = None, Stage.OFF
        self.rows, self.misses, self.chosen = (), (), -1
        self._describe()
