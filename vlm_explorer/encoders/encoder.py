"""What every encoder offers to the rest of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.precision import DeviceChoice
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.jobs import JobContext


@dataclass(frozen=True, slots=True)
class TextReading:
    """What an encoder reads of a text.

    Attributes:
        tokens_used: tokens that enter the encoder, its own start and end marks included.
        tokens_allowed: the length of its window.
        unread: words not wholly within the window, as typed, in order; they have no effect.
        unknown: words that it cannot know, as typed, each once.
        cut: whether the window ends within the first of `unread`, whose beginning is read.
    """

    tokens_used: int
    tokens_allowed: int
    unread: tuple[str, ...]
    unknown: tuple[str, ...]
    cut: bool = False


class Encoder(Protocol):
    """Turns images and texts into unit vectors of one space.

    Attributes:
        id: the name under which vectors are kept.
        fingerprint: hexadecimal digest of weights, configuration and tokenizer.
        folder: the model folder that it was loaded from.
        device: torch's name of the device, such as `cpu` or `cuda:0`.
        precision: of the image tower, `fp32`, `bf16` or `fp16`; texts are encoded in float32.
        choice: how device and precision were chosen, and what was measured.
        dimension: length D of the vectors.
        logit_scale: what cosines are multiplied by before softmax or sigmoid (not its logarithm).
        logit_bias: what is added after that where the encoder was trained with a sigmoid loss.
        preprocess: how a rendering becomes the square that the encoder sees.
        context_length: tokens that fit into its window.
        domain: what kind of images it was trained on, in words.
    """

    id: str
    fingerprint: str
    folder: str
    device: str
    precision: str
    dimension: int
    logit_scale: float
    logit_bias: float | None
    preprocess: PreprocessConfig
    context_length: int
    domain: str
    choice: DeviceChoice

    @property
    def batch_limit(self) -> int | None:
        """The number of images that still fitted when memory last ran out; None if never."""
        ...

    def encode_images(
        self,
        images: Sequence[NDArray[np.uint8]],
        *,
        batch_size: int | None = None,
        context: JobContext | None = None,
    ) -> NDArray[np.float32]:
        """Return float32 (N, D), unit rows, of uint8 images (rows, columns[, 3])."""
        ...

    def encode_texts(
        self, texts: Sequence[str], *, context: JobContext | None = None
    ) -> NDArray[np.float32]:
        """Return float32 (M, D), unit rows."""
        ...

    def read_text(self, text: str) -> TextReading:
        """Return what the encoder reads of `text`."""
        ...

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return uint8 (S, S, 3), exactly what the encoder sees before normalisation."""
        ...
