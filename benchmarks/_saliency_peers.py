"""Peers of `saliency.py`, run by the Python of their own environment: WINDOW.

It imports nothing of this project. The first line that it prints is the JSON list of what the
environment has; from then on each line that it reads is one of these, and is answered by
seconds: for the map of one prompt, from pixels on, with random weights of ViT-B/16.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

MODULE_OF = {"legrad": "legrad", "gradcam": "pytorch_grad_cam", "occlusion": "captum"}
PATCH, SIDE = 16, 224


def scores(model: Any, text: Any) -> Any:
    """Return a module from pixels (B, 3, S, S) to cosines (B, 1)."""
    import torch

    class Scores(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.visual = model.visual

        def forward(self, pixels: Any) -> Any:
            return torch.nn.functional.normalize(self.visual(pixels), dim=-1) @ text.T

    return Scores()


def legrad(model: Any, pixels: Any, text: Any, _window: int) -> Callable[[], object]:
    from legrad import LeWrapper

    with contextlib.redirect_stdout(io.StringIO()):
        wrapped = LeWrapper(model, layer_index=0)
    return lambda: wrapped.compute_legrad(text, image=pixels)


def gradcam(model: Any, pixels: Any, text: Any, _window: int) -> Callable[[], object]:
    from pytorch_grad_cam import GradCAM

    def on_grid(tokens: Any) -> Any:
        return tokens[:, 1:].unflatten(1, (SIDE // PATCH, -1)).permute(0, 3, 1, 2)

    layer = model.visual.transformer.resblocks[-1].ln_1
    explain = GradCAM(scores(model, text), [layer], reshape_transform=on_grid)
    return lambda: explain(pixels, [lambda found: found[0]])


def occlusion(model: Any, pixels: Any, text: Any, window: int) -> Callable[[], object]:
    import torch
    from captum.attr import Occlusion

    side = (3, window * PATCH, window * PATCH)
    explain = Occlusion(scores(model, text))

    def run() -> object:
        with torch.no_grad():
            return explain.attribute(
                pixels, sliding_window_shapes=side, strides=side, baselines=0.0, target=0
            )

    return run


def main(window: int) -> None:
    import open_clip
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    known = {"legrad": legrad, "gradcam": gradcam, "occlusion": occlusion}
    there = [name for name in known if importlib.util.find_spec(MODULE_OF[name])]
    pixels = torch.randn(1, 3, SIDE, SIDE)
    text = torch.nn.functional.normalize(torch.randn(1, 512), dim=-1)
    model = open_clip.create_model("ViT-B-16", pretrained=None).eval()
    # each changes its model
    runs = {name: known[name](copy.deepcopy(model), pixels, text, window) for name in there}
    print(json.dumps(there), flush=True)
    for line in sys.stdin:
        started = time.process_time()
        runs[line.strip()]()
        print(json.dumps(time.process_time() - started), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
