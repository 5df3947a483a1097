"""How much of a prompt's cosine is lost when a part of the image is hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.taps import encode_views, shadow
from vlm_explorer.saliency.tower import Tower, image_module

Floats = NDArray[np.float32]
Views = NDArray[np.uint8]
Baseline = Literal["blur", "mean", "zero", "black"]
# Called after each batch with the map so far, float32 (P, gh, gw), NaN where nothing was hidden
# yet, and with how many windows of how many are done.
OnPartial = Callable[[Floats, int, int], None]

BASELINES: tuple[Baseline, ...] = ("blur", "mean", "zero", "black")
_BLUR_SHARE_OF_SIDE = 0.05
# Windows that lie side by side should number about 7 x 7: coarse, but there in seconds.
_WINDOWS_A_SIDE = 7
# Floating point operations of a batch on a CPU: about a tenth of a second on two cores, so that
# a run can be stopped, or give way to what the user asks meanwhile.
_CPU_BATCH = 1e10
_MOST_AT_ONCE = 32


def default_window(tower: Tower) -> int:
    """Return the side of a window, in patches, that leaves about 7 x 7 of them."""
    return max(1, min(tower.grid_hw) // _WINDOWS_A_SIDE)


def occlude(
    encoder: Encoder,
    tower: Tower,
    view: Views,
    texts: Floats,
    *,
    window: int,
    stride: int,
    baseline: Baseline = "blur",
    batch_size: int | None = None,
    context: JobContext | None = None,
    on_partial: OnPartial | None = None,
) -> tuple[Floats, Floats, int]:
    """Hide window after window and measure the cosine drop (Zeiler and Fergus 2014).

    Windows are squares of whole patches. A patch's value is the mean over the windows that cover
    it of the cosine with everything visible, less the cosine with the window hidden. Windows that
    tile the image come first, so that a map of the whole image is there early, and those that
    overlap with them (a stride below the window) refine it.

    Args:
        encoder: any.
        tower: its grid of patches.
        view: uint8 (S, S, 3), what the encoder sees.
        texts: float32 (P, D), unit rows; their number costs nothing.
        window: side of a window, in patches.
        stride: distance of windows, in patches, at most `window`.
        baseline: what is shown in a window: `blur`, the image under a Gaussian of 5 % of the
            side; `mean`, its mean colour; `zero`, the mean of the encoder's training images;
            `black`.
        batch_size: images encoded at once; by default as many as take a moment (`batch_size_of`).
        context: told the progress and asked for cancellation after each batch.
        on_partial: see `OnPartial`.

    Returns:
        cosine drop float32 (P, gh, gw), the cosines themselves float32 (P,), passes made.
    """
    windows = plan_windows(tower.grid_hw, window, stride)
    hidden = make_baseline(view, baseline, encoder.preprocess.mean)
    encode = view_encoder(encoder)
    size = batch_size or batch_size_of(encoder, tower)
    score = encode(view[None])[0] @ texts.T
    total = np.zeros((len(texts), *tower.grid_hw), np.float64)
    covered = np.zeros(tower.grid_hw, np.int64)
    for start in range(0, len(windows), size):
        batch = windows[start : start + size]
        drops = score - encode(_hide(view, hidden, batch, tower.patch_hw)) @ texts.T
        for (top, bottom, left, right), drop in zip(batch.tolist(), drops, strict=True):
            total[:, top:bottom, left:right] += drop[:, None, None]
            covered[top:bottom, left:right] += 1
        done = start + len(batch)
        if context is not None:
            context.report(done, len(windows), "Hiding parts of the image")
        if on_partial is not None:
            on_partial(_mean(total, covered), done, len(windows))
    return _mean(total, covered), np.asarray(score, np.float32), 1 + len(windows)


def batch_size_of(encoder: Encoder, tower: Tower) -> int:
    """Return how many images are encoded at once: fixed by the tower, so that results repeat.

    A tower of w weights does about 2 w operations for each of its patches.
    """
    visual = image_module(encoder)
    if encoder.device != "cpu" or visual is None:
        return _MOST_AT_ONCE if encoder.device != "cpu" else 1
    weights = sum(parameter.numel() for parameter in visual.parameters())
    operations = 2.0 * weights * tower.grid_hw[0] * tower.grid_hw[1]
    return int(min(max(_CPU_BATCH // operations, 1), _MOST_AT_ONCE))


def plan_windows(grid_hw: tuple[int, int], window: int, stride: int) -> NDArray[np.int64]:
    """Return windows (W, 4) as top, bottom, left, right in patches, in the order to be done.

    Every patch is covered; windows at the far edges are cut off by the grid. Those that tile the
    grid come first, each group spread over the image from its first windows on.

    Raises:
        UsageError: a window larger than the grid, or a stride that leaves gaps.
    """
    if not 1 <= window <= max(grid_hw) or not 1 <= stride <= window:
        raise UsageError(
            f"A window of {window} patches and a stride of {stride} do not fit a grid of "
            f"{grid_hw[0]} x {grid_hw[1]}.",
            "The window is at least 1 patch, and the stride at least 1 and at most the window.",
        )
    down, across = (_starts(cells, window, stride) for cells in grid_hw)
    corners = [(top, left) for top in down for left in across]
    corners.sort(key=lambda corner: (_overlapping(corner, window), _scattered(corner)))
    height, width = grid_hw
    return np.array(
        [
            (top, min(top + window, height), left, min(left + window, width))
            for top, left in corners
        ],
        np.int64,
    )


def _starts(cells: int, window: int, stride: int) -> list[int]:
    """Return where windows begin along one side; none begins once the side is covered."""
    return [
        0,
        *(start for start in range(stride, cells, stride) if start - stride + window < cells),
    ]


def _overlapping(corner: tuple[int, int], window: int) -> bool:
    return any(start % window for start in corner)


def _scattered(corner: tuple[int, int]) -> int:
    """Return a rank that visits the image coarsely first: the corner's bits, mirrored."""
    top, left = corner
    bits = "".join(f"{(top >> bit) & 1}{(left >> bit) & 1}" for bit in range(8))
    return int(bits, 2)


