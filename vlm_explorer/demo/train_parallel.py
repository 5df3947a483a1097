"""Forward and backward passes of several parts of a batch at once, one thread each.

Threads that each work on a part of their own wait for each other twice a step; threads inside
one operation do so thousands of times, which is slow wherever other programs run as well.
"""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

Part = Callable[[], tuple[Tensor, ...]]


class PartRunner:
    """Runs parts of a step in threads, first forward, then backward.

    A parameter must take part in at most two parts: the sum of two gradients is the same to the
    last bit whichever comes first, that of three is not.

    Args:
        threads: how many parts at a time.
        bfloat16: autocast the parts to bfloat16.
    """

    def __init__(self, threads: int, *, bfloat16: bool) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._bfloat16 = bfloat16
        self._outputs: list[tuple[Tensor, ...]] = []
        self._leaves: list[tuple[Tensor, ...]] = []

    def forward(self, parts: Sequence[Part]) -> list[tuple[Tensor, ...]]:
        """Return the outputs of all parts, cut off from their graphs, ready for a loss."""
        self._outputs = list(self._pool.map(self._call, parts))
        self._leaves = [
            tuple(tensor.detach().requires_grad_() for tensor in outputs)
            for outputs in self._outputs
        ]
        return self._leaves

    def backward(self) -> None:
        """Carry the gradients that a loss left on the outputs back to the parameters."""
        list(self._pool.map(_carry_back, self._outputs, self._leaves))
        self._outputs, self._leaves = [], []

    def _call(self, part: Part) -> tuple[Tensor, ...]:
        # Autocast is a setting of the thread.
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            return part()


def _carry_back(outputs: tuple[Tensor, ...], leaves: tuple[Tensor, ...]) -> None:
    told = [
        (out, leaf.grad)
        for out, leaf in zip(outputs, leaves, strict=True)
        if out.requires_grad and leaf.grad is not None
    ]
    torch.autograd.backward([out for out, _ in told], [gradient for _, gradient in told])
