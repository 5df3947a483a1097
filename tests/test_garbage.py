"""The garbage collector stays away while something large is loaded."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from vlm_explorer.garbage import nothing_collected


class Ring:
    """A cycle of its own."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    gc.unfreeze()
    gc.enable()
    yield
    gc.unfreeze()
    gc.enable()


def test_that_nothing_is_collected_within_and_what_came_is_not_looked_at_afterwards() -> None:
    with nothing_collected():
        assert not gc.isenabled()
        before = weakref.ref(Ring())
    assert gc.isenabled()
    gc.collect()
    assert before() is not None
    after = weakref.ref(Ring())
    gc.collect()
    assert after() is None


def test_that_what_came_is_collected_afterwards_where_it_was_not_frozen() -> None:
    with nothing_collected(freeze=False):
        ring = weakref.ref(Ring())
        assert not gc.isenabled()
    gc.collect(1)
    assert ring() is not None  # it is old already
    assert not gc.get_freeze_count()
    gc.collect()
    assert ring() is None


def test_that_what_was_frozen_before_stays_so() -> None:
    gc.freeze()
    with nothing_collected(freeze=False):
        pass
    assert gc.get_freeze_count()


def test_that_what_could_be_collected_before_is() -> None:
    ring = weakref.ref(Ring())
    with nothing_collected():
        assert ring() is None


def test_that_collections_go_on_when_the_last_of_several_threads_has_left() -> None:
    inside, leave = threading.Event(), threading.Event()

    def load() -> None:
        with nothing_collected():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=load)
    with nothing_collected():
        thread.start()
        assert inside.wait(30)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_that_a_collector_that_was_off_stays_off_even_after_an_error() -> None:
    gc.disable()
    with pytest.raises(KeyError), nothing_collected():
        raise KeyError
    assert not gc.isenabled()
