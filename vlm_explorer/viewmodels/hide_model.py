"""Parts of the scan that are hidden from the encoder, and what it says when it looks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.encoders.preprocess import plan
from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import hide_words
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.hide_work import HideTask, Labels, Partly, look_again
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_measure import Kind, Measurement
from vlm_explorer.viewmodels.viewer_measuring import Measuring, Tool

if TYPE_CHECKING:
    from vlm_explorer.saliency.hiding import Hidden
    from vlm_explorer.saliency.hiding_places import Rectangle
    from vlm_explorer.saliency.occlusion import Baseline

BORDER_LEAST, BORDER_MOST = 0.02, 0.4  # shares of the sides
_PAUSE = 250  # ms of rest after the last change, so that dragging does not queue work
_KEY = "hide"
_NOTHING = "Draw rectangles on the scan, or hide its borders, and the encoder looks again."


class HideModel(QObject):
    """Has the encoder look again whenever what is hidden has come to rest, while it is watched.

    The parts are drawn on the scan as measurements are (`Kind.HIDE`), and belong to their image.

    Attributes:
        baseline: what is put in the place of hidden parts.
        border: how much of each side the button for the borders hides, 0 to 0.5.
        stage, message: how far it has come, and what to say of that.
        hidden: the answer, or as much of it as is known; None without one.
        rows: the answer, a line a text.

    Signals:
        changed(): any of it, or what is drawn.
    """

    changed = Signal()

    def __init__(
        self, session: Session, saliency: ActiveSaliency, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._saliency = session, saliency
        self.baseline: Baseline = "blur"
        self.border = 0.1
        self.stage, self.message = Stage.OFF, ""
        self.hidden: Hidden | None = None
        self.rows: tuple[hide_words.HideRow, ...] = ()
        self._watched = False
        self._task: HideTask | None = None
        self._asked: tuple[object, ...] = ()
        self._partly = Partly()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._start)
        asked = session.query_changed, session.labels_changed
        for signal in (saliency.changed, saliency.drawn, *asked):
            signal.connect(self._follow)

    # What the user asks for

    def watch(self, watched: bool) -> None:
        """Look again from now on, or no longer: nobody sees it."""
        self._watched = watched
        if self._measuring is not None:
            self._measuring.measurements.hide(watched)
        if watched:
            self._follow()
        elif self.stage is Stage.RUNNING:
            self._drop()

    def draw(self, on: bool) -> None:
        """Let the left button draw what is hidden, or do what it did before."""
        if self._measuring is not None:
            self._measuring.switch(Tool.HIDE, on)

    def hide_border(self, on: bool) -> None:
        """Hide a frame along the sides of what the encoder sees of the scan, or show it again."""
        frame = self._frame()
        kept = [each for each in self._drawn() if each not in frame]
        self._put((*kept, *frame) if on else kept)

    def set_border(self, share: float) -> None:
        """Let the frame be narrower or wider, also the one that is there."""
        share = min(max(share, BORDER_LEAST), BORDER_MOST)
        on = self.border_hidden
        rest = [each for each in self._drawn() if each not in self._frame()]
        self.border = share
        if on:
            self._put((*rest, *self._frame()), "hide the borders")
        self.changed.emit()

    def clear(self) -> None:
        """Hide nothing."""
        self._put(())

    def set_baseline(self, baseline: Baseline) -> None:
        """Put something else in the place of what is hidden."""
        self.baseline = baseline
        self._follow()

    def stop(self) -> None:
        """Look no further; what is known stays."""
        if self.stage is Stage.RUNNING:
            self._session.runner.cancel(_KEY)
            self._pause.stop()
            self.stage = Stage.WAITING if self.hidden is None else Stage.READY
            self.message = "Stopped."
            self.changed.emit()

    # What is drawn

    @property
    def view(self) -> np.ndarray | None:
        """What the encoder saw with the parts hidden, uint8 (S, S, 3); None until it did."""
        return self.hidden.view if self.hidden is not None else None

    @property
    def drawing(self) -> bool:
        """Whether the left button draws what is hidden."""
        return self._measuring is not None and self._measuring.tool is Tool.HIDE

    @property
    def rectangles(self) -> tuple[Rectangle, ...]:
        """The parts of the scan on show that are hidden."""
        return tuple(each.box for each in self._drawn())

    @property
    def border_hidden(self) -> bool:
        """Whether the frame is hidden."""
        frame, drawn = self._frame(), self._drawn()
        return bool(frame) and all(each in drawn for each in frame)

    @property
    def border_possible(self) -> bool:
        """Whether there is a scan to frame and an encoder that looks at it."""
        return bool(self._frame())

    @property
    def _measuring(self) -> Measuring | None:
        return self._saliency.measuring

    @property
    def _image_id(self) -> str | None:
        request = self._saliency.model.request
        return request.image_id if request is not None else None

    def _drawn(self) -> tuple[Measurement, ...]:
        if self._measuring is None:
            return ()
        of_image = self._measuring.measurements.of(self._image_id)
        return tuple(each for each in of_image if each.kind is Kind.HIDE)

    def _put(self, hides: tuple[Measurement, ...] | list[Measurement], burst: str = "") -> None:
        """Hide these, and only these; other measurements stay."""
        if self._measuring is None or self._image_id is None:
            return
        measurements = self._measuring.measurements
        others = [each for each in measurements.of(self._image_id) if each.kind is not Kind.HIDE]
        with self._session.history.step(burst):
            measurements.put(self._image_id, (*others, *hides))

    def _frame(self) -> tuple[Measurement, ...]:
        from vlm_explorer.saliency.hiding_places import border

        request = self._saliency.model.request
        if request is None:
            return ()
        rows, columns = request.frame.values.shape[:2]
        geometry = plan(rows, columns, request.encoder.preprocess)
        return tuple(
            Measurement(Kind.HIDE, ((left, top), (right, bottom)))
            for left, top, right, bottom in border(geometry, self.border)
        )

    # Looking again

    @Slot()
    def _follow(self) -> None:
        """Ask anew if the question is another one."""
        if not self._watched:
            return
        task, message = self._next()
        asked = self._key(task) if task is not None else (message,)
        if asked != self._asked:
            self._drop()
            self._asked, self._task, self.message = asked, task, message
            self.stage = Stage.WAITING if task is None else Stage.RUNNING
            if task is not None:
                self._pause.start()
        self.changed.emit()

    def _next(self) -> tuple[HideTask | None, str]:
        """Return what to ask, or why there is nothing to ask."""
        request, prompt = self._saliency.model.request, self._saliency.model.prompt
        if self._session.encoder is None:
            return None, "No encoder is loaded yet."
        if request is None:
            shown = self._session.selection.ids
            return None, "Reading the scan." if shown else "Open a scan to hide parts of it."
        labels = self._labels(prompt)
        if not prompt and not labels.words:
            return None, "Type a prompt, or choose labels, to see what hangs on a part of the scan."
        if not self.rectangles:
            return None, _NOTHING
        return HideTask(
            request.encoder, request.frame, request.source, request.ct_window, self.rectangles,
            self.baseline, prompt, labels,
        ), ""  # fmt: skip

    def _labels(self, prompt: str) -> Labels:
        state, encoder = self._session.label_state, self._session.encoder
        answer = state.answer
        if answer is None or state.pending or encoder is None or answer.model != encoder.id:
            return Labels()
        others = [row for row, words in enumerate(answer.labels) if words != prompt]
        if not others or len(answer.vectors) != len(answer.labels):
            return Labels()
        return Labels(tuple(answer.labels[row] for row in others), answer.vectors[others])

    def _key(self, task: HideTask) -> tuple[object, ...]:
        vectors = task.labels.vectors
        return (
            self._image_id, task.encoder.fingerprint, task.ct_window, task.rectangles,
            task.baseline, task.texts, self._saliency.model.asked.key,
            b"" if vectors is None else vectors.tobytes(),
        )  # fmt: skip

    def _drop(self) -> None:
        self._pause.stop()
        self._session.runner.cancel(_KEY)
        self._asked, self._task, self.hidden, self.rows = (), None, None, ()
        self.stage = Stage.OFF

    @Slot()
    def _start(self) -> None:
        if self._task is None:
            return
        self._partly = Partly()
        self._session.runner.start(
            look_again, self._task, self._partly, title="Looking again with parts hidden",
            key=_KEY, lane="long",
            on_success=self._take, on_failure=self._fail, on_progress=self._take_part,
        )  # fmt: skip

    @Slot(object)
    def _take_part(self, _progress: Progress) -> None:
        if self._partly.hidden is not None:
            self._show(self._partly.hidden)

    @Slot(object)
    def _take(self, hidden: Hidden) -> None:
        self.stage = Stage.READY
        self._show(hidden)

    def _show(self, hidden: Hidden) -> None:
        assert self._task is not None
        self.hidden = hidden
        self.rows = hide_words.rows_of(self._task.called, hidden)
        self.message = hide_words.summary(hidden)
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.stage = Stage.FAILED
        self.message = " ".join(error_words(error, "The encoder could not look again."))
        self.changed.emit()
