"""The training loop: optimisers, schedule, averaged weights, and checkpoints to resume from."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from open_clip.model import CLIP
from torch import Tensor

from vlm_explorer.demo.train_batches import Batch
from vlm_explorer.demo.train_loss import Localisation, contrastive_loss
from vlm_explorer.demo.train_model import GRID, encode_images, encode_texts, to_input
from vlm_explorer.demo.train_optimisers import Optimisers, warmed_cosine
from vlm_explorer.demo.train_parallel import Part, PartRunner
from vlm_explorer.demo.training_views import choose_patches

PATCHES = GRID * GRID


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to train.

    Attributes:
        steps: optimiser steps in all.
        warm_up: steps during which the rate grows linearly; a cosine to 2 % follows.
        rate: highest learning rate.
        patches: patches looked at in a training step, until the last `whole` steps.
        whole: steps at the end in which all patches are looked at.
        localisation: weight of the localisation loss.
        averaging: decay of the averaged weights.
        bfloat16: autocast the towers to bfloat16.
        threads: parts of a batch at a time.
    """

    steps: int = 1060
    warm_up: int = 60
    rate: float = 1e-3
    patches: int = 84
    whole: int = 50
    localisation: float = 2.5
    averaging: float = 0.99
    bfloat16: bool = True
    threads: int = 2

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, as a share of the highest."""
        return warmed_cosine(step, self.warm_up, self.steps)


class Learner(Protocol):
    """What `run` takes step by step: a `Trainer`, or a `train_tuning.Tuner`."""

    step: int

    @property
    def steps(self) -> int:
        """Steps in all."""
        ...

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Take one optimiser step; returns its losses."""
        ...

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on exactly as if never stopped."""
        ...


class Trainer:
    """A model in training.

    Args:
        model: the CLIP, changed in place.
        schedule: how to train.
    """

    def __init__(self, model: CLIP, schedule: Schedule) -> None:
        self.model, self.schedule = model, schedule
        self.localisation = Localisation()
        self.averaged = copy.deepcopy(model).requires_grad_(False)
        self.step = 0
        named = [*model.named_parameters(), *self.localisation.named_parameters()]
        self._optimisers = Optimisers(named, schedule.rate)
        self._runner = PartRunner(schedule.threads, bfloat16=schedule.bfloat16)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.schedule.steps

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Take one optimiser step; returns its losses."""
        share = self.schedule.rate_at(self.step)
        contrastive, located = self._losses(batch)
        loss = contrastive + self.schedule.localisation * located
        loss.backward()  # type: ignore[no-untyped-call]
        self._runner.backward()
        norm = self._optimisers.step(self.model.parameters(), share)
        with torch.no_grad():
            self.model.logit_scale.clamp_(0.0, math.log(100.0))
        self._average()
        self.step += 1
        return {
            "contrastive": contrastive.item(),
            "localisation": located.item(),
            "gradient": norm,
            "scale": self.model.logit_scale.exp().item(),
            "rate": self.schedule.rate * share,
        }

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        kept, inside = self._chosen(batch)
        images = to_input(batch.views)
        half = len(images) // 2
        first, second = slice(None, half), slice(half, None)
        model, names = self.model, len(batch.names)
        short = torch.cat([batch.prompts, batch.names])
        parts: list[Part] = [
            partial(encode_images, model, images[part], None if kept is None else kept[part])
            for part in (first, second)
        ]
        parts += [partial(_texts, model, tokens) for tokens in (batch.captions, short)]
        halves, others, captions, prompts = self._runner.forward(parts)
        joint, patches = torch.cat([halves[0], others[0]]), torch.cat([halves[1], others[1]])
        texts = torch.cat([captions[0], prompts[0][:-names]])
        logits = model.logit_scale.exp() * joint @ texts.T
        contrastive = contrastive_loss(logits, batch.fits, batch.own, batch.exact)
        return contrastive, self.localisation(patches, prompts[0][-names:], inside, batch.asked)

    def _chosen(self, batch: Batch) -> tuple[Tensor | None, Tensor]:
        """Return the patches to look at, none for all of them, and which findings they are in."""
        if self.step >= self.schedule.steps - self.schedule.whole:
            return None, batch.inside
        generator = torch.Generator().manual_seed(self.step)
        kept = choose_patches(batch.views, self.schedule.patches, generator)
        index = kept.unsqueeze(-1).expand(-1, -1, batch.inside.shape[-1])
        return kept, batch.inside.gather(1, index)

    def _average(self) -> None:
        """Move the averaged weights; early on they follow faster."""
        decay = min(self.schedule.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on exactly as if never stopped."""
        return {
            "step": self.step,
            "schedule": asdict(self.schedule),
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "localisation": self.localisation.state_dict(),
            "optimisers": self._optimisers.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.localisation.load_state_dict(state["localisation"])
        self._optimisers.load_state(state["optimisers"])


def _texts(model: CLIP, tokens: Tensor) -> tuple[Tensor]:
    return (encode_texts(model, tokens),)


def save_checkpoint(trainer: Learner, file: Path) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    part = file.with_suffix(".part")
    torch.save(trainer.state(), part)
    part.replace(file)


def run(
    trainer: Learner,
    batches: Callable[[int], Batch],
    checkpoint: Path,
    losses: Path,
    *,
    checkpoint_every: int = 50,
    report: Callable[[int, dict[str, float]], None],
) -> None:
    """Train to the end of the schedule, from where the trainer stands.

    Args:
        trainer: fresh, or with a checkpoint's state.
        batches: the batch of any step.
        checkpoint: where its state is written.
        losses: a table, to which each step adds a line.
        checkpoint_every: steps between checkpoints.
        report: called after each step with its number and losses.
    """
    while trainer.step < trainer.steps:
        began = time.monotonic()
        step = trainer.step
        told = trainer.train_step(batches(step))
        told["seconds"] = time.monotonic() - began
        new = not losses.exists()
        with losses.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(["step", *told])
            writer.writerow([step, *(f"{value:.5g}" for value in told.values())])
        report(step, told)
        if trainer.step % checkpoint_every == 0 or trainer.step == trainer.steps:
            save_checkpoint(trainer, checkpoint)
