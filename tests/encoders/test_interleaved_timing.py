"""Timing on a clock that is made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.encoders.interleaved_timing import FEWEST, MOST, STEADY, time_interleaved


class Machine:
    """A clock that goes on by what each thing takes, and by what else the machine does."""

    def __init__(self, **seconds: list[float]) -> None:
        self.now = 0.0
        self.order: list[str] = []
        self._left = {name: list(times) for name, times in seconds.items()}

    def clock(self) -> float:
        return self.now

    def run(self, name: str) -> Callable[[], None]:
        def work() -> None:
            self.order.append(name)
            times = self._left[name]
            self.now += times.pop(0) if len(times) > 1 else times[0]

        return work

    def measure(self, patience: float = 1e9):
        return time_interleaved({name: self.run(name) for name in self._left}, patience, self.clock)


def test_that_things_take_turns_and_the_shortest_time_counts():
    machine = Machine(a=[2.0, 1.0, 1.05], b=[0.5, 0.5, 9.0])
    found = machine.measure()
    assert machine.order == ["a", "b"] * FEWEST
    assert found["a"].seconds == pytest.approx(1.0)
    assert found["a"].spread == pytest.approx(0.05)
    assert found["b"].seconds == pytest.approx(0.5)
    assert all(each.is_steady for each in found.values())


def test_that_it_goes_on_until_two_times_agree():
    machine = Machine(a=[5.0, 3.0, 2.0, 1.0, 1.0], b=[1.0])
    found = machine.measure()
    assert machine.order.count("a") == machine.order.count("b") == 5
    assert found["a"].seconds == pytest.approx(1.0)


def test_that_a_busy_spell_over_one_of_them_does_not_decide():
    quiet = Machine(a=[1.0], b=[0.5]).measure()
    busy = Machine(a=[1.0], b=[4.0, 3.0, 2.0, 0.5, 0.5]).measure()
    assert busy["b"].seconds == pytest.approx(quiet["b"].seconds)


def test_that_patience_ends_and_it_says_so():
    machine = Machine(a=[float(2 ** (20 - turn)) for turn in range(20)])
    found = machine.measure(patience=1.0)
    assert len(machine.order) == FEWEST
    assert not found["a"].is_steady
    assert found["a"].spread == pytest.approx(1.0)
    machine = Machine(a=[float(2 ** (20 - turn)) for turn in range(20)])
    machine.measure()
    assert len(machine.order) == MOST


@pytest.mark.parametrize(("share", "steady"), [(0.3, False), (0.9, True), (1.8, True)])
def test_that_work_that_was_kept_waiting_all_the_time_is_not_steady(share, steady):
    machine = Machine(a=[2.0])
    processor = lambda: machine.now * share  # noqa: E731
    found = time_interleaved({"a": machine.run("a")}, 1.0, machine.clock, processor)["a"]
    assert found.own == pytest.approx(share)
    assert found.spread == pytest.approx(0)
    assert found.is_steady == steady


@given(
    true=st.floats(0.01, 10),
    other=st.lists(st.floats(0, 20), min_size=MOST, max_size=MOST),
)
def test_that_other_work_only_lengthens_a_time(true, other):
    found = Machine(a=[true + more for more in other]).measure()["a"]
    assert found.seconds >= true * (1 - 1e-9)
    assert found.is_steady == (found.spread <= STEADY)
