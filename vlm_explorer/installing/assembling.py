"""From fetched files to the model folder: put together beside its place, then moved in one step."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from vlm_explorer import paths
from vlm_explorer.encoders.model_folder import CONFIG_NAME, read_model_folder
from vlm_explorer.encoders.source import Source, write_source
from vlm_explorer.encoders.spec import EncoderSpec
from vlm_explorer.encoders.weight_parts import join_digests, weight_files
from vlm_explorer.installing.download import Wanted
from vlm_explorer.installing.model_copy import CONVERTED
from vlm_explorer.installing.normalising import normalised_config
from vlm_explorer.jobs import JobContext


def assemble(
    config: dict[str, Any] | None,
    spec: EncoderSpec,
    place: Path,
    files: list[Wanted],
    weights: str,
    digests: dict[str, str],
    context: JobContext,
) -> None:
    """Make the model folder of an encoder from the files in `place`.

    Args:
        weights: the name of the file of weights among `files`, or of the index of their parts.
        digests: SHA-256 of each file, by its name in the repository.

    Raises:
        ModelProblem: the files do not make up a model, or the weights cannot be read.
        OSError: no room, or no permission to write.
    """
    target = paths.models_folder() / spec.id
    whole = place / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    held = weight_files(place / weights)
    for wanted in files:
        if wanted.name not in (CONFIG_NAME, weights) and place / wanted.name not in held:
            shutil.copyfile(place / wanted.name, whole / wanted.name)
    if spec.loader == "open_clip":
        text = json.dumps(normalised_config(config, spec, target), indent=2)
        (whole / CONFIG_NAME).write_text(text + "\n", encoding="utf-8")
    converted = _place_weights(spec, place / weights, whole, context)
    published = join_digests([digests[file.name] for file in held])
    write_source(whole, _source(spec, files, weights, published, converted))
    read_model_folder(whole)
    context.check()
    whole.rename(target)


def _source(
    spec: EncoderSpec, files: list[Wanted], weights: str, published: str, converted: str
) -> Source:
    others = [each.subject for each in files if each.subject.repository != spec.repository]
    return Source(
        "hub",
        weights,
        published,
        repository=spec.repository,
        revision=files[-1].subject.revision,
        companion=f"{others[0].repository}@{others[0].revision}" if others else "",
        converted_from=weights if converted else "",
        weights_sha256=converted or published,
    )


def _place_weights(spec: EncoderSpec, weights: Path, whole: Path, context: JobContext) -> str:
    """Put the weights into the folder; return the digest of those made, "" if as they are.

    Made are those that come from PyTorch's format, or are joined from parts.

    The fetched file stays where it is until the folder is whole, so that a run that is stopped
    here need not fetch it again.
    """
    if weights.suffix != ".safetensors":
        from vlm_explorer.installing.conversion import convert_weights

        return convert_weights(weights, whole / CONVERTED[spec.loader], context)
    try:
        os.link(weights, whole / weights.name)
    except OSError:
        weights.replace(whole / weights.name)  # a file system without links
    return ""
