"""From a rendering to the square that an encoder sees, equal to open_clip's own transform.

open_clip works on PIL images through torchvision; the same arithmetic is done here with PIL
alone, so that the model's view can be shown without loading torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError

if TYPE_CHECKING:
    import torch

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
RESIZE_MODES = ("shortest", "longest", "squash")
INTERPOLATIONS = ("bicubic", "bilinear", "random")
# Above this, the whole resized picture is never made: a strip of 1 x 65535 pixels would take GBs.
LARGEST_RESIZED = 1 << 26


@dataclass(frozen=True, slots=True)
class PreprocessConfig:
    """How a rendering becomes the encoder's input; the defaults are open_clip's.

    Attributes:
        size: side S of the input square, in pixels.
        mean: what is subtracted from each channel, after division by 255.
        std: what each channel is then divided by.
        interpolation: `bicubic` or `bilinear` (`random`, from training, means bicubic).
        resize_mode: `shortest` scales the shorter side to S and cuts the longer one,
            `longest` scales the longer side to S and pads, `squash` changes the aspect.
        fill_color: grey value, 0 to 255, of what is padded.
        crop: how half a pixel is rounded when the longer side is cut: `round`, half to even, as
            torchvision does, or `floor`, as transformers' image processors do.
    """

    size: int = 224
    mean: tuple[float, float, float] = OPENAI_MEAN
    std: tuple[float, float, float] = OPENAI_STD
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    fill_color: int = 0
    crop: str = "round"


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the encoder's input square lies on the original image.

    Pixel centres map as `y_original = (y_input + offset_y + 0.5) * rows / resized_rows - 0.5`,
    columns alike; a negative offset is padding.
    """

    orig_hw: tuple[int, int]
    resized_hw: tuple[int, int]
    offset_yx: tuple[int, int]
    input_hw: tuple[int, int]
    mode: str
    grid_hw: tuple[int, int]
    patch_hw: tuple[int, int]


def plan(
    height: int,
    width: int,
    config: PreprocessConfig,
    grid_hw: tuple[int, int] = (1, 1),
    patch_hw: tuple[int, int] | None = None,
) -> Geometry:
    """Return how an image of `height` x `width` pixels is laid onto the input square.

    Args:
        grid_hw: the encoder's grid of patches, rows and columns.
        patch_hw: a patch's sides in input pixels; by default the square divided by the grid.
    """
    size = config.size
    if patch_hw is None:
        patch_hw = (size // grid_hw[0], size // grid_hw[1])
    if config.resize_mode == "squash":
        resized, offset = (size, size), (0, 0)
    elif config.resize_mode == "longest":
        ratio = max(height / size, width / size)
        resized = (max(1, round(height / ratio)), max(1, round(width / ratio)))
        offset = (-((size - resized[0]) // 2), -((size - resized[1]) // 2))
    else:
        resized = (
            (size, int(size * width / height))
            if height <= width
            else (int(size * height / width), size)
        )
        spare = (resized[0] - size, resized[1] - size)
        down = config.crop == "floor"
        # torchvision's CenterCrop rounds half to even
        offset = (
            (spare[0] // 2, spare[1] // 2)
            if down
            else (round(spare[0] / 2.0), round(spare[1] / 2.0))
        )
    return Geometry(
        (height, width), resized, offset, (size, size), config.resize_mode, grid_hw, patch_hw
    )


def check_image(pixels: NDArray[Any]) -> None:
    """Raise UsageError unless `pixels` is uint8 (rows, columns) or (rows, columns, 3)."""
    if not isinstance(pixels, np.ndarray):
        raise UsageError(
            f"An image must be a NumPy array, not {type(pixels).__name__}.",
            "Render files first, for example with vlm_explorer.render.",
        )
    right_shape = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not right_shape or pixels.size == 0:
        raise UsageError(
            f"An image must be uint8 of shape (rows, columns) or (rows, columns, 3), "
            f"not {pixels.dtype} of shape {pixels.shape}.",
            "Window grey values to 0..255 first, for example with vlm_explorer.render.",
        )


def model_view(pixels: NDArray[np.uint8], config: PreprocessConfig) -> NDArray[np.uint8]:
    """Return what the encoder sees of an image, before normalisation.

    Args:
        pixels: uint8 (rows, columns) or (rows, columns, 3).

    Returns:
        uint8 (S, S, 3). An (S, S, 3) input comes back unchanged in every resize mode.

    Raises:
        UsageError: `pixels` is not such an array.
    """
    from PIL import Image

    check_image(pixels)
    geometry = plan(pixels.shape[0], pixels.shape[1], config)
    (rows, columns), (top, left), size = geometry.resized_hw, geometry.offset_yx, config.size
    bilinear = config.interpolation == "bilinear"
    resample = Image.Resampling.BILINEAR if bilinear else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if rows * columns > LARGEST_RESIZED:
        y, x = pixels.shape[0] / rows, pixels.shape[1] / columns
        seen = (left * x, top * y, (left + size) * x, (top + size) * y)
        image = image.resize((size, size), resample, box=seen)
    else:
        image = image.resize((columns, rows), resample)
        if config.resize_mode == "longest":
            canvas = Image.new(image.mode, (size, size), _fill(image.mode, config.fill_color))
            canvas.paste(image, (-left, -top))
            image = canvas
        else:
            image = image.crop((left, top, left + size, top + size))
    return np.array(image.convert("RGB"))


def _fill(mode: str, grey: int) -> int | tuple[int, int, int]:
    return grey if mode == "L" else (grey, grey, grey)


def to_tensor(
    views: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], config: PreprocessConfig
) -> torch.Tensor:
    """Return float32 (N, 3, S, S): views uint8 (S, S, 3) divided by 255, then normalised."""
    import torch

    stack = torch.from_numpy(np.stack(list(views))).permute(0, 3, 1, 2).contiguous()
    tensor = stack.to(torch.float32).div_(255)
    mean = torch.tensor(config.mean, dtype=torch.float32).view(1, 3, 1, 1)
    std = torch.tensor(config.std, dtype=torch.float32).view(1, 3, 1, 1)
    return tensor.sub_(mean).div_(std)
