"""Which encoder goes with a collection."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from vlm_explorer.collection.store import Collection, is_collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.registry import default_model
from vlm_explorer.errors import BadModelFolder
from vlm_explorer.pipeline.indexing import default_place
from vlm_explorer.settings import load_settings


def model_for_indexing(
    paths: Sequence[Path], to: Path | None, asked: str | None
) -> tuple[str, list[str]]:
    """Return the encoder to index with, and warnings about the choice.

    The one asked for; else the collection's own; else the one in the settings; else an installed
    medical encoder; else the bundled one, with a warning.
    """
    if asked:
        return asked, []
    place = to if to is not None else default_place(paths[0]) if paths else None
    if place is not None and is_collection(place):
        models = Collection(place).models()
        if models:
            return models[0], []
    return default_model(load_settings().model or None)


def matching_encoder(
    collection: Collection,
    model: str | os.PathLike[str] | None,
    load: Callable[[str], Encoder],
) -> Encoder:
    """Load the encoder that made a collection's vectors.

    Args:
        model: an id or folder where another than the one last used is wanted.
        load: loads an encoder by id or folder.

    Raises:
        ModelNotFound: the collection has no vectors of it, or it is not on this machine.
        BadModelFolder: an encoder of that name is here, but with other weights.
    """
    encoder = load(os.fspath(model) if model is not None else collection.encoder_entry().model)
    entry = collection.encoder_entry(encoder.id)
    if entry.fingerprint != encoder.fingerprint:
        raise BadModelFolder(
            f"The encoder “{encoder.id}” on this machine is not the one that made the vectors of "
            f"“{collection.name}”.",
            f"Index its folders again with --model {encoder.id}.",
        )
    return encoder
