"""Batches: which images, which texts, and which text is true of which image."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from vlm_explorer.demo.findings import FINDINGS
from vlm_explorer.demo.train_model import CONTEXT_LENGTH
from vlm_explorer.demo.train_negatives import nonsense, unrelated
from vlm_explorer.demo.train_questions import FINDING_NAMES, draw_questions
from vlm_explorer.demo.train_statements import Facts, Statement, caption_statement, fit_matrix
from vlm_explorer.demo.train_texts import FINDING_WORDS, false_prompt, pick, true_prompt
from vlm_explorer.demo.training_data import Shards
from vlm_explorer.demo.training_views import ViewMaker

MOST_BOXES = 8
UNRELATED, NONSENSE = 14, 14
DEFAULT_WINDOW = 0.65
# Batches of mostly one kind of image: the more findings there are to tell apart, the more often.
HARDNESS = {("XR", "chest"): 4.0, ("CT", "chest"): 3.0, ("CT", "head"): 2.0, ("MR", "head"): 2.0}


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's input.

    Attributes:
        views: float (N,S,S), grey values 0..1.
        captions, prompts, names: int64 (.., L) tokens: full captions, one an image; short texts;
            one name of each finding.
        fits: bool (N, captions + prompts), the text is true of the image.
        own: bool, same shape, it was drawn for that image.
        exact: bool (captions + prompts,), full captions.
        inside: float (N, patches, findings), whether the patch lies in the finding's box.
        asked: bool (N, findings), whether the finding can occur in such an image.
        explained: int64 (E,), images with a marked finding, ascending, each once.
        questions: int64 (E, L) tokens, that finding in words.
        marked: float (E, patches), whether the patch lies in its box.
    """

    views: Tensor
    captions: Tensor
    prompts: Tensor
    names: Tensor
    fits: Tensor
    own: Tensor
    exact: Tensor
    inside: Tensor
    asked: Tensor
    explained: Tensor
    questions: Tensor
    marked: Tensor


