"""The vectors of another encoder for the open collection, read off the GUI thread. No Qt here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection


def read_with(opened: Opened, model: str, *, context: JobContext) -> Opened | None:
    """Read the same images with the vectors of another encoder.

    Returns:
        None where not every image and caption has a vector of it.
    """
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.errors import CollectionDamaged

    collection = Collection(opened.collection.folder)
    context.check()
    if model not in collection.models():
        return None
    try:
        vectors = collection.whole_rows(model).halves
        collection.text_vectors(model)
    except CollectionDamaged:
        return None
    entry = collection.encoder_entry(model)
    return replace(
        opened, collection=collection, vectors=vectors, ct_window=entry.ct_window, model=model
    )


def count_encoded(collection: Collection) -> dict[str, int]:
    """Return how many images have a vector, by the id of the encoder.

    An encoder whose run was cut off counts, too: its vectors are there, and the next run goes on.
    """
    import pyarrow.compute as pc

    from vlm_explorer.collection.records import ImageVector, schema

    images = collection.images["image_id"]
    key_of = {model: collection.encoder_entry(model).key for model in collection.models()}
    for folder in sorted((collection.folder / "vectors").glob("*.images.lance")):
        key = folder.name.removesuffix(".images.lance")
        key_of.setdefault(key.rpartition("-")[0], key)
    counts = {}
    for model, key in key_of.items():
        ids = collection.table(f"vectors/{key}.images").read(schema(ImageVector, 1), ["image_id"])
        with_vector = pc.is_in(images, value_set=ids["image_id"])
        counts[model] = pc.sum(with_vector, min_count=0).as_py()
    return counts
