"""What a collection holds already, before a run, as columns: memory per image is that of Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import ImageRecord, ImageVector, schema
from vlm_explorer.collection.store import Collection
from vlm_explorer.files.scan import FoundFile
from vlm_explorer.pipeline.key_index import KeyIndex
from vlm_explorer.pipeline.refusals import Refusal, Refusals
from vlm_explorer.pipeline.scope import Scope, lies_below
from vlm_explorer.pixels.ct_choice import recipe_for

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = [
    "image_id", "file", "size", "mtime_ns", "content_hash", "modality", "removed", "refused",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that the collection has images of, as it was when they were made.

    Attributes:
        rows: its images' rows in `Known`.
        refused: the frames of it that gave no image.
    """

    content_hash: str
    rows: tuple[int, ...]
    refused: tuple[Refusal, ...] = ()


class Known:
    """Images, vectors of one encoder, and refused frames that are there before a run.

    Attributes:
        present: bool (rows,), which images were met again in this run.
        encoded: how many vectors there are by the recipe of this run.
    """

    def __init__(self, collection: Collection, entry: EncoderEntry, refusals: Refusals) -> None:
        images = collection.table("images").read(schema(ImageRecord), _COLUMNS).combine_chunks()
        self._by_file = KeyIndex(images["file"])
        self._by_id = KeyIndex(images["image_id"])
        self._by_content = KeyIndex(images["content_hash"])
        self._images = images
        self._size, self._mtime = images["size"].to_numpy(), images["mtime_ns"].to_numpy()
        self._removed = images["removed"].is_valid().to_numpy()
        self._count_refused = images["refused"].fill_null(0).to_numpy()
        self._recipe = entry.recipe
        vectors = collection.table(f"vectors/{entry.key}.images").read(
            schema(ImageVector, entry.dimension), ["image_id", "recipe"]
        )
        self._recipes = vectors["recipe"].combine_chunks()
        self._vector_of = KeyIndex(vectors["image_id"])
        due = {recipe_for(entry.recipe, modality) for modality in ("", "CT")}
        self.encoded = sum(recipe in due for recipe in self._recipes.to_pylist())
        self._has_vector = _have_vectors(images, vectors, entry.recipe)
        self._refusals = refusals
        self.present = np.zeros(images.num_rows, bool)

    def _text(self, name: str, row: int) -> str:
        return str(self._images[name][row].as_py())

    def has_image(self, image_id: str) -> bool:
        """Whether a row of that id is there, of a file that is gone too."""
        return image_id in self._by_id

    def has_vector(self, image_id: str, modality: str) -> bool:
        """Whether the image has its vector of this encoder, by the recipe of this run."""
        recipe = recipe_for(self._recipe, modality)
        rows = self._vector_of.find(image_id)
        return any(self._recipes[row].as_py() == recipe for row in rows)

    def note_present(self, image_id: str) -> None:
        """Note that an image was met again, under whatever name."""
        self.present[self._by_id.find(image_id)] = True

    def unchanged(self, found: FoundFile) -> KnownFile | None:
        """Return what is known of `found` where all of it is here: images, vectors, refusals."""
        path = str(found.path)
        same = [
            row
            for row in self._by_file.find(path)
            if (self._size[row], self._mtime[row]) == (found.size, found.mtime_ns)
        ]
        if not same:
            return None
        live = [row for row in same if not self._removed[row]]
        content = self._text("content_hash", (live or same)[-1])
        if len(same) > 1:
            same = [row for row in same if self._text("content_hash", row) == content]
        refused = self._refusals.frames(path)
        if not self._has_vector[same].all() or len(refused) != self._count_refused[same[0]]:
            return None
        if not all(refusal.stands for refusal in refused):
            return None
        return KnownFile(content, tuple(same), tuple(refused))

    def other_file(self, content_hash: str, path: str) -> str | None:
        """Return a file of that content, other than `path`, that is still there as it was."""
        for row in self._by_content.find(content_hash):
            file = self._text("file", row)
            if file != path and not self._removed[row] and self._is_there(file, row):
                return file
        return None

    def _is_there(self, file: str, row: int) -> bool:
        try:
            status = Path(file).stat()
        except OSError:
            return False
        return (self._size[row], self._mtime[row]) == (status.st_size, status.st_mtime_ns)

    def back_again(self) -> list[str]:
        """Return the images marked as removed whose files were met in this run."""
        return self._ids(self._removed & self.present)

    def gone(self, scope: Scope) -> list[str]:
        """Return the images in `scope` that were not met again."""
        return self._ids(~self._removed & ~self.present & scope.covers(self._images["file"]))

    def count_below(self, folder: str) -> int:
        """Return how many images of files below `folder` are not marked as removed."""
        return int((~self._removed & lies_below(self._images["file"], [folder])).sum())

    def _ids(self, rows: np.ndarray) -> list[str]:
        import pyarrow as pa

        ids: list[str] = self._images["image_id"].filter(pa.array(rows)).to_pylist()
        return ids


def _have_vectors(images: pa.Table, vectors: pa.Table, recipe: str) -> np.ndarray:
    """Return bool (N,): which images have a vector by the recipe that is due to them."""
    import pyarrow.compute as pc

    is_ct = pc.equal(images["modality"], "CT").fill_null(False).to_numpy()
    found = []
    for modality in ("", "CT"):
        due = vectors.filter(pc.equal(vectors["recipe"], recipe_for(recipe, modality)))
        ids = due["image_id"].combine_chunks()
        found.append(pc.is_in(images["image_id"], value_set=ids).to_numpy())
    there: np.ndarray = np.where(is_ct, found[1], found[0])
    return there
