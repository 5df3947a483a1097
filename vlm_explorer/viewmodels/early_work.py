"""What can be shown of a folder while it is being indexed.

No Qt here. Everything heavy is imported inside the functions, in the worker's thread.
"""

from __future__ import annotations

from pathlib import Path

from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.first_look import FirstLook
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.image_table import ImageTable


def look_first(path: Path, seen: FirstLook, *, context: JobContext) -> None:
    """Read the headers of what lies in the folder `path`; they come into `seen`."""
    from vlm_explorer.pipeline.first_look import look

    look([path], seen, context=context)


def peek(path: Path, seen: FirstLook, *, context: JobContext) -> Opened | None:
    """Read what indexing the folder `path` has stored so far, and what was `seen` beyond it.

    Returns:
        None where that is nothing yet.
    """
    from vlm_explorer.collection.store import Collection, is_collection
    from vlm_explorer.pipeline.first_look import foresee
    from vlm_explorer.pipeline.indexing import default_place

    folder = default_place(path)
    if not is_collection(folder):
        return None
    collection = Collection(folder)
    images = ImageTable(foresee(collection, seen))
    context.check()
    images.sort()
    indexed = collection.described_images.num_rows
    return Opened(collection, images, None, indexed=indexed) if len(images) else None
