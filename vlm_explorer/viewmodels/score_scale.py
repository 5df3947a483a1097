"""What the scores of an open collection are compared with: those of unrelated prompts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.viewmodels import numbers, questions

if TYPE_CHECKING:
    from vlm_explorer.analysis.null_scores import NullScores
    from vlm_explorer.queries.search_answer import SearchAnswer
    from vlm_explorer.viewmodels.session import Session

Weights = tuple[float, ...]

_ALONE = (1.0,)  # of prompts by themselves
_MOST = 8  # ways of putting prompts together of which the scores are remembered
_PAUSE = 300  # ms of rest, so that a collection that grows is not measured at every batch


class ScoreScale(QObject):
    """Learns in the background what unrelated prompts score, and says what an answer's mean.

    Attributes:
        nulls: their scores, each by itself; None until they are known, and where they cannot be.

    Signals:
        changed(): other scores.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.nulls: NullScores | None = None
        self._together: dict[Weights, NullScores | None] = {}  # of several put together, by weights
        self._for: tuple[object, ...] = ()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(partial(self._ask, _ALONE))
        session.encoder_changed.connect(self._begin)
        session.collection_changed.connect(self._begin)

    def compared(self, answer: SearchAnswer) -> SearchAnswer:
        """Return an answer to words with each hit's z, as far as that is known.

        Where the words are several, what unrelated ones score together is looked up first.
        """
        nulls = self._nulls_of(answer)
        unknown = answer.weights not in self._together and not answer.of_one_text
        if unknown and answer.weights and self.nulls is not None:
            self._ask(answer.weights)
        return answer.compared(nulls)

    def _nulls_of(self, answer: SearchAnswer) -> NullScores | None:
        return self.nulls if answer.of_one_text else self._together.get(answer.weights)

    def z_of(self, answer: SearchAnswer) -> NDArray[np.float64]:
        """Return z of the hits of an answer to words, the best first, float64 (K,).

        As many as there are ranks on the scale; none where the answer was not compared, or is not
        ranked by cosine alone.
        """
        nulls = self._nulls_of(answer)
        if answer.ranked is not None:
            return np.empty(0)
        if nulls is None or answer.matches is None or len(answer.cosine) < len(answer.rows):
            return np.empty(0)
        best = answer.order[: len(nulls.rank_mean)]
        return nulls.z_of_hits(answer.cosine[best])

    @property
    def least(self) -> float:
        """From which z on a hit is called a match."""
        from vlm_explorer.analysis.null_scores import MATCH

        return MATCH

    @property
    def words(self) -> str:
        """What z is compared with, in words."""
        prompts = 0 if self.nulls is None else self.nulls.prompts
        return (
            f"z: how far above what {prompts:,} unrelated prompts' own hits of this rank score "
            f"here, in standard deviations; from {numbers.z(self.least)} on it counts as a match"
        )

    @Slot()
    def _begin(self) -> None:
        """Forget what holds no more, and ask anew."""
        session = self._session
        now = session.encoder, session.content
        if now == self._for:
            return
        self._for = now
        if self.nulls is not None:
            self.nulls, self._together = None, {}
            self.changed.emit()
        session.runner.cancel("nulls")
        if session.encoder is not None and session.content is not None:
            self._pause.start()

    def _ask(self, weights: Weights) -> None:
        session = self._session
        if session.encoder is None or session.content is None:
            return
        session.runner.start(
            questions.score_unrelated,
            session.content,
            session.encoder,
            weights,
            title="Scoring unrelated prompts",
            key="nulls",
            lane="long",
            on_success=partial(self._take, weights),
            on_failure=self._fail,
        )

    def _take(self, weights: Weights, nulls: NullScores | None) -> None:
        if weights == _ALONE:
            self.nulls = nulls
        else:
            self._together = {**dict(list(self._together.items())[1 - _MOST :]), weights: nulls}
        query = self._session.query
        if query.answer is not None:
            answer = self.compared(query.answer)
            self._session.put(query=replace(query, answer=answer))
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        """Show scores without a scale: what is wrong with the collection is said elsewhere."""
