"""Adds encoders to this machine from folders and files, and removes them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vlm_explorer import paths
from vlm_explorer.encoders.catalogue import read_catalogue
from vlm_explorer.encoders.model_folder import ModelFolder, read_model_folder
from vlm_explorer.encoders.registry import ID, describe, fetching_folder, find_installed, slug
from vlm_explorer.encoders.spec import EncoderSpec
from vlm_explorer.encoders.weight_parts import stem_of
from vlm_explorer.errors import ModelNotFound, ModelProblem, StorageProblem, UsageError
from vlm_explorer.installing.model_copy import Import, copy_model_folder
from vlm_explorer.jobs import JobContext


def import_model(
    folder: Path,
    id: str | None = None,
    *,
    context: JobContext | None = None,
) -> EncoderSpec:
    """Copy a model folder into the user's folder of models, whole or not at all.

    Args:
        folder: in open_clip's layout.
        id: what to call it; by default the registry's id of a folder named like a published
            repository, else the folder's name.

    Raises:
        BadModelFolder, WeightsNotFound, ModelNotFound: as `read_model_folder`.
        UsageError: the id cannot be used.
        ModelProblem: the id is taken.
        StorageProblem: no room, or no permission to write.
    """
    source = read_model_folder(folder)
    return _install(source, _free_id(id, source.path.resolve().name), context)


def import_checkpoint(
    file: Path,
    architecture: str,
    id: str | None = None,
    *,
    pretrained: str = "",
    preprocess: Mapping[str, Any] | None = None,
    tokenizer: Path | None = None,
    context: JobContext | None = None,
) -> EncoderSpec:
    """Make an encoder of the user's own file of weights, whole or not at all.

    Args:
        file: a state dict in PyTorch's format or in safetensors, or the index of its parts.
        architecture: open_clip's name of it, one of `checkpoints.architectures()`.
        id: what to call it; by default the file's name.
        pretrained: open_clip's name of the weights that training started from, where that decides
            how images are prepared.
        preprocess: how images are prepared, where neither says it; as `make_model_folder`.
        tokenizer: folder of the tokenizer's files, where they do not lie beside the weights.

    Raises:
        BadModelFolder, UsageError, ModelNotFound: as `make_model_folder`.
        ModelProblem: the id is taken.
        StorageProblem: no room, or no permission to write.
    """
    from vlm_explorer.installing.checkpoints import make_model_folder

    context = context or JobContext()
    id_ = _free_id(id, stem_of(file))
    with _place_beside_the_models() as place:
        made = make_model_folder(
            file,
            architecture,
            Path(place) / id_,
            pretrained=pretrained,
            preprocess=preprocess,
            tokenizer=tokenizer,
            context=context,
        )
        origin = Import("checkpoint", file, made.sha256, architecture)
        return _install(read_model_folder(made.folder), id_, context, origin)


def _place_beside_the_models() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for a while, on the disk where there has to be room anyway."""
    folder = paths.models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".making-", dir=folder)
    except OSError as error:
        raise _not_copied(error) from error


def _free_id(id_: str | None, name: str) -> str:
    """Return the id that an encoder from a file or folder called `name` gets."""
    registry = read_catalogue()
    by_repository = {
        spec.repository.split("/")[-1].casefold(): spec.id
        for spec, _ in registry.values()
        if spec.repository
    }
    chosen = id_ or by_repository.get(name.casefold()) or slug(name)
    if not ID.fullmatch(chosen):
        raise UsageError(
            f"{chosen!r} cannot be the id of an encoder.",
            "Choose an id of lower-case letters, digits, dots, hyphens and underscores.",
        )
    if find_installed(chosen, registry) or (chosen in registry and registry[chosen][1]):
        raise ModelProblem(
            f"There is already an encoder {chosen} on this machine.",
            f"Choose another id, or remove it first: `vlm-explorer models remove {chosen}`.",
        )
    return chosen


def _install(
    source: ModelFolder, id_: str, context: JobContext | None, origin: Import | None = None
) -> EncoderSpec:
    try:
        copy_model_folder(source, paths.models_folder() / id_, context or JobContext(), origin)
    except OSError as error:
        raise _not_copied(error) from error
    return describe(id_)


def _not_copied(error: OSError) -> StorageProblem:
    return StorageProblem(
        f"The encoder could not be copied to {paths.models_folder()}: {error.strerror}.",
        "Make room there, or set VLM_EXPLORER_HOME to a folder that you may write to.",
    )


def remove_model(id: str) -> None:
    """Delete an encoder from this machine, or what a stopped fetch left of it.

    Vectors that it made stay usable.

    Raises:
        ModelNotFound: it is not on this machine.
        ModelProblem: it is part of the program.
        StorageProblem: no permission to delete.
    """
    encoder = find_installed(id, read_catalogue())
    fetched = fetching_folder(id)
    if encoder is None and ID.fullmatch(id) and fetched.is_dir():
        shutil.rmtree(fetched, ignore_errors=True)
        return
    if encoder is None:
        raise ModelNotFound(
            f"There is no encoder {id} on this machine.", "`vlm-explorer models` lists them."
        )
    if encoder.bundled:
        raise ModelProblem(
            f"The encoder {id} is part of the program and cannot be removed.",
            "It takes part in nothing unless it is chosen.",
        )
    doomed = encoder.folder.with_name(f".removed-{id}")
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        encoder.folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise StorageProblem(
            f"The encoder {id} could not be deleted: {error.strerror}.",
            "Close whatever uses it, and check that you may write to its folder.",
        ) from error
