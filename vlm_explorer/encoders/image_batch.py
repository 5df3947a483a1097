"""One batch of model views through an image tower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch  # noqa: TID253 - only imported when an encoder is loaded
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import PreprocessConfig

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
Views = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]


def image_features(
    model: Any, views: Views, config: PreprocessConfig, device: str, precision: str
) -> torch.Tensor:
    """Return float32 (N, D), unit rows, on the device, which may still be computing them.

    The bytes go to the device, a quarter of what floats would be; there they are divided by 255
    and normalised in float32, as open_clip's own transform does it, before they are rounded to
    the tower's precision.

    Args:
        model: what `load_towers` returned, its image tower in `precision`.
        views: uint8 (S, S, 3) each, see `model_view`.
    """
    pixels = _to_device(torch.from_numpy(np.stack(list(views))), device)
    tensor = pixels.permute(0, 3, 1, 2).contiguous().to(torch.float32).div_(255)
    mean = torch.tensor(config.mean, dtype=torch.float32, device=device).view(1, 3, 1, 1)
    std = torch.tensor(config.std, dtype=torch.float32, device=device).view(1, 3, 1, 1)
    tensor.sub_(mean).div_(std)
    features: torch.Tensor = model.encode_image(tensor.to(DTYPES[precision]))
    return torch.nn.functional.normalize(features.float(), dim=-1)


def _to_device(pixels: torch.Tensor, device: str) -> torch.Tensor:
    """Copy to the device; to a CUDA device from pinned memory, while it computes."""
    if device == "cpu":
        return pixels
    if device.startswith("cuda"):
        return pixels.pin_memory().to(device, non_blocking=True)
    return pixels.to(device)
