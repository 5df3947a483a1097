"""The picture that an encoder gets: the default rendering, or CT through a chosen window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from vlm_explorer.pixels.ct_choice import CHANNELS, DEFAULT, THREE
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.render import Rendering, render_frame
from vlm_explorer.pixels.windowing import Window


def applies_to(frame: Frame) -> bool:
    """Whether a frame is CT in Hounsfield units; localizers, captures and colour are not."""
    is_hounsfield = frame.unit == "HU" and not frame.is_colour
    return frame.modality == "CT" and is_hounsfield and not frame.is_capture


def render_file_for_encoder(path: Path, frame: int = 0, ct_window: str = DEFAULT) -> Rendering:
    """Render one picture of a file as the encoder gets it; raises as `read_frame` does."""
    return render_for_encoder(read_frame(path, frame), ct_window)


def render_for_encoder(frame: Frame, ct_window: str = DEFAULT) -> Rendering:
    """Render a decoded picture as the encoder gets it, before the model's resize and crop.

    Args:
        frame: what `read_frame` returned.
        ct_window: one of `ct_choice.CHOICES`. All but `default` apply to CT alone; `three
            windows` gives RGB of the presets lung, soft tissue and bone.
    """
    if ct_window == DEFAULT or not applies_to(frame):
        return render_frame(frame)
    if ct_window != THREE:
        return render_frame(frame, ct_window)
    channels = [render_frame(frame, name) for name in CHANNELS]
    pixels = np.stack([channel.pixels for channel in channels], axis=-1)
    low = min(each.window.centre - each.window.width / 2 for each in channels)
    high = max(each.window.centre + each.window.width / 2 for each in channels)
    whole = Window((low + high) / 2, high - low, f"preset: {THREE}")
    return replace(channels[0], pixels=pixels, window=whole)
