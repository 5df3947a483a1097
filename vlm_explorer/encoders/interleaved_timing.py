"""How long each of several things takes, on a machine that may be busy with something else.

They take turns, so that what else the machine does meets all of them alike. The shortest time of
each counts: other work only ever lengthens one. Where the two shortest are far apart, too few of
them were free of other work, and more are taken, as far as patience goes.

A machine that is busy all the time gives equal times that are all too long: there the work itself
got less than one core while it was timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FEWEST, MOST = 3, 12  # turns of each
STEADY = 0.1  # of the shortest time: how much longer the second shortest may be
OWN = 0.8  # of a core that the work must have had, where it computes on this processor


@dataclass(frozen=True, slots=True)
class Timing:
    """The shortest time in seconds, and by what part of it the second shortest is longer.

    Attributes:
        own: how many cores the work had in the shortest turn; None where that tells nothing.
    """

    seconds: float
    spread: float
    own: float | None = None

    @property
    def is_steady(self) -> bool:
        """Whether two turns agree on the time, and the work was not kept waiting in them."""
        return self.spread <= STEADY and (self.own is None or self.own >= OWN)


def time_interleaved(
    runs: Mapping[str, Callable[[], object]],
    patience: float,
    clock: Callable[[], float] = time.perf_counter,
    processor: Callable[[], float] | None = None,
) -> dict[str, Timing]:
    """Return how long each of `runs` takes; each has been run before, so that it is warm.

    Args:
        patience: seconds after which no further round begins, beyond the fewest.
        clock: seconds.
        processor: seconds of processor time of the work, where it computes on this processor.
    """
    times: dict[str, list[tuple[float, float | None]]] = {name: [] for name in runs}
    begin = clock()
    for turn in range(MOST):
        for name, run in runs.items():
            start, busy = clock(), processor() if processor else 0.0
            run()
            taken = clock() - start
            times[name].append((taken, processor() - busy if processor else None))
        if turn + 1 < FEWEST:
            continue
        found = {name: _timing(each) for name, each in times.items()}
        if all(each.is_steady for each in found.values()) or clock() - begin > patience:
            return found
    return {name: _timing(each) for name, each in times.items()}


def _timing(turns: list[tuple[float, float | None]]) -> Timing:
    (shortest, busy), (second, _) = sorted(turns, key=lambda turn: turn[0])[:2]
    if shortest <= 0:
        return Timing(shortest, 0.0)
    return Timing(shortest, second / shortest - 1, None if busy is None else busy / shortest)
