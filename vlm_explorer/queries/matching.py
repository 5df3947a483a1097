"""Which encoder goes with a collection."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection, is_collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.fingerprint import fingerprint
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.registry import default_model, find_model_folder
from vlm_explorer.errors import BadModelFolder, ModelNotFound, ModelProblem
from vlm_explorer.pipeline.indexing import default_place
from vlm_explorer.queries.imported_encoder import is_imported, load_for_imported
from vlm_explorer.settings import load_settings


def model_for_indexing(
    paths: Sequence[Path], to: Path | None, asked: str | None
) -> tuple[str, list[str]]:
    """Return the encoder to index with, by id or folder, and warnings about the choice.

    The one asked for; else the collection's own; else the one in the settings; else an installed
    medical encoder; else the bundled one, with a warning.

    Raises:
        ModelProblem: the collection's own encoder is not on this machine any more.
    """
    if asked:
        return asked, []
    place = to if to is not None else default_place(paths[0]) if paths else None
    if place is not None and is_collection(place):
        collection = Collection(place)
        made_here = [each for each in collection.manifest.encoders if not is_imported(each)]
        if made_here:
            return matching_source(collection, made_here[-1].model), []
    return default_model(load_settings().model or None)


def matching_source(collection: Collection, model: str | None = None) -> str:
    """Return the id or folder of the encoder that made a collection's vectors.

    It is looked for under its id, then in the folder that it was loaded from. No weights are
    loaded.

    Args:
        model: an id or folder where another than the one last used is wanted.

    Raises:
        ModelNotFound: the collection has no vectors of it, or it is not on this machine.
        BadModelFolder: an encoder of that name is here, but with other weights.
    """
    if model is not None and model not in collection.models():
        name, folder = find_model_folder(model)
        read_model_folder(folder)  # a folder of something else says so
        entry = collection.encoder_entry(name)
        candidates = [model]
    else:
        entry = collection.encoder_entry(model)
        if is_imported(entry):
            raise ModelNotFound(
                f"The vectors of “{entry.model}” were computed elsewhere; they have no encoder.",
                "Search by images of the collection, or choose another encoder.",
            )
        candidates = [entry.model, str(entry.provenance.get("folder", entry.model))]
    problem: ModelProblem | None = None
    for candidate in candidates:
        try:
            _check(collection, entry, candidate)
        except ModelProblem as error:
            problem = problem or error
        else:
            return candidate
    assert problem is not None
    raise problem


def _check(collection: Collection, entry: EncoderEntry, candidate: str) -> None:
    """Raise ModelProblem unless `candidate` is the encoder that made the vectors of `entry`."""
    folder = read_model_folder(find_model_folder(candidate)[1])
    if fingerprint(folder) != entry.fingerprint:
        raise BadModelFolder(
            f"The encoder “{entry.model}” on this machine is not the one that made the vectors of "
            f"“{collection.name}”.",
            f"Index its folders again with --model {entry.model}.",
        )


def matching_encoder(
    collection: Collection,
    model: str | os.PathLike[str] | None,
    load: Callable[[str], Encoder],
) -> Encoder:
    """Load the encoder that made a collection's vectors; see `matching_source`.

    For vectors that were computed elsewhere it is an `ImportedEncoder`.

    Args:
        load: loads an encoder by id or folder.

    Raises:
        ModelProblem: see `matching_source`.
    """
    if model is None or os.fspath(model) in collection.models():
        entry = collection.encoder_entry(None if model is None else os.fspath(model))
        if is_imported(entry):
            return load_for_imported(collection, entry, load)
    return load(matching_source(collection, None if model is None else os.fspath(model)))
