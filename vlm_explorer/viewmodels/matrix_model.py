"""Selected images and texts, each with each: the matrix, a cell of it, and the pairs' loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.analysis.infonce import InfoNce, info_nce
from vlm_explorer.analysis.seriation import Scaled
from vlm_explorer.queries.classify import DEFAULT_TEMPLATES
from vlm_explorer.viewmodels import matrix_words, matrix_work
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.matrix_shown import Item, Shown, View, shown
from vlm_explorer.viewmodels.matrix_work import LEAST, MOST, Asked, Matrix
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.text_memory import TextMemory

CAPTIONS, LABELS, PINNED, TYPED = "caption", "label", "pinned", "typed"
KINDS = (CAPTIONS, LABELS, PINNED, TYPED)
_PAUSE = 120  # ms of rest before a changing selection is compared
_KEY = "matrix"


class MatrixModel(QObject):
    """Compares while somebody looks.

    Attributes:
        stage, message: how far it has come, and what to say where there is nothing to show.
        kinds: which texts are compared, of `KINDS`.
        typed: texts of the user's own.
        view, scale, seriated: what stands where, what colours stand for, in which order.
        temperature: what cosines are divided by before the softmax.
        shown: the matrix; None where there is none.
        cell: the row and column that is looked at; None without a matrix.

    Signals:
        changed(): any of it.
        cell_changed(): another cell, or another temperature.
    """

    changed = Signal()
    cell_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.stage, self.message = Stage.WAITING, ""
        self.kinds: frozenset[str] = frozenset({CAPTIONS})
        self.typed: tuple[str, ...] = ()
        self.view, self.seriated = View.BOTH, True
        self.scale: Scaled = "cosine"
        self.temperature = 0.0
        self.shown: Shown | None = None
        self.cell: tuple[int, int] | None = None
        self._matrix: Matrix | None = None
        self._asked: Asked | None = None
        self._memory: TextMemory | None = None
        self._watched = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._start)
        session.encoder_changed.connect(self._change_encoder)
        session.collection_changed.connect(self._change_encoder)
        session.selection_changed.connect(self._take)
        session.labels_changed.connect(self._take)
        session.pins.changed.connect(self._take)

    # Who looks

    def watch(self, watched: bool) -> None:
        """Say whether somebody looks; nothing is computed if not."""
        self._watched = watched
        if watched:
            self._take()
        else:
            self._stop()

    # What the user chooses

    def set_kind(self, kind: str, on: bool) -> None:
        """Compare texts of a kind, or leave them out."""
        self.kinds = self.kinds | {kind} if on else self.kinds - {kind}
        self._take()

    def set_typed(self, words: str) -> None:
        """Compare these texts, parted by semicolons."""
        texts = (" ".join(text.split()) for text in words.split(";"))
        self.typed = tuple(dict.fromkeys(text for text in texts if text))
        self.kinds = self.kinds | {TYPED} if self.typed else self.kinds - {TYPED}
        self._take()

    def set_view(self, view: View) -> None:
        """Put something else in rows and columns."""
        self.view, self.cell = view, None
        self._show()

    def set_scale(self, scale: Scaled) -> None:
        """Colour by cosine, or by z within each row or column."""
        self.scale = scale
        self._show()

    def set_seriated(self, seriated: bool) -> None:
        """Put alike ones side by side, or all in the order of the collection."""
        self.seriated, self.cell = seriated, None
        self._show()

    def set_temperature(self, temperature: float) -> None:
        """Divide cosines by another temperature."""
        self.temperature = min(max(temperature, LEAST), MOST)
        self.cell_changed.emit()

    def select_shown(self) -> None:
        """Select the images that the filters let through."""
        self._session.select_mask(self._session.shown.copy(), self._session.selection.current)

    # A cell

    def look_at(self, row: int, column: int) -> None:
        """Look at a cell; one outside the matrix is the nearest inside."""
        if self.shown is None:
            return
        rows, columns = self.shown.cosine.shape
        cell = min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)
        if cell != self.cell:
            self.cell = cell
            self.cell_changed.emit()

    def choose(self) -> None:
        """Bring the image of the cell into the viewer, and its text into the prompt."""
        if self.shown is None or self.cell is None:
            return
        items = self.shown.rows[self.cell[0]], self.shown.columns[self.cell[1]]
        image = next((each.image_id for each in items if each.image_id is not None), None)
        text = next((each.name for each in reversed(items) if each.image_id is None), None)
        if image is not None:
            self._session.select(self._session.selection.ids, image)
        if text is not None:
            self._session.search(text)

    # What is said

    @property
    def own_temperature(self) -> float | None:
        """The temperature of the model itself; None without a matrix."""
        return None if self._matrix is None else 1 / self._matrix.answer.logit_scale

    @property
    def losses(self) -> np.ndarray:
        """The loss at `matrix_work.temperatures()`; empty below two pairs."""
        return np.empty(0) if self._matrix is None else self._matrix.losses

    @property
    def loss(self) -> InfoNce | None:
        """The loss of the pairs at the present temperature; None below two pairs."""
        if self._matrix is None or len(self._matrix.answer.pairs) < 2:
            return None
        return info_nce(self._matrix.answer.pair_cosine, self.temperature)

    @property
    def cell_words(self) -> str:
        """The numbers of the cell that is looked at."""
        if self.shown is None or self.cell is None:
            return ""
        return self.shown.cell_words(*self.cell, self.temperature)

    @property
    def temperature_words(self) -> str:
        """The temperature, beside the model's own, and what it does to the row."""
        words = matrix_words.temperature_words(self.temperature, self.own_temperature)
        if self.shown is None or self.cell is None:
            return words
        return f"{words} · {self.shown.row_words(self.cell[0], self.temperature)}"

    @property
    def loss_words(self) -> tuple[str, str]:
        """The loss in words, in two lines."""
        answer = None if self._matrix is None else self._matrix.answer
        return matrix_words.loss_words(self.loss, answer)

    @property
    def summary(self) -> str:
        """How much is shown, and what is not, in a line."""
        return "" if self._matrix is None else matrix_words.summary(self._matrix.answer, self.view)

    # What it depends on

    @Slot()
    def _change_encoder(self) -> None:
        """Forget what another encoder said."""
        self._asked = self._matrix = self.shown = self.cell = None
        self.temperature = 0.0
        self._take()

    @Slot()
    def _take(self) -> None:
        """Ask anew where images or texts are others."""
        if not self._watched:
            return
        asked = self._what_is_asked()
        if self._asked is not None and asked.same(self._asked):
            return
        self._stop()
        self._asked = asked
        self.stage, self.message = matrix_words.what_is_missing(self._session, len(asked.rows))
        if self.stage is Stage.RUNNING:
            self._pause.start()
        else:
            self._matrix = self.shown = self.cell = None
        self.changed.emit()

    def _what_is_asked(self) -> Asked:
        session, kinds = self._session, self.kinds
        labels = session.label_state
        templates = labels.templates or DEFAULT_TEMPLATES[labels.task]
        return Asked(
            np.flatnonzero(session.selected),
            CAPTIONS in kinds,
            labels.chosen.labels if LABELS in kinds else (),
            templates if LABELS in kinds else "",
            tuple(pin.text for pin in session.pins.items) if PINNED in kinds else (),
            self.typed if TYPED in kinds else (),
        )

    @Slot()
    def _start(self) -> None:
        encoder = self._session.encoder
        if self._asked is None or self._session.content is None:
            return
        if self._memory is None or self._memory.encoder is not encoder:
            self._memory = matrix_work.remember(encoder)
        self._session.runner.start(
            matrix_work.build,
            self._session.content,
            self._memory,
            self._asked,
            title="Comparing images and texts",
            key=_KEY,
            on_success=self._take_matrix,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take_matrix(self, matrix: Matrix) -> None:
        self._matrix, self.cell, self.stage = matrix, None, Stage.READY
        if not self.temperature:
            self.temperature = min(max(1 / matrix.answer.logit_scale, LEAST), MOST)
        self._show()

    def _show(self) -> None:
        """Draw what is known as it is chosen now."""
        if self._matrix is not None:
            answer = self._matrix.answer
            stage, message = matrix_words.what_is_empty(answer, self.view)
            if self.stage is not Stage.RUNNING:  # another matrix may be on its way
                self.stage, self.message = stage, message
            self.shown = None
            if stage is Stage.READY:
                images = tuple(self._item(key) for key in answer.image_ids)
                self.shown = shown(answer, self.view, self.scale, self.seriated, images)
                self.cell = self.cell or (0, 0)
        self.changed.emit()
        self.cell_changed.emit()

    def _item(self, image_id: str) -> Item:
        images = self._session.images
        row = images.row_of[image_id]
        about = " · ".join(part for part in (images.modality[row], images.label[row]) if part)
        return Item(image_id, images.name_of(row), about)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._matrix = self.shown = self.cell = None
        self.stage = Stage.FAILED
        self.message = " ".join(error_words(error, "These cannot be compared."))
        self.changed.emit()

    def _stop(self) -> None:
        self._pause.stop()
        self._session.runner.cancel(_KEY)
        if self.stage is Stage.RUNNING:
            self._asked = None
