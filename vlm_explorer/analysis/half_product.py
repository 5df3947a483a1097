"""The product of a large float16 matrix with a vector, summed in float32, at memory's speed.

numpy turns float16 into float32 one number at a time: 2 s for a million rows of 512. Here a loop
compiled by numba has the processor's own instruction do it while the rows stream by, once. That
takes 40 ms, less than torch needs for a copy in bfloat16 (90 ms), and the sums are float32's own:
an index needs no second, coarser copy of the rows, and hardly any row has to be looked at twice.
(A copy in 8 bits streams by in 20 ms, but its sums are known to 0.007 only, within which lie
thousands of the slices of a real collection, each to be fetched from the disk.)

The loop is compiled when it is first worth while, in 2 to 4 s, and kept on disk. Until then, and
for less, numpy does the work in whole registers. Nothing waits for a compilation elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext

Halves = NDArray[np.float16]
Floats = NDArray[np.float32]

# From this many numbers on the compiled loop is worth its compilation: 200,000 x 512. Below it
# numpy takes 30 ms at most.
WORTHWHILE = 200_000 * 512
# Numbers widened at once by numpy: 0.5 MiB of float32, which stays in the processor's cache.
_AT_ONCE = 1 << 17
# Memory is what limits a large product, and two threads use it up.
_THREADS = 2
# Below this many numbers threads cost more than they save.
_ALONE = 1 << 20

_SIGN_AND_VALUE = np.uint32(0x8FFFE000).view(np.int32)
_REBASE = np.float32(2.0**112)

_compiling = threading.Lock()
_loop: Callable[[Any, Any, Any], None] | None = None
_large_products = 0


def get_ready_elsewhere() -> None:
    """Have another process compile the loop and keep it on disk; then load it.

    Compiling holds up all threads of a process, above all the one that draws a window.
    """
    from vlm_explorer.errors import WorkerDied
    from vlm_explorer.processes import run_in_process

    if _loop is None:
        with suppress(WorkerDied, OSError):  # then it is compiled here
            run_in_process(_import_loop, context=JobContext())
        get_ready()


def _import_loop(*, context: JobContext) -> None:
    context.check()
    get_ready()


def get_ready() -> None:
    """Compile the loop, unless that was done, is being done, or cannot be done here."""
    global _loop  # noqa: PLW0603 - one loop a process, as there is one compiler
    if _loop is None and _compiling.acquire(blocking=False):
        try:
            from vlm_explorer.analysis.half_loop import multiply

            _loop = multiply
        except ImportError:
            return
        finally:
            _compiling.release()


def product(rows: Halves, query: Floats) -> Floats:
    """Return `rows @ query`, summed in float32 in an order that depends on the machine.

    Each sum is within `error_bound` of the real one. A process that asks for a second large
    product will ask for more, and has the loop compiled.

    Args:
        rows: float16 (N, D), finite.
        query: float32 (D,).

    Returns:
        float32 (N,).
    """
    global _large_products  # noqa: PLW0603
    query = np.ascontiguousarray(query, np.float32)
    found = np.empty(len(rows), np.float32)
    if rows.size >= WORTHWHILE:
        _large_products += 1
        if _large_products > 1:
            get_ready()
    multiply = _by_numpy
    if _loop is not None and rows.size >= _ALONE and rows.flags.c_contiguous:
        multiply = _by_loop
    if rows.size < _ALONE:
        multiply(rows, query, found)
        return found
    step = -(-len(rows) // _THREADS)
    parts = [slice(start, start + step) for start in range(0, len(rows), step)]
    with ThreadPoolExecutor(_THREADS, "product") as threads:
        for done in [threads.submit(multiply, rows[part], query, found[part]) for part in parts]:
            done.result()
    return found


def widen(rows: Halves) -> Floats:
    """Return finite float16 numbers as float32, several times as quick as numpy's `astype`.

    The 15 bits of a float16's exponent and fraction are put where float32 has its own; what is
    left is a factor of 2^112 between the two exponents' zeros. Exact, subnormal numbers included.
    """
    bits = np.left_shift(rows.view(np.int16), 13, dtype=np.int32)  # copies the sign downwards
    np.bitwise_and(bits, _SIGN_AND_VALUE, out=bits)
    values = bits.view(np.float32)
    return np.multiply(values, _REBASE, out=values)


def _by_numpy(rows: Halves, query: Floats, found: Floats) -> None:
    step = max(1, _AT_ONCE // max(1, rows.shape[1]))
    for start in range(0, len(rows), step):
        found[start : start + step] = widen(rows[start : start + step]) @ query


def _by_loop(rows: Halves, query: Floats, found: Floats) -> None:
    assert _loop is not None
    _loop(rows.view(np.uint16), query, found)


def error_bound(dimension: int, length: float) -> float:
    """Return how far a float32 sum of products may be from the real one, whatever the order.

    A sum of n products, each rounded, in any order, with or without fused steps, is off by at
    most γ_n Σ|x_i||q_i| with γ_n = nu / (1 - nu), u = 2^-24 (Higham, Accuracy and Stability of
    Numerical Algorithms, section 3.1), and Σ|x_i||q_i| <= ||x|| ||q|| by Cauchy and Schwarz.
    Nothing is lost before: float16 turns into float32 without rounding, and a query of float32
    takes part as it is. Products too small for float32 add at most n 2^-126 in all.

    Args:
        dimension: n.
        length: an upper bound of ||x|| ||q||.
    """
    terms = dimension * 2.0**-24
    return terms / (1 - terms) * length + dimension * 2.0**-126
