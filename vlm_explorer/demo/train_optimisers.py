"""The optimisers of training, and how their rate goes."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn


class Optimisers:
    """Muon for the matrices of the blocks, AdamW for all else.

    Muon (Jordan et al. 2024), its steps scaled to AdamW's (Liu et al. 2025), needs about half as
    many steps here.

    Args:
        named: the parameters by name; those of blocks have "resblocks" in theirs.
        rate: highest learning rate.
    """

    def __init__(self, named: Sequence[tuple[str, nn.Parameter]], rate: float) -> None:
        inner = [p for name, p in named if "resblocks" in name and p.ndim == 2]
        others = [p for name, p in named if "resblocks" not in name or p.ndim != 2]
        tables, plain = [p for p in others if p.ndim >= 2], [p for p in others if p.ndim < 2]
        muon = torch.optim.Muon(
            [{"params": inner, "highest": rate}],
            lr=rate, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw",
        )  # fmt: skip
        adam = torch.optim.AdamW(
            [
                {"params": tables, "weight_decay": 0.02, "highest": rate},
                {"params": plain, "weight_decay": 0.0, "highest": rate},
            ],
            lr=rate, betas=(0.9, 0.98), eps=1e-8,
        )  # fmt: skip
        self._all: list[torch.optim.Optimizer] = [muon, adam]

    def step(self, clipped: Iterable[nn.Parameter], share: float) -> float:
        """Step with a share of the highest rate; returns the norm of the gradient before clipping.

        Args:
            clipped: whose gradient is cut to norm 1 before.
            share: 0..1.
        """
        norm = nn.utils.clip_grad_norm_(clipped, 1.0)
        for optimiser in self._all:
            for group in optimiser.param_groups:
                group["lr"] = group["highest"] * share
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return float(norm)

    def state(self) -> list[dict[str, Any]]:
        """Return what `load_state` takes."""
        return [optimiser.state_dict() for optimiser in self._all]

    def load_state(self, state: Sequence[dict[str, Any]]) -> None:
        """Go on from what `state` returned."""
        for optimiser, saved in zip(self._all, state, strict=True):
            optimiser.load_state_dict(saved)


def warmed_cosine(step: int, warm_up: int, steps: int) -> float:
    """Return a step's share of the highest rate: linear growth, then a cosine to 2 %."""
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    return 0.02 + 0.98 * (1 + math.cos(math.pi * min(1.0, done))) / 2
