"""The encoders on offer and those on this machine; no torch here.

What is on offer stands in `resources/encoders.toml`, one table an encoder. An encoder is on this
machine when its model folder comes with the program or lies in the user's folder of models; a
folder there that has no table in the registry is an encoder too.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vlm_explorer import paths
from vlm_explorer.encoders.model_copy import copy_model_folder
from vlm_explorer.encoders.model_folder import CONFIG_NAME, read_model_folder
from vlm_explorer.encoders.spec import EncoderSpec
from vlm_explorer.errors import ModelNotFound, ModelProblem, StorageProblem, UsageError
from vlm_explorer.jobs import JobContext

DEMO = "demo"
ID = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class InstalledEncoder:
    """An encoder on this machine; what its spec lacked is filled in from its folder."""

    spec: EncoderSpec
    folder: Path
    bundled: bool


def list_encoders() -> list[tuple[EncoderSpec, Path | None]]:
    """Return every encoder on offer with its folder, None where it is not on this machine.

    Those of the registry come first, in its order, then imported ones by id.
    """
    offered: list[tuple[EncoderSpec, Path | None]] = []
    registry = _read_registry()
    folders = sorted(paths.models_folder().glob(f"[!.]*/{CONFIG_NAME}"))
    for id_ in dict.fromkeys([*registry, *(file.parent.name for file in folders)]):
        encoder = _find_installed(id_, registry)
        if encoder is not None:
            offered.append((encoder.spec, encoder.folder))
        elif id_ in registry:
            offered.append((registry[id_][0], None))
    return offered


def find_model_folder(model: str) -> tuple[str, Path]:
    """Return the id and the folder of an encoder that is named by id or by folder.

    Raises:
        ModelNotFound: no such id or folder, or the encoder is not on this machine.
    """
    registry = _read_registry()
    if encoder := _find_installed(model, registry):
        return model, encoder.folder
    if model in registry:
        spec = registry[model][0]
        raise ModelNotFound(f"The encoder {spec.name} is not on this machine.", _how_to_add(spec))
    folder = Path(model).expanduser()
    if not folder.is_dir():
        here = ", ".join(spec.id for spec, place in list_encoders() if place) or "none"
        raise ModelNotFound(
            f"There is no encoder and no folder called {model!r}.",
            f"Encoders on this machine: {here}. `vlm-explorer models` lists all on offer.",
        )
    folder = folder.resolve()
    for spec, place in list_encoders():
        if place is not None and place.resolve() == folder:
            return spec.id, folder
    return _slug(folder.name) or "model", folder


def describe(id_: str) -> EncoderSpec:
    """Return what is known of an encoder; for an unknown id only its name."""
    registry = _read_registry()
    if encoder := _find_installed(id_, registry):
        return encoder.spec
    return registry[id_][0] if id_ in registry else EncoderSpec(id_, id_)


def default_model(preferred: str | None) -> tuple[str, list[str]]:
    """Return the id of the encoder to use when none is named, and warnings for the user.

    Args:
        preferred: the collection's own encoder, else the one in the settings, else None. It is
            never replaced silently: if it is not on this machine, that is an error.

    Raises:
        ModelNotFound: `preferred`, or any encoder at all, is not on this machine.
    """
    if preferred:
        find_model_folder(preferred)
        return preferred, []
    here = [spec for spec, folder in list_encoders() if folder is not None]
    for spec in here:
        if spec.medical:
            return spec.id, []
    if not any(spec.id == DEMO for spec in here):
        raise ModelNotFound(
            "There is no encoder on this machine.",
            "Add one from a folder in open_clip's layout: `vlm-explorer models import DIR`.",
        )
    return DEMO, [
        "Using the demo encoder, which has only ever seen synthetic scans: its answers on real "
        "images mean little. BiomedCLIP knows real ones. "
        + _how_to_add(_read_registry()["biomedclip"][0])
    ]


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
    registry = _read_registry()
    name = source.path.resolve().name
    by_repository = {
        spec.repository.split("/")[-1].casefold(): spec.id
        for spec, _ in registry.values()
        if spec.repository
    }
    id_ = id or by_repository.get(name.casefold()) or _slug(name)
    if not ID.fullmatch(id_):
        raise UsageError(
            f"{id_!r} cannot be the id of an encoder.",
            "Choose an id of lower-case letters, digits, dots, hyphens and underscores.",
        )
    if _find_installed(id_, registry) or (id_ in registry and registry[id_][1]):
        raise ModelProblem(
            f"There is already an encoder {id_} on this machine.",
            f"Choose another id, or remove it first: `vlm-explorer models remove {id_}`.",
        )
    try:
        copy_model_folder(source, paths.models_folder() / id_, context)
    except OSError as error:
        raise StorageProblem(
            f"The encoder could not be copied to {paths.models_folder()}: {error.strerror}.",
            "Make room there, or set VLM_EXPLORER_HOME to a folder that you may write to.",
        ) from error
    return describe(id_)


def remove_model(id: str) -> None:
    """Delete an imported encoder from this machine; vectors that it made stay usable.

    Raises:
        ModelNotFound: it is not on this machine.
        ModelProblem: it is part of the program.
        StorageProblem: no permission to delete.
    """
    encoder = _find_installed(id, _read_registry())
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


def _read_registry() -> dict[str, tuple[EncoderSpec, Path | None]]:
    """Return the specs by id, each with the folder that it would be bundled in."""
    text = (paths.resources() / "encoders.toml").read_text(encoding="utf-8")
    registry: dict[str, tuple[EncoderSpec, Path | None]] = {}
    for id_, table in tomllib.loads(text).items():
        values: dict[str, Any] = dict(table)
        bundled = values.pop("bundled", None)
        folder = None if bundled is None else paths.resources() / bundled
        registry[id_] = (EncoderSpec(id=id_, **values), folder)
    return registry


def _find_installed(
    id_: str, registry: dict[str, tuple[EncoderSpec, Path | None]]
) -> InstalledEncoder | None:
    if not ID.fullmatch(id_):
        return None
    spec, bundled = registry.get(id_, (EncoderSpec(id_, id_), None))
    folder = bundled or paths.models_folder() / id_
    if not (folder / CONFIG_NAME).is_file():
        return None
    return InstalledEncoder(_completed(spec, folder), folder, bundled is not None)


def _completed(spec: EncoderSpec, folder: Path) -> EncoderSpec:
    """Fill in what the registry does not say; a damaged folder is reported when it is loaded."""
    try:
        model = read_model_folder(folder)
    except ModelProblem:
        return spec
    return replace(
        spec,
        bytes=spec.bytes or model.weights.stat().st_size,
        image_size=spec.image_size or model.preprocess.size,
        dimension=spec.dimension or model.dimension,
        context_length=spec.context_length or model.context_length,
    )


def _how_to_add(spec: EncoderSpec) -> str:
    if not spec.repository:
        return "It is part of the program, whose files are not complete: install it again."
    return (
        f"Download the files of https://huggingface.co/{spec.repository} into a folder DIR, then "
        f"run `vlm-explorer models import DIR --id {spec.id}`."
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")
