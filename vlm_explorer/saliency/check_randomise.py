"""Does a map depend on what the encoder learned? Its weights are replaced by noise, step by step.

The cascading randomisation of Adebayo et al. (NeurIPS 2018): from the head down, each stage with
those above it, on a copy. The encoder itself is never touched.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.check_again import explain_again
from vlm_explorer.saliency.check_ranks import spearman, without_padding
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.found import tower_of
from vlm_explorer.saliency.taps import encode_views
from vlm_explorer.saliency.tower import image_module

if TYPE_CHECKING:
    import torch

DEEP = 3  # blocks, after which a map should be another
LIKE_BEFORE = 0.3  # rank correlation, either way, below which it is

# What follows the last block, by the names that open_clip, timm and transformers give it.
_HEAD = (
    "ln_post", "proj", "attn_pool",
    "trunk.norm", "trunk.fc_norm", "trunk.attn_pool", "trunk.head", "head",
    "tower.post_layernorm", "tower.head", "projection",
    "attnpool",
)  # fmt: skip
_RESNET_STAGES = ("layer1", "layer2", "layer3", "layer4")


@dataclass(frozen=True, slots=True)
class Randomisation:
    """How alike a map stays as the encoder forgets what it learned.

    Attributes:
        stages: `as it is`, then what was replaced by noise at each stage, besides all before.
        rhos: Spearman's rank correlation with the map itself after each, 1 at first; NaN where the
            map became flat.
        blocks: of the tower, in all.
        seed: of the noise.
    """

    stages: tuple[str, ...]
    rhos: tuple[float, ...]
    blocks: int
    seed: int

    @property
    def deep(self) -> int:
        """How many blocks are judged by: the last three, or as many as there are."""
        return min(DEEP, self.blocks)

    @property
    def rho(self) -> float:
        """The rank correlation after the head and the last three blocks."""
        return self.rhos[1 + self.deep]

    @property
    def failed(self) -> bool:
        """Whether the map stays like it was without what these blocks learned."""
        return abs(self.rho) >= LIKE_BEFORE


def why_not(encoder: Encoder) -> str:
    """Return why an encoder's weights cannot be randomised stage by stage; empty where they can."""
    visual = image_module(encoder)
    if visual is None:
        return "this encoder does not show its inside"
    if not _blocks(encoder, visual):
        return tower_of(encoder).reason or "its image tower has no blocks that are known"
    return ""


def randomisation(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    row: int = 0,
    *,
    seed: int = 0,
    context: JobContext | None = None,
) -> Randomisation:
    """Explain again and again while the image tower's weights are replaced from the head down.

    Each weight is drawn anew from a normal distribution with its tensor's own mean and standard
    deviation, so that activations keep their size. Texts keep their vectors.

    Args:
        encoder: whose tower it is; left as it is.
        pixels: the image as rendered, as given to `explain`.
        explanation: of it.
        row: which of its maps.
        seed: of the noise.
        context: told the progress, and asked for cancellation, at each stage.

    Raises:
        NotSupported: the tower's stages are not known.
    """
    import torch

    if reason := why_not(encoder):
        raise NotSupported(
            f"The weights of {encoder.id} cannot be randomised step by step: {reason}.",
            "Insertion and deletion work with every encoder.",
        )
    stand_in = StandIn(encoder)
    stages = _stages(stand_in)
    prompts = explanation.target["prompts"]
    own = without_padding(explanation.grid[row], explanation.geometry)
    chance = torch.Generator().manual_seed(seed)
    names, rhos = ["as it is"], [1.0]
    for done, (name, weights) in enumerate(stages):
        if context is not None:
            context.report(done, len(stages), f"Explaining without what was learned: {name}")
        _replace_by_noise(weights, chance)
        again = explain_again(stand_in, pixels, explanation, prompts, context)
        names.append(name)
        rhos.append(spearman(own, again.grid[row]))
    return Randomisation(tuple(names), tuple(rhos), len(stages) - 1, seed)


class StandIn:
    """An encoder with an image tower of its own, a deep copy in float32; all else is the other's.

    It is an `Encoder`, whose attributes are those of the one it stands for.
    """

    precision = "fp32"

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        visual: Any = copy.deepcopy(image_module(encoder))
        self.model = SimpleNamespace(visual=visual.float())
        self._texts: dict[tuple[str, ...], NDArray[np.float32]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_images(
        self,
        images: Sequence[NDArray[np.uint8]],
        *,
        batch_size: int | None = None,
        context: JobContext | None = None,
    ) -> NDArray[np.float32]:
        """Return float32 (N, D), unit rows, by the own tower."""
        found = []
        size = batch_size or 1
        for start in range(0, len(images), size):
            views = np.stack([self._encoder.view(image) for image in images[start : start + size]])
            found.append(encode_views(self._encoder, self.model.visual, views).cpu().numpy())
            if context is not None:
                context.check()
        return np.concatenate(found)

    def encode_texts(
        self, texts: Sequence[str], *, context: JobContext | None = None
    ) -> NDArray[np.float32]:
        """Return float32 (M, D), unit rows, as the other's; asked of it once."""
        key = tuple(texts)
        if key not in self._texts:
            self._texts[key] = self._encoder.encode_texts(list(texts), context=context)
        return self._texts[key]


def _stages(encoder: Encoder) -> list[tuple[str, list[torch.nn.Parameter]]]:
    """Return the weights of the head, then those of each block from the last to the first."""
    visual: Any = image_module(encoder)
    head = [
        weight
        for name, weight in visual.named_parameters()
        if any(name == part or name.startswith(f"{part}.") for part in _HEAD)
    ]
    blocks = [(name, list(block.parameters())) for name, block in _blocks(encoder, visual)]
    return [("head", head), *reversed(blocks)]


def _blocks(encoder: Encoder, visual: Any) -> list[tuple[str, Any]]:
    """Return the tower's blocks by name, in the order of computation."""
    tower = tower_of(encoder)
    if tower.blocks:
        return [(layer.name.lower(), layer.block) for layer in tower.blocks]
    if not hasattr(visual, _RESNET_STAGES[-1]):
        return []
    return [
        (f"stage {number}", getattr(visual, name)) for number, name in enumerate(_RESNET_STAGES, 1)
    ]


def _replace_by_noise(weights: list[torch.nn.Parameter], chance: torch.Generator) -> None:
    import torch

    with torch.no_grad():
        for weight in weights:
            spread = weight.std(unbiased=False) if weight.numel() > 1 else 0.0
            noise = torch.randn(weight.shape, generator=chance).to(weight.device)
            weight.copy_(weight.mean() + spread * noise)
