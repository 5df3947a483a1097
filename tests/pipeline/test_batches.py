"""Views to vectors in a thread: order, shapes, what is under way, and errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.errors import ModelProblem
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.pipeline.batches import BatchEncoder


class Tower:
    """An encoder whose vector is the view's first value and its place in the batch.

    It may be held or made to fail.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.error: Exception | None = None
        self.batch_limit: int | None = None

    def encode_images(self, views, *, batch_size):
        self.begun.set()
        assert self.gate.wait(20)
        if self.error is not None:
            raise self.error
        self.calls.append((len(views), batch_size))
        self.threads.add(threading.get_ident())
        return np.array([[view.flat[0], i] for i, view in enumerate(views)], np.float32)


def view(value: int) -> np.ndarray:
    return np.full((2, 2, 3), value, np.uint8)


@pytest.fixture
def tower() -> Tower:
    return Tower()


def test_that_vectors_come_in_order_from_one_other_thread(tower: Tower) -> None:
    batches: BatchEncoder[str] = BatchEncoder(tower, 4)
    found = []
    for i in range(11):
        batches.put(str(i), view(i))
        found += batches.take()
    batches.flush()
    found += batches.take()
    assert [(item, vector[0]) for item, vector in found] == [(str(i), i) for i in range(11)]
    assert tower.calls == [(4, 4)] * 3
    assert threading.get_ident() not in tower.threads
    assert batches.waiting == 0


def test_that_at_most_two_batches_are_under_way(tower: Tower) -> None:
    tower.gate.clear()
    batches: BatchEncoder[int] = BatchEncoder(tower, 2)
    for i in range(4):
        batches.put(i, view(i))
    assert batches.take() == []
    assert batches.waiting == 4
    feeder = threading.Thread(target=lambda: [batches.put(i, view(i)) for i in (4, 5)])
    feeder.start()
    feeder.join(0.2)
    assert feeder.is_alive()
    tower.gate.set()
    feeder.join(20)
    assert not feeder.is_alive()
    batches.flush()
    assert [item for item, _ in batches.take()] == list(range(6))


def test_that_a_batch_is_encoded_before_it_is_full_when_asked(tower: Tower) -> None:
    batches: BatchEncoder[int] = BatchEncoder(tower, 8)
    assert not batches.overdue(0)
    batches.put(0, view(3))
    assert batches.overdue(0)
    assert not batches.overdue(1000)
    batches.start()
    assert not batches.overdue(0)
    batches.flush()
    assert [(item, vector[0]) for item, vector in batches.take()] == [(0, 3)]


def test_that_what_fitted_into_memory_is_the_size_of_the_batches_that_follow(tower: Tower) -> None:
    batches: BatchEncoder[int] = BatchEncoder(tower, 8)
    tower.batch_limit = 2
    assert batches.batch_size == 2
    for i in range(4):
        batches.put(i, view(i))
    batches.flush()
    assert tower.calls == [(2, 2), (2, 2)]


@given(st.integers(0, 20), st.lists(st.sampled_from(["put", "start", "new run"]), max_size=40))
def test_that_a_view_has_the_same_place_wherever_batches_and_runs_were_cut_off(begin, steps):
    tower = Tower()
    batches: BatchEncoder[int] = BatchEncoder(tower, 4, begin)
    number, found = begin, []
    for step in [*steps, "new run"]:
        if step == "put":
            batches.put(number, view(number))
            number += 1
        else:
            batches.start()
        if step == "new run":
            batches.flush()
            found += batches.take()
            batches = BatchEncoder(tower, 4, number)
    places = [(item, vector[0], vector[1]) for item, vector in found]
    assert places == [(i, i, i % 4) for i in range(begin, number)]
    assert {size for size, _ in tower.calls} <= {4}


def test_that_an_error_of_the_encoder_reaches_the_caller(tower: Tower) -> None:
    tower.error = ModelProblem("The encoder gave numbers that are not finite.", "Choose fp32.")
    batches: BatchEncoder[int] = BatchEncoder(tower, 1)
    batches.put(0, view(0))
    with pytest.raises(ModelProblem, match="not finite"):
        batches.flush()


def test_that_cancelling_does_not_wait_for_the_device(tower: Tower) -> None:
    tower.gate.clear()
    batches: BatchEncoder[int] = BatchEncoder(tower, 1)
    batches.put(0, view(0))
    assert tower.begun.wait(20)
    context = JobContext()
    context.cancel()
    with pytest.raises(Cancelled):
        batches.flush(context)
    tower.gate.set()
    batches.flush()
    assert len(batches.take()) == 1
