"""How long each of several things takes, on a machine that may be busy with something else.

They take turns, so that what else the machine does meets all of them alike. The shortest time of
each counts: other work only ever lengthens one. Where the two shortest are far apart, too few of
them were free of other work, and more are taken, as far as patience goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FEWEST, MOST = 3, 12  # turns of each
STEADY = 0.1  # of the shortest time: how much longer the second shortest may be


@dataclass(frozen=True, slots=True)
class Timing:
    """The shortest time in seconds, and by what part of it the second shortest is longer."""

    seconds: float
    spread: float

    @property
    def is_steady(self) -> bool:
        """Whether two turns agree on the time."""
        return self.spread <= STEADY


def time_interleaved(
    runs: Mapping[str, Callable[[], object]],
    patience: float,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Return how long each of `runs` takes; each has been run before, so that it is warm.

    Args:
        patience: seconds after which no further round begins, beyond the fewest.
        clock: seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    begin = clock()
    for turn in range(MOST):
        for name, run in runs.items():
            start = clock()
            run()
            times[name].append(clock() - start)
        if turn + 1 < FEWEST:
            continue
        found = {name: _timing(taken) for name, taken in times.items()}
        if all(each.is_steady for each in found.values()) or clock() - begin > patience:
            return found
    return {name: _timing(taken) for name, taken in times.items()}


def _timing(times: list[float]) -> Timing:
    shortest, second = sorted(times)[:2]
    return Timing(shortest, second / shortest - 1 if shortest > 0 else 0.0)
