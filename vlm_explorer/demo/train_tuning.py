"""Fine-tuning of the trained image tower: its explanations move, its vectors stay.

The text tower is left as it is, and the vectors of images and patches are held where they were
("Learning without forgetting", Li and Hoiem 2016), so that everything measured of them stays.
"""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from open_clip.model import CLIP
from torch import Tensor

from vlm_explorer.demo.train_batches import Batch
from vlm_explorer.demo.train_explanation import encode_explained, explanation_loss
from vlm_explorer.demo.train_model import encode_images, encode_texts, to_input
from vlm_explorer.demo.train_optimisers import Optimisers, warmed_cosine
from vlm_explorer.demo.train_parallel import Part, PartRunner


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to fine-tune.

    Attributes:
        steps: optimiser steps.
        warm_up: steps during which the rate grows linearly; a cosine to 2 % follows.
        rate: highest learning rate.
        vectors, patches: weights of 1 - cosine to the vector before, of images and of patches.
        explanation: weight of the explanation loss.
        batch: images a step.
        bfloat16: autocast the towers to bfloat16.
        threads: parts of a batch at a time.
    """

    steps: int = 100
    warm_up: int = 10
    rate: float = 3e-4
    vectors: float = 20.0
    patches: float = 5.0
    explanation: float = 1.0
    batch: int = 32
    bfloat16: bool = True
    threads: int = 2


class Tuner:
    """A trained model in fine-tuning.

    Args:
        model: the CLIP, changed in place.
        schedule: how to fine-tune.
    """

    def __init__(self, model: CLIP, schedule: Tuning) -> None:
        self.model, self.schedule = model.requires_grad_(False), schedule
        self.before = copy.deepcopy(model)
        model.visual.requires_grad_(True)
        self.step = 0
        self._optimisers = Optimisers(list(model.visual.named_parameters()), schedule.rate)
        self._runner = PartRunner(schedule.threads, bfloat16=schedule.bfloat16)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.schedule.steps

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Take one optimiser step; returns its losses."""
        schedule = self.schedule
        share = warmed_cosine(self.step, schedule.warm_up, schedule.steps)
        vectors, patches, explained = self._losses(batch)
        loss = (
            schedule.vectors * vectors
            + schedule.patches * patches
            + schedule.explanation * explained
        )
        loss.backward()  # type: ignore[no-untyped-call]
        self._runner.backward()
        norm = self._optimisers.step(self.model.visual.parameters(), share)
        self.step += 1
        return {
            "vectors": vectors.item(),
            "patches": patches.item(),
            "explanation": explained.item(),
            "gradient": norm,
            "rate": schedule.rate * share,
        }

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        images, rows = to_input(batch.views), batch.explained
        with torch.no_grad():
            texts = encode_texts(self.model, batch.questions)
        half = len(images) // 2
        parts: list[Part] = []
        for begin, end in ((0, half), (half, len(images))):
            mine = (rows >= begin) & (rows < end)
            parts.append(
                partial(
                    _part, self.model, self.before, images[begin:end], rows[mine] - begin,
                    texts[mine], batch.marked[mine],
                )
            )  # fmt: skip
        first, second = self._runner.forward(parts)
        vectors, patches, explained = (
            one + other for one, other in zip(first, second, strict=True)
        )
        return vectors / len(images), patches / len(images), explained / max(1, len(rows))

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on exactly as if never stopped."""
        return {
            "step": self.step,
            "schedule": asdict(self.schedule),
            "model": self.model.state_dict(),
            "before": self.before.state_dict(),
            "optimisers": self._optimisers.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.before.load_state_dict(state["before"])
        self._optimisers.load_state(state["optimisers"])


def _part(
    model: CLIP, before: CLIP, images: Tensor, rows: Tensor, texts: Tensor, marked: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return sums over images: how far their vectors and patches went, and the maps' loss."""
    others = torch.ones(len(images), dtype=torch.bool)
    others[rows] = False
    explained = torch.zeros(())
    found: list[tuple[Tensor, Tensor]] = []
    if len(rows):
        joint, patches, maps = encode_explained(model, images[rows], texts)
        explained = explanation_loss(maps, marked).sum()
        found.append((joint, patches))
    if others.any():
        found.append(encode_images(model, images[others]))
    order = torch.cat([rows, others.nonzero()[:, 0]])
    with torch.no_grad():
        before_joint, before_patches = encode_images(before, images[order])
    joint, patches = (torch.cat(each) for each in zip(*found, strict=True))
    return (
        (1 - (joint * before_joint).sum(dim=-1)).sum(),
        (1 - (patches * before_patches).sum(dim=-1)).mean(dim=1).sum(),
        explained,
    )
