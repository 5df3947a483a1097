"""The compiled loop behind `half_product`; importing this module compiles it.

What was compiled is kept beside this module, or in the user's own cache where that cannot be.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import float32, njit, types, uint16, void  # noqa: TID253 - imported by need only
from numba.extending import intrinsic  # noqa: TID253

# The sum may be reordered, which is what lets it run in the wide registers; nothing else may be
# assumed of the numbers.
_FAST = {"reassoc", "nsz", "contract"}


def _generate_widened(_typing: Any, _bits: Any) -> Any:
    """Read 16 bits as a float16 and widen it to float32, by the processor's own instruction."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), ir.FloatType())

    return float32(types.uint16), generate


_widened: Any = intrinsic(_generate_widened)


def _multiply(bits: Any, query: Any, found: Any) -> None:
    count, dimension = bits.shape
    for row in range(count):
        total = types.float32(0)
        values = bits[row]
        for column in range(dimension):
            total += _widened(values[column]) * query[column]
        found[row] = total


def _compiled() -> Any:
    signature = void(uint16[:, ::1], float32[::1], float32[::1])
    try:
        return njit(signature, nogil=True, fastmath=_FAST, cache=True)(_multiply)
    except (RuntimeError, OSError):  # there is no folder that it could be kept in
        return njit(signature, nogil=True, fastmath=_FAST)(_multiply)


# (bits uint16 (N, D) of float16 rows, query float32 (D,), found float32 (N,) to be filled)
multiply = _compiled()
