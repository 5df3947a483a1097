"""Copies a model folder to where the program keeps its encoders."""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.encoders.model_folder import ModelFolder, read_model_folder
from vlm_explorer.encoders.source import Source, read_source, write_source
from vlm_explorer.encoders.weight_parts import (
    is_index,
    join_digests,
    weight_files,
    weights_bytes,
)
from vlm_explorer.jobs import JobContext

COPIED_SUFFIXES = (".json", ".txt", ".model", ".md")
CONVERTED = {"open_clip": "open_clip_model.safetensors", "transformers": "model.safetensors"}
CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Import:
    """What a folder is imported from, for its `source.json`."""

    origin: str = "folder"
    file: Path | None = None
    sha256: str = ""
    architecture: str = ""


def copy_model_folder(
    source: ModelFolder, target: Path, context: JobContext, origin: Import | None = None
) -> None:
    """Copy what a model needs to the new folder `target`, whole or not at all.

    Weights that are not used, notebooks and example data stay behind. A text tower's
    configuration in another folder is copied beside the rest. Weights in PyTorch's format are
    converted to safetensors, and those in parts are joined. Where the weights came from is written
    beside them, with the digest of the file that was there.

    Raises:
        BadModelFolder: the weights are to be converted and cannot be read.
        OSError: no room, no permission, or `target` exists.
    """
    files = _small_files(source)
    total = weights_bytes(source.weights) + sum(file.stat().st_size for file in files)
    target.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(target.parent).free < total:
        raise OSError(errno.ENOSPC, f"{total / 1e6:.0f} MB are needed and not free")
    with tempfile.TemporaryDirectory(prefix=".importing-", dir=target.parent) as partial:
        whole = Path(partial, target.name)
        whole.mkdir()
        for file in files:
            shutil.copyfile(file, whole / file.name)
        written = _copy_weights(source, whole, context)
        known = read_source(whole)
        if origin is not None or known is None or known.weights_sha256 != written.weights_sha256:
            write_source(whole, _described(written, origin))
        read_model_folder(whole)
        whole.rename(target)


def _small_files(source: ModelFolder) -> list[Path]:
    files = [
        file
        for file in sorted(source.path.iterdir())
        if file.is_file()
        and (file.suffix in COPIED_SUFFIXES or file.name.startswith("LICENSE"))
        and not is_index(file.name)
    ]
    text_cfg = source.model_cfg.get("text_cfg") or {}
    elsewhere = Path(text_cfg.get("hf_model_name") or "", "config.json")
    if source.text_config is not None and elsewhere.is_file() and elsewhere not in files:
        files.append(elsewhere)
    return files


def _copy_weights(source: ModelFolder, whole: Path, context: JobContext) -> Source:
    """Copy, convert or join the weights; return what is known of them."""
    file = source.weights
    if file.suffix != ".safetensors":
        from vlm_explorer.installing.conversion import convert_weights

        sha256 = join_digests([_copy(each, None, context) for each in weight_files(file)])
        written = convert_weights(file, whole / CONVERTED[source.loader], context)
        return Source("folder", file.name, sha256, converted_from=file.name, weights_sha256=written)
    sha256 = _copy(file, whole / file.name, context)
    return Source("folder", file.name, sha256, weights_sha256=sha256)


def _copy(file: Path, target: Path | None, context: JobContext) -> str:
    """Read a file, write it to `target` if there is one, and return its SHA-256."""
    digest = hashlib.sha256()
    size, done = file.stat().st_size, 0
    doing = "Copying the encoder" if target else "Reading the weights"
    writing = target.open("wb") if target else None
    try:
        with file.open("rb") as reading:
            while chunk := reading.read(CHUNK):
                digest.update(chunk)
                if writing is not None:
                    writing.write(chunk)
                done += len(chunk)
                context.report(done, size, doing)
    finally:
        if writing is not None:
            writing.close()
    return digest.hexdigest()


def _described(written: Source, origin: Import | None) -> Source:
    if origin is None or origin.file is None:
        return written
    return Source(
        origin.origin,
        origin.file.name,
        origin.sha256,
        architecture=origin.architecture,
        converted_from=origin.file.name,
        weights_sha256=written.weights_sha256,
    )