def make_baseline(view: Views, baseline: Baseline, mean: tuple[float, float, float]) -> Views:
    """Return the picture, uint8 (S, S, 3), whose parts replace what is hidden.

    Args:
        view: uint8 (S, S, 3).
        baseline: as in `occlude`.
        mean: of the encoder's training images, in 0..1, one a channel.

    Raises:
        UsageError: no such baseline.
    """
    if baseline == "blur":
        from PIL import Image, ImageFilter

        blur = ImageFilter.GaussianBlur(_BLUR_SHARE_OF_SIDE * view.shape[0])
        return np.asarray(Image.fromarray(view).filter(blur))
    colours: dict[str, Any] = {
        "mean": view.mean(axis=(0, 1)),
        "zero": 255 * np.array(mean),
        "black": 0,
    }
    if baseline not in colours:
        raise UsageError(f"There is no baseline {baseline!r}.", f"Choose {', '.join(BASELINES)}.")
    return np.broadcast_to(np.rint(colours[baseline]), view.shape).astype(np.uint8)


def _hide(
    view: Views, hidden: Views, windows: NDArray[np.int64], patch_hw: tuple[int, int]
) -> Views:
    """Return uint8 (W, S, S, 3): the view with each window replaced."""
    views = np.repeat(view[None], len(windows), axis=0)
    height, width = patch_hw
    for picture, (top, bottom, left, right) in zip(views, windows.tolist(), strict=True):
        place = slice(top * height, bottom * height), slice(left * width, right * width)
        picture[place] = hidden[place]
    return views


def view_encoder(encoder: Encoder) -> Callable[[Views], Floats]:
    """Return what encodes model views (B, S, S, 3) to unit rows (B, D), in float32 where it can.

    In half precision the rounding of a cosine is as large as the drops that are looked for.
    """
    visual = image_module(encoder)
    if encoder.precision == "fp32" or visual is None:
        return lambda views: encoder.encode_images(list(views), batch_size=len(views))
    exact = shadow(visual)
    return lambda views: np.asarray(encode_views(encoder, exact, views).cpu().numpy(), np.float32)


def _mean(total: NDArray[np.float64], covered: NDArray[np.int64]) -> Floats:
    where_covered = np.where(covered > 0, covered, np.nan)
    return np.asarray(total / where_covered, np.float32)
