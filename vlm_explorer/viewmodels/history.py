"""Undo and redo: the states through which the window went, frozen, one after the other.

A state is what was asked for, not what was answered: going back asks again, and an answer that was
still on its way is dropped as any other stale one. So undo needs no commands and no inverse
operations: whatever can be read and set can be undone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

DEPTH = 300  # states that are kept
BURST = 1.0  # s; changes of one burst, such as turns of the wheel, that follow each other so soon

States = tuple[tuple[int, Hashable], ...]  # of each part by its number


class Part(Protocol):
    """Something of the window that can be undone."""

    def state(self) -> Hashable:
        """Return it as it is, frozen; equal states are the same to the user."""
        ...

    def restore(self, state: Any) -> None:
        """Make it as it was."""
        ...

    def words(self, before: Any, after: Any) -> str:
        """Return what was done, to follow "Undo: ", such as "select 12 images"."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """A state of everything, and what led to it.

    Attributes:
        states: of the parts.
        words: what the user did; "" of the first.
        burst: what it may go on with, "" for nothing.
        at: when it was done, s.
    """

    states: States = ()
    words: str = ""
    burst: str = ""
    at: float = 0.0


class History(QObject):
    """The list of states, and the place in it where the window is.

    What changes without the user's doing, such as by an answer, becomes part of the present state.

    Attributes:
        restoring: whether a state is being made as it was.

    Signals:
        changed(): other things can be undone or redone.
    """

    changed = Signal()

    def __init__(
        self, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._parts: dict[int, Part] = {}
        self._number = 0
        self._steps = [Step()]
        self._place = 0
        self._within = False
        self.restoring = False

    def add(self, part: Part, owner: QObject | None = None) -> None:
        """Undo changes of `part`, too, from now on and as long as there is its owner.

        What is added first is restored first.
        """
        self._number += 1
        self._parts[self._number] = part
        if owner is not None:
            owner.destroyed.connect(partial(self._forget, self._number))

    def _forget(self, number: int, _gone: object = None) -> None:
        self._parts.pop(number, None)

    # What is done

    @contextmanager
    def step(self, burst: str = "", *, held: bool = False) -> Iterator[None]:
        """Make whatever changes in the block one step, unless it is part of one already.

        Args:
            burst: steps with the same word that follow each other at once become one.
            held: they do so however long they pause, as while a button is held.
        """
        if self._within or self.restoring:
            yield
            return
        self._absorb()
        self._within = True
        try:
            yield
        finally:
            self._within = False
        self._record(burst, held=held)

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Let what changes in the block be no step: it is not the user's doing."""
        before, self._within = self._within, True
        try:
            yield
        finally:
            self._within = before

    def clear(self) -> None:
        """Begin anew with the state as it is."""
        self._steps, self._place = [Step()], 0
        self.changed.emit()

    def _absorb(self) -> None:
        self._steps[self._place] = replace(self._steps[self._place], states=self._states())

    def _states(self) -> States:
        return tuple((number, part.state()) for number, part in self._parts.items())

    def _record(self, burst: str, *, held: bool) -> None:
        present, states = self._steps[self._place], self._states()
        if states == present.states:
            return
        del self._steps[self._place + 1 :]
        now = self._clock()
        soon = held or now - present.at <= BURST
        if self._place and burst and present.burst == burst and soon:
            self._steps.pop()  # the burst goes on: its first state is the one to go back to
            present = self._steps[-1]
        if states != present.states:
            words = self._words(present.states, states)
            self._steps.append(Step(states, words, burst, now))
        self._steps = self._steps[-DEPTH - 1 :]
        self._place = len(self._steps) - 1
        self.changed.emit()

    def _words(self, before: States, after: States) -> str:
        """Return what the first of the parts that differ says."""
        known = dict(before)
        for number, state in after:
            if number in known and known[number] != state:
                return self._parts[number].words(known[number], state)
        return "the last change"

    # Back and forth

    @property
    def can_undo(self) -> bool:
        """Whether there is a state before this one."""
        return self._place > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a state after this one."""
        return self._place + 1 < len(self._steps)

    @property
    def undo_words(self) -> str:
        """What would be undone; "" for nothing."""
        return self._steps[self._place].words

    @property
    def redo_words(self) -> str:
        """What would be done again; "" for nothing."""
        return self._steps[self._place + 1].words if self.can_redo else ""

    def undo(self) -> None:
        """Go back to the state before, if there is one."""
        if self.can_undo:
            self._go(-1)

    def redo(self) -> None:
        """Go on to the state after, if there is one."""
        if self.can_redo:
            self._go(1)

    def _go(self, by: int) -> None:
        if self._within or self.restoring:
            return
        self._absorb()
        # no burst goes on across this
        self._steps = [replace(step, burst="") if step.burst else step for step in self._steps]
        self._place += by
        self.restoring = True
        try:
            for number, state in self._steps[self._place].states:
                part = self._parts.get(number)
                if part is not None and part.state() != state:
                    part.restore(state)
        finally:
            self.restoring = False
        self.changed.emit()


def typing(what: str, before: str, after: str) -> str:
    """Return the burst that a typed text belongs to: growing goes on, and so does shrinking."""
    if before != after and after.startswith(before):
        return f"{what} grows"
    return f"{what} shrinks" if before != after and before.startswith(after) else ""
