"""Columns whose values take long: made in a worker's thread, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.columns import Column, Offer
    from vlm_explorer.viewmodels.session import Session


class SlowColumns:
    """Has them made, each once, and hands them to `take`."""

    def __init__(self, session: Session, take: Callable[[Column], None]) -> None:
        self._session, self._take = session, take
        self._begun: dict[str, Offer] = {}
        self._waiting: dict[str, list[Callable[[Column], object]]] = {}

    def begin(self, offer: Offer) -> Column:
        """Begin to make a column; return one without values that stands for it until then."""
        from vlm_explorer.viewmodels.columns import Column

        nothing = np.full(len(self._session.images), np.nan)
        empty = Column(
            offer.key, offer.title, nothing, group=offer.group, note="being computed", pending=True
        )
        self._begun[offer.key] = offer
        job = self._session.runner.start(
            _make,
            offer,
            title=f"Computing {offer.title}",
            key=_key(offer.key),
            lane="long",
            on_success=partial(self._finish, offer),
            on_failure=partial(self._fail, offer, empty),
        )
        job.cancelled.connect(partial(self._give_up, offer, empty))
        return empty

    def wait(self, key: str, take: Callable[[Column], object]) -> None:
        """Give a column that is being made to `take`, too; never where it does not come."""
        self._waiting.setdefault(key, []).append(take)

    def forget(self, key: str) -> None:
        """Stop making a column."""
        self._waiting.pop(key, None)
        if self._begun.pop(key, None) is not None:
            self._session.runner.cancel(_key(key))

    def stop(self) -> None:
        """Stop making all of them."""
        for key in tuple(self._begun):
            self.forget(key)

    def _finish(self, offer: Offer, column: Column) -> None:
        if self._begun.get(offer.key) is offer:
            del self._begun[offer.key]
            waiting = self._waiting.pop(offer.key, ())
            self._take(column)
            for take in waiting:
                take(column)

    def _fail(self, offer: Offer, empty: Column, error: Exception) -> None:
        self._session.messages.show_error(error)
        self._give_up(offer, empty)

    def _give_up(self, offer: Offer, empty: Column) -> None:
        """Leave a column without values, so that it is not begun again at once."""
        if self._begun.get(offer.key) is offer:
            del self._begun[offer.key]
            self._waiting.pop(offer.key, None)
            self._take(replace(empty, note="could not be computed", pending=False))


def _key(column: str) -> str:
    return f"column {column}"


def _make(offer: Offer, *, context: JobContext) -> Column:
    context.check()
    return offer.make(context=context)
