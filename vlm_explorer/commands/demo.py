"""`vlm-explorer demo --write`: a synthetic study on disk."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from vlm_explorer.commands.terminal import job


def write(arguments: Namespace) -> int:
    """Write the demo study into a folder."""
    from vlm_explorer.demo.study import write_study

    folder = Path(arguments.write).expanduser()
    context, line = job(arguments)
    try:
        write_study(folder, images=arguments.images, seed=arguments.seed, context=context)
    finally:
        line.end()
    print(f"Wrote {arguments.images} images to {folder}.")
    return 0
