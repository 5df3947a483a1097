"""What a query of several parts stands for: one vector, which is explained as a text's is.

A query is the weighted sum of unit vectors (`queries/query_vector.py`), and the cosine with it is
what its images are ranked by. Every method that explains a prompt knows of it only its vector, so
that it explains any vector of the encoder's space.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.registry import describe
from vlm_explorer.jobs import JobContext

SAME = 0.9995  # cosine from which an image is the one searched for; vectors are kept in float16
# Where the usual method cannot explain a direction, the first of these that can does.
INSTEAD: tuple[Literal["legrad", "decomp", "occlusion"], ...] = ("legrad", "decomp", "occlusion")
_AT_ITSELF = ("gradattn", "gradcam")  # their maps are multiples of the cosine's gradient
_LIKENESS = "similarity to "


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A query that is more than a text.

    Attributes:
        words: what it is; they stand for it wherever a prompt does, and name no file.
        vector: float32 (D,), its unit vector.
        title: what the window calls it.
        of_images: whether it is made of images alone.
        opposed: whether part of it counts against an image.
    """

    words: str
    vector: NDArray[np.float32]
    title: str
    of_images: bool = False
    opposed: bool = False

    @property
    def digest(self) -> str:
        """What tells its vector from that of another query of the same words."""
        return hashlib.blake2b(self.vector.tobytes(), digest_size=8).hexdigest()


def likeness(words: str) -> str:
    """Return what to call a query of images alone."""
    return f"{_LIKENESS}{words}"


def quoted(prompt: str) -> str:
    """Return a prompt in quotation marks; the words of a query have their own, where they do."""
    own = "“" in prompt or prompt.startswith(_LIKENESS)
    return prompt if own else f"“{prompt}”"


def why_not(encoder: Encoder, direction: Direction, *, itself: bool = False) -> dict[str, str]:
    """Return by method why it cannot explain a direction; others can, where they apply at all.

    Args:
        itself: whether the image to be explained lies in that very direction.
    """
    reasons: dict[str, str] = {}
    if direction.of_images and describe(encoder.id).patches == "text":
        reasons["patchsim"] = "its patches were trained to match words, and this query has none"
    if itself:
        reason = "this is the scan that is searched for: at a cosine of 1 no gradient is left"
        reasons |= dict.fromkeys(_AT_ITSELF, reason)
    return reasons


class Directed:
    """An encoder to which the words of a direction mean that direction.

    It is an `Encoder`, whose attributes are those of the one it stands for.
    """

    def __init__(self, encoder: Encoder, direction: Direction) -> None:
        self._encoder = encoder
        self.direction = direction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_texts(
        self, texts: Sequence[str], *, context: JobContext | None = None
    ) -> NDArray[np.float32]:
        """Return float32 (M, D), unit rows; the direction's own for its words."""
        words = self.direction.words
        others = [text for text in texts if text != words]
        vectors = iter(self._encoder.encode_texts(others, context=context) if others else ())
        rows = [self.direction.vector if text == words else next(vectors) for text in texts]
        return np.stack(rows).astype(np.float32)


def direction_of(encoder: Encoder, prompt: str) -> Direction | None:
    """Return the direction that a prompt means to an encoder; None where it is a text."""
    if isinstance(encoder, Directed) and encoder.direction.words == prompt:
        return encoder.direction
    return None


def one_sided(encoder: Encoder, prompts: Sequence[str], *, signed: bool) -> list[str]:
    """Return what to say of maps that show only half of what directions are."""
    found = [direction_of(encoder, prompt) for prompt in prompts]
    if signed or not any(each is not None and each.opposed for each in found):
        return []
    return [
        "Part of the query counts against an image, and this method shows only what speaks for "
        "the whole. Direct contribution and occlusion show both."
    ]
