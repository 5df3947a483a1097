"""What is to be explained, and what the answer to that depends on. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.saliency.directions import Direction, direction_of
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.viewmodels.viewer_frames import FrameKey

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder

SLOW = frozenset({"occlusion"})  # those that take many passes through the encoder


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be explained.

    Attributes:
        image_id: of the image.
        frame: its pixels.
        encoder: whose answer is explained.
        prompt: the text whose cosine is explained, or the words of a direction that the encoder
            knows, see `saliency.directions`; "" where there is none.
        ct_window: through which window the encoder sees CT.
        source: where the frame was read.
        method: one of `explain.METHODS`.
        params: the method's own settings, by name.
    """

    image_id: str
    frame: Frame
    encoder: Encoder
    prompt: str = ""
    ct_window: str = DEFAULT
    source: FrameKey = FrameKey("", 0)
    method: str = "attention"
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def picture(self) -> tuple[str, ...]:
        """What the encoder's picture depends on, and who looks at it."""
        return self.image_id, self.encoder.fingerprint, self.ct_window

    @property
    def direction(self) -> Direction | None:
        """What the prompt means to the encoder, where it is no text."""
        return direction_of(self.encoder, self.prompt)

    @property
    def called(self) -> str:
        """What the window calls the prompt."""
        direction = self.direction
        return self.prompt if direction is None else direction.title

    @property
    def asked(self) -> tuple[str, str]:
        """The prompt, and what tells it from another of the same words."""
        direction = self.direction
        return self.prompt, "" if direction is None else direction.digest

    @property
    def key(self) -> tuple[Any, ...]:
        """What the answer depends on."""
        asked = ("", "") if self.method in IMAGE_ONLY else self.asked
        return *self.picture, *asked, self.method, self.params

    @property
    def texts(self) -> list[str]:
        """The prompts as the method takes them."""
        return [self.prompt] if self.prompt and self.method not in IMAGE_ONLY else []
