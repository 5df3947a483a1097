"""The encoders on offer and those on this machine; no torch here.

What is on offer stands in `resources/encoders.toml`, one table an encoder. An encoder is on this
machine when its model folder comes with the program or lies in the user's folder of models; a
folder there that has no table in the registry is an encoder too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from vlm_explorer import paths
from vlm_explorer.encoders.catalogue import read_catalogue
from vlm_explorer.encoders.model_folder import is_model_folder, read_model_folder
from vlm_explorer.encoders.spec import EncoderSpec
from vlm_explorer.encoders.weight_parts import weights_bytes
from vlm_explorer.errors import ModelNotFound, ModelProblem

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

    Those of the registry come first, in its order, then imported ones by id. What cannot be
    offered is not among them, unless it is on this machine all the same.
    """
    offered: list[tuple[EncoderSpec, Path | None]] = []
    registry = read_catalogue()
    folders = sorted(folder for folder in paths.models_folder().glob("[!.]*/"))
    imported = [folder.name for folder in folders if is_model_folder(folder)]
    for id_ in dict.fromkeys([*registry, *imported]):
        encoder = find_installed(id_, registry)
        if encoder is not None:
            offered.append((encoder.spec, encoder.folder))
        elif not registry[id_][0].not_offered:
            offered.append((registry[id_][0], None))
    return offered


def list_not_offered() -> list[EncoderSpec]:
    """Return the encoders that users ask for and that cannot be offered; each says why."""
    return [spec for spec, _ in read_catalogue().values() if spec.not_offered]


def find_model_folder(model: str) -> tuple[str, Path]:
    """Return the id and the folder of an encoder that is named by id or by folder.

    Raises:
        ModelNotFound: no such id or folder, or the encoder is not on this machine.
    """
    registry = read_catalogue()
    if encoder := find_installed(model, registry):
        return model, encoder.folder
    if model in registry:
        spec = registry[model][0]
        raise ModelNotFound(f"The encoder {spec.name} is not on this machine.", how_to_add(spec))
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
    return slug(folder.name) or "model", folder


def describe(id_: str) -> EncoderSpec:
    """Return what is known of an encoder; for an unknown id only its name."""
    registry = read_catalogue()
    if encoder := find_installed(id_, registry):
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
            "Fetch one with `vlm-explorer models fetch biomedclip`, or add one from a folder with "
            "`vlm-explorer models import DIR`.",
        )
    return DEMO, [
        "Using the demo encoder, which has only ever seen synthetic scans: its answers on real "
        "images mean little. BiomedCLIP knows real ones. "
        + how_to_add(read_catalogue()["biomedclip"][0])
    ]


def fetching_folder(id_: str) -> Path:
    """Return the folder in which an encoder is fetched; what arrived stays there if it stops."""
    return paths.models_folder() / ".fetching" / id_


def disk_used(id_: str) -> int:
    """Return the bytes that an encoder takes up on this machine, and those of a stopped fetch."""
    folders = [fetching_folder(id_)]
    if encoder := find_installed(id_, read_catalogue()):
        folders.append(encoder.folder)
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    return sum(file.stat().st_size for file in files)


def find_installed(
    id_: str, registry: dict[str, tuple[EncoderSpec, Path | None]]
) -> InstalledEncoder | None:
    """Return an encoder that is on this machine; None where it is not."""
    if not ID.fullmatch(id_):
        return None
    spec, bundled = registry.get(id_, (EncoderSpec(id_, id_), None))
    folder = bundled or paths.models_folder() / id_
    if not is_model_folder(folder):
        return None
    return InstalledEncoder(_completed(spec, folder), folder, bundled is not None)


def _completed(spec: EncoderSpec, folder: Path) -> EncoderSpec:
    """Fill in what the registry does not say, and what the folder itself decides.

    A damaged folder is reported when it is loaded.
    """
    try:
        model = read_model_folder(folder)
    except ModelProblem:
        return spec
    return replace(
        spec,
        bytes=spec.bytes or weights_bytes(model.weights),
        image_size=spec.image_size or model.preprocess.size,
        dimension=spec.dimension or model.dimension,
        context_length=spec.context_length or model.context_length,
        loader=model.loader,
        scale_kind=model.scale_kind,
    )


def how_to_add(spec: EncoderSpec) -> str:
    """Return how an encoder gets onto this machine, in a sentence."""
    if spec.not_offered:
        return f"It cannot be offered: {spec.not_offered}"
    if not spec.repository:
        return "It is part of the program, whose files are not complete: install it again."
    size = f" ({in_words(spec.bytes)})" if spec.bytes else ""
    return (
        f"Fetch it{size} with `vlm-explorer models fetch {spec.id}`; with no network, copy the "
        f"files of https://huggingface.co/{spec.repository} into a folder DIR and run "
        f"`vlm-explorer models import DIR --id {spec.id}`."
    )


def slug(name: str) -> str:
    """Return a name in the letters that an id may have."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")


def in_words(count: float) -> str:
    """Return a number of bytes in words, in decimal units as disks and networks count."""
    for unit, digits in (("B", 0), ("kB", 0), ("MB", 0 if count >= 100e6 else 1), ("GB", 2)):
        if count < 1000 or unit == "GB":
            return f"{count:.{digits}f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes everything")
