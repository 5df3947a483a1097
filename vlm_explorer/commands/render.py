"""`vlm-explorer render`: the picture that the viewer shows at first, or that the encoder sees."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.commands.pictures import write_npy, write_png
from vlm_explorer.commands.terminal import print_json
from vlm_explorer.errors import UsageError, WrongOptions
from vlm_explorer.export.places import check_place

if TYPE_CHECKING:
    from vlm_explorer.pixels.windowing import Window


def run(arguments: Namespace) -> int:
    """Render a frame, and write what was asked for."""
    from vlm_explorer.api import render
    from vlm_explorer.pixels.encoding_window import render_file_for_encoder

    if arguments.audience == "model" and arguments.window:
        raise WrongOptions(
            "The encoder sees the file's default rendering, not another window.",
            "Leave out --window, use --for screen, or give --ct-window.",
        )
    if arguments.audience == "screen" and arguments.ct_window != "default":
        raise WrongOptions(
            "--ct-window is for the encoder's picture.", "Use --window, or add --for model."
        )
    check_place(arguments.png, arguments.npy)
    path = Path(arguments.file).expanduser()
    if arguments.audience == "model":
        rendering = render_file_for_encoder(path, arguments.frame, arguments.ct_window)
        pixels = _model_view(arguments, rendering.pixels)
    else:
        rendering = render(path, arguments.frame, _window(arguments))
        pixels = rendering.pixels
    if arguments.png:
        write_png(Path(arguments.png), pixels)
    if arguments.npy:
        write_npy(Path(arguments.npy), pixels)
    window = rendering.window
    facts = {
        "file": str(path),
        "frame": arguments.frame,
        "rows": int(pixels.shape[0]),
        "columns": int(pixels.shape[1]),
        "photometric": rendering.photometric,
        "window": {"centre": window.centre, "width": window.width, "source": window.source},
        "inverted": rendering.inverted,
        "warnings": list(rendering.warnings),
    }
    if arguments.json:
        print_json(facts)
    else:
        print(
            f"{path} frame {arguments.frame}: {pixels.shape[1]} x {pixels.shape[0]}, "
            f"{rendering.photometric}, W {window.width:g} L {window.centre:g} ({window.source})"
        )
        for warning in rendering.warnings:
            print(f"warning: {warning}")
    return 0


def _window(arguments: Namespace) -> Window | str | None:
    """Return the window that is asked for; None: the file's own."""
    from vlm_explorer.pixels.windowing import parse_window

    if arguments.window is None:
        return None
    try:
        return parse_window(arguments.window)
    except UsageError as error:
        raise WrongOptions(error.text, error.hint) from error


def _model_view(arguments: Namespace, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what the encoder sees of `pixels`, before normalisation; no weights are loaded."""
    from vlm_explorer.encoders.model_folder import read_model_folder
    from vlm_explorer.encoders.preprocess import model_view
    from vlm_explorer.encoders.registry import default_model, find_model_folder
    from vlm_explorer.settings import load_settings

    model = arguments.model or default_model(load_settings().model or None)[0]
    _, folder = find_model_folder(model)
    return model_view(pixels, read_model_folder(folder).preprocess)