class BatchMaker:
    """Makes the batch of any step, a pure function of (seed, step) and the shards.

    Args:
        shards: the training pictures.
        tokenizer: pads to the context length.
        size: images a batch.
        seed: of all chance.
    """

    def __init__(self, shards: Shards, tokenizer: Tokenizer, *, size: int, seed: int) -> None:
        self._shards, self._tokenizer = shards, tokenizer
        self._size, self._seed = size, seed
        pairs = [facts.pair for facts in shards.facts]
        self._kinds = sorted(set(pairs))
        self._kind = np.array([self._kinds.index(pair) for pair in pairs])
        self._weights = _weights(shards, self._kind)
        hardness = np.array([HARDNESS.get(kind, 1.0) for kind in self._kinds])
        self._hardness = hardness / hardness.sum()
        self._boxes, self._box_names = _box_arrays(shards)

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step."""
        rng = np.random.default_rng([self._seed, 1, step])
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        chosen = self._draw(rng, step)
        window = (rng.random(len(chosen)) >= DEFAULT_WINDOW).astype(int)
        pictures = torch.from_numpy(self._shards.pictures[chosen, window])
        views, centres = ViewMaker(generator)(pictures)
        facts = [self._shards.facts[index] for index in chosen]
        statements, own = self._texts(rng, chosen, facts)
        count = len(facts)
        tokens = tokenize(self._tokenizer, [statement.text for statement in statements])
        names = [pick(rng, FINDING_WORDS[name]) for name in FINDING_NAMES]
        inside, asked = self._inside(chosen, centres, facts)
        questions = draw_questions(np.random.default_rng([self._seed, 3, step]), facts, inside)
        return Batch(
            views=views,
            captions=tokens[:count],
            prompts=tokens[count:],
            names=tokenize(self._tokenizer, names),
            fits=torch.from_numpy(fit_matrix(facts, statements)) | own,
            own=own,
            exact=torch.arange(len(statements)) < count,
            inside=inside,
            asked=asked,
            explained=questions.rows,
            questions=tokenize(self._tokenizer, questions.texts),
            marked=questions.marked,
        )

    def _draw(self, rng: np.random.Generator, step: int) -> NDArray[np.int64]:
        """Choose images; in every other step, half of them of one kind, which is harder."""
        weights = self._weights
        if step % 2:
            kind = self._kind == rng.choice(len(self._kinds), p=self._hardness)
            share = weights[kind].sum()
            weights = np.where(kind, weights * max(1.0, (1 - share) / share), weights)
        size = min(self._size, len(weights))
        return rng.choice(len(weights), size=size, replace=False, p=weights / weights.sum())

    def _texts(
        self, rng: np.random.Generator, chosen: NDArray[np.int64], facts: Sequence[Facts]
    ) -> tuple[list[Statement], Tensor]:
        """Captions of all images, then short texts: true ones, false ones, and of no image."""
        own = []
        statements = []
        for row, (index, known) in enumerate(zip(chosen, facts, strict=True)):
            captions = self._shards.captions[index]
            text = captions[int(rng.integers(len(captions)))]
            statements.append(caption_statement(text, known))
            own.append((row, row))
        for row, known in enumerate(facts):
            if rng.random() < 0.7:
                own.append((row, len(statements)))
                statements.append(true_prompt(rng, known))
            if rng.random() < 0.4:
                statements.append(false_prompt(rng, known))
        statements += [unrelated(rng) for _ in range(UNRELATED)]
        statements += [nonsense(rng) for _ in range(NONSENSE)]
        matrix = torch.zeros(len(facts), len(statements), dtype=torch.bool)
        rows, columns = zip(*own, strict=True)
        matrix[list(rows), list(columns)] = True
        return statements, matrix

    def _inside(
        self, chosen: NDArray[np.int64], centres: Tensor, facts: Sequence[Facts]
    ) -> tuple[Tensor, Tensor]:
        boxes = torch.from_numpy(self._boxes[chosen]).unsqueeze(2)
        x, y = centres[..., 0].unsqueeze(1), centres[..., 1].unsqueeze(1)
        hit = (x >= boxes[..., 0]) & (x < boxes[..., 2])
        hit &= (y >= boxes[..., 1]) & (y < boxes[..., 3])
        names = torch.from_numpy(self._box_names[chosen])
        one_hot = torch.nn.functional.one_hot(names + 1, len(FINDING_NAMES) + 1)[..., 1:].float()
        inside = torch.einsum("nbk,nbf->nkf", hit.float(), one_hot).clamp(max=1.0)
        asked = [[known.pair in FINDINGS[name] for name in FINDING_NAMES] for known in facts]
        return inside, torch.tensor(asked)


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """Return int64 (texts, context length)."""
    if not texts:
        return torch.zeros(0, CONTEXT_LENGTH, dtype=torch.int64)
    return torch.tensor([row.ids for row in tokenizer.encode_batch(list(texts))])


def _weights(shards: Shards, kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rare kinds and rare labels within a kind are drawn more often than they occur."""
    groups = [f"{k} {label}" for k, label in zip(kind, shards.labels, strict=True)]
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = (1.0 / np.bincount(kind)[kind]) ** 0.5 * (1.0 / sizes[group]) ** 0.25
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _box_arrays(shards: Shards) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return boxes (N,MOST_BOXES,4) and the numbers of their findings (-1: no box)."""
    boxes = np.full((len(shards), MOST_BOXES, 4), -1.0, dtype=np.float32)
    names = np.full((len(shards), MOST_BOXES), -1, dtype=np.int64)
    for row, found in enumerate(shards.boxes):
        for place, (name, *box) in enumerate(found[:MOST_BOXES]):
            boxes[row, place] = box
            names[row, place] = FINDING_NAMES.index(name)
    return boxes, names
