"""Copies a model folder to where the program keeps its encoders."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from vlm_explorer.encoders.model_folder import ModelFolder, read_model_folder
from vlm_explorer.jobs import JobContext

COPIED_SUFFIXES = (".json", ".txt", ".model", ".md")
CHUNK = 1 << 22


def copy_model_folder(source: ModelFolder, target: Path, context: JobContext | None) -> None:
    """Copy what a model needs to the new folder `target`, whole or not at all.

    Weights that are not used, notebooks and example data stay behind. A text tower's
    configuration in another folder is copied beside the rest.

    Raises:
        OSError: no room, no permission, or `target` exists.
    """
    files = [
        file
        for file in sorted(source.path.iterdir())
        if file.is_file() and (file.suffix in COPIED_SUFFIXES or file.name.startswith("LICENSE"))
    ]
    text_config = Path(source.model_cfg["text_cfg"].get("hf_model_name") or "", "config.json")
    if source.text_config is not None and text_config.is_file() and text_config not in files:
        files.append(text_config)
    files.append(source.weights)
    total = sum(file.stat().st_size for file in files)
    target.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(target.parent).free < total:
        raise OSError(errno.ENOSPC, f"{total / 1e6:.0f} MB are needed and not free")
    with tempfile.TemporaryDirectory(prefix=".importing-", dir=target.parent) as partial:
        whole = Path(partial, target.name)
        whole.mkdir()
        done = 0
        for file in files:
            with file.open("rb") as reading, (whole / file.name).open("wb") as writing:
                while chunk := reading.read(CHUNK):
                    writing.write(chunk)
                    done += len(chunk)
                    if context is not None:
                        context.report(done, total, "Copying the encoder")
        read_model_folder(whole)
        whole.rename(target)
