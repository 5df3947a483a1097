"""A collection: a folder that holds what the program knows about a set of images."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.collection.extra_columns import with_extra_columns
from vlm_explorer.collection.manifest import (
    FILE,
    EncoderEntry,
    Manifest,
    read_manifest,
    write_json,
)
from vlm_explorer.collection.records import (
    SHOWN_ONLY,
    ImageRecord,
    Problem,
    TextRecord,
    schema,
    text_key,
)
from vlm_explorer.collection.tables import LanceTable
from vlm_explorer.collection.vector_rows import VectorRows, key_of, places_of, read_rows
from vlm_explorer.errors import CollectionDamaged, ModelNotFound
from vlm_explorer.pixels.ct_choice import recipe_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa


# Columns that do not leave the program.
_WITHIN = (*SHOWN_ONLY, "described", "sop_instance")

_VECTOR_KEY = ("image_id", "recipe")


def is_collection(folder: Path) -> bool:
    """Whether `folder` holds a collection."""
    return (folder / FILE).is_file()


class Collection:
    """A collection as a reader sees it: a snapshot, taken at the first look at each table.

    Readers never block a writer; open the collection again to see what was written since.

    Attributes:
        folder: where it lies.
        manifest: its `collection.json`.
    """

    def __init__(self, folder: Path) -> None:
        """Open the collection in `folder`.

        Raises:
            CollectionNotFound, CollectionTooNew, CollectionDamaged: see `read_manifest`.
        """
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self._kept_rows: tuple[EncoderEntry, VectorRows] | None = None

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.manifest.name

    @property
    def salt(self) -> bytes:
        """The salt of the patient, study and series keys."""
        return bytes.fromhex(self.manifest.salt)

    def table(self, name: str) -> LanceTable:
        """Return the Lance table `<name>.lance`; absent until something is written."""
        return LanceTable(self.folder / f"{name}.lance")

    @cached_property
    def described_images(self) -> pa.Table:
        """One row an image with all that the window shows of it; not for export.

        Images whose files are gone are left out.
        """
        import pyarrow.compute as pc

        record = schema(ImageRecord)
        columns = [name for name in record.names if name not in ("thumbnail", "refused")]
        rows = self.table("images").read(record, columns)
        return rows.filter(pc.is_null(rows["removed"])).drop_columns(["removed"])

    @cached_property
    def removed_images(self) -> pa.Table:
        """Columns image_id, file, frame, removed; one row an image whose file is gone."""
        import pyarrow.compute as pc

        columns = ["image_id", "file", "frame", "removed"]
        rows = self.table("images").read(schema(ImageRecord), columns)
        return rows.filter(pc.is_valid(rows["removed"]))

    @cached_property
    def images(self) -> pa.Table:
        """One row an image, without thumbnails and descriptions; further caption columns last."""
        return with_extra_columns(self.described_images.drop_columns(list(_WITHIN)))

    @cached_property
    def texts(self) -> pa.Table:
        """Columns text_id, text, kind, image_id; one row a caption, label or prompt.

        Those of images whose files are gone are left out.
        """
        import pyarrow.compute as pc

        rows = self.table("texts").read(schema(TextRecord))
        gone = self.removed_images["image_id"].combine_chunks()
        return rows.filter(pc.invert(pc.is_in(rows["image_id"], value_set=gone)))

    @cached_property
    def problems(self) -> pa.Table:
        """Columns file, frame, kind, reason, source; one row a file that gave no image."""
        return self.table("problems").read(schema(Problem))

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each image id in `images`."""
        return {key: row for row, key in enumerate(self.images["image_id"].to_pylist())}

    def models(self) -> list[str]:
        """Return the ids of the encoders whose vectors are here, the last used first."""
        return list(dict.fromkeys(entry.model for entry in reversed(self.manifest.encoders)))

    def encoder_entry(self, model: str | None = None) -> EncoderEntry:
        """Return the newest entry of an encoder, by id or key; by default of the one last used.

        Raises:
            ModelNotFound: no vectors of that encoder are here.
        """
        for entry in reversed(self.manifest.encoders):
            if model is None or model in (entry.model, entry.key):
                return entry
        known = ", ".join(self.models()) or "none"
        raise ModelNotFound(
            f"The collection “{self.name}” holds no vectors of the encoder “{model or 'any'}” "
            f"(it holds: {known}).",
            "Index the same folders with --model to add them.",
        )

    def vector_rows(self, model: str | None = None) -> VectorRows:
        """Return the image vectors of an encoder in float16, in the order of `images`.

        They are read once, and those of one encoder are kept.

        Raises:
            ModelNotFound: no such encoder here.
        """
        entry = self.encoder_entry(model)
        if self._kept_rows is None or self._kept_rows[0] != entry:
            self._kept_rows = None  # let go of those before others are read
            table = self.table(f"vectors/{entry.key}.images")
            rows = read_rows(table, _VECTOR_KEY, self._vector_keys(entry), entry.dimension)
            self._kept_rows = entry, rows
        return self._kept_rows[1]

    def whole_rows(self, model: str | None = None) -> VectorRows:
        """Return the image vectors of an encoder as `vector_rows` does, one for every image.

        Raises:
            ModelNotFound: no such encoder here.
            CollectionDamaged: an image has no vector.
        """
        rows = self.vector_rows(model)
        self._refuse_gaps(rows.missing, rows.wanted, self.encoder_entry(model))
        return rows

    def vectors(self, model: str | None = None) -> np.ndarray:
        """Return the image vectors of an encoder, rows in the order of `images`.

        Returns:
            float32 (N, D), the stored float16 values: of length 1 to within their rounding, 5e-4.

        Raises:
            ModelNotFound: no such encoder here.
            CollectionDamaged: an image has no vector.
        """
        return self.whole_rows(model).halves.astype("float32")

    def present_vectors(self, model: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the image vectors of an encoder that has not seen every image.

        Returns:
            The rows in `images` that have a vector, intp (P,), ascending; and their vectors,
            float32 (P, D), as in `vectors`.

        Raises:
            ModelNotFound: no such encoder here.
        """
        rows = self.vector_rows(model)
        return rows.rows, rows.halves.astype("float32")

    def missing_vectors(self, model: str | None = None) -> int:
        """Return how many images have no vector of an encoder.

        Raises:
            ModelNotFound: no such encoder here.
        """
        _, places = self.vector_places(self.encoder_entry(model))
        return int((places < 0).sum())

    def vector_places(self, entry: EncoderEntry) -> tuple[Any, np.ndarray]:
        """Return the table of an encoder's vectors as it is now, and where each image's lies."""
        table = self.table(f"vectors/{entry.key}.images")
        return places_of(table, _VECTOR_KEY, self._vector_keys(entry))

    def text_vectors(self, model: str | None = None) -> np.ndarray:
        """Return the text vectors of an encoder, rows in the order of `texts`.

        Returns:
            float32 (M, D), as in `vectors`.

        Raises:
            ModelNotFound: no such encoder here.
            CollectionDamaged: a text has no vector.
        """
        rows = self.text_rows(model)
        self._refuse_gaps(rows.missing, rows.wanted, self.encoder_entry(model))
        return rows.halves.astype("float32")

    def present_text_vectors(self, model: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the text vectors of an encoder that has not read every text.

        Returns:
            The rows in `texts` that have a vector, intp (P,), ascending; and their vectors,
            float32 (P, D), as in `vectors`.

        Raises:
            ModelNotFound: no such encoder here.
        """
        rows = self.text_rows(model)
        return rows.rows, rows.halves.astype("float32")

    def text_rows(self, model: str | None = None) -> VectorRows:
        """Return the text vectors of an encoder in float16, in the order of `texts`.

        Raises:
            ModelNotFound: no such encoder here.
        """
        import pyarrow as pa

        entry = self.encoder_entry(model)
        keys = pa.chunked_array(
            [[text_key(text) for text in self.texts["text"].to_pylist()]], pa.string()
        )
        table = self.table(f"vectors/{entry.key}.texts")
        return read_rows(table, ["text_key"], keys, entry.dimension)

    def _vector_keys(self, entry: EncoderEntry) -> pa.ChunkedArray:
        """Return the key of each image's vector: CT may have a recipe of its own."""
        import pyarrow.compute as pc

        ids, modality = self.described_images["image_id"], self.described_images["modality"]
        recipe = pc.if_else(
            pc.fill_null(pc.equal(modality, "CT"), False),
            recipe_for(entry.recipe, "CT"),
            recipe_for(entry.recipe, ""),
        )
        return key_of([ids, recipe])

    def _refuse_gaps(self, missing: int, wanted: int, entry: EncoderEntry) -> None:
        if missing:
            raise CollectionDamaged(
                f"{missing} of {wanted} rows of “{self.name}” have no vector of {entry.model}.",
                f"Index its folders with --model {entry.model}; that adds what is missing. Vectors "
                "computed elsewhere are imported.",
            )

    def thumbnails(self, image_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the JPEG thumbnails of images, by id; unknown ids are left out."""
        rows = self.table("images").select(
            schema(ImageRecord), ["image_id", "thumbnail"], "image_id", list(image_ids)
        )
        return dict(zip(rows["image_id"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True))

    def user_state(self, name: str) -> Any:
        """Return what the user made and `set_user_state` kept under `name`, or None."""
        path = self.folder / "user" / f"{name}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise CollectionDamaged(
                f"{path} cannot be read.", "Remove it to start afresh; the images are untouched."
            ) from error

    def set_user_state(self, name: str, value: Any) -> None:
        """Keep a JSON value (prompts, label sets, views) under `name`, atomically."""
        write_json(self.folder / "user" / f"{name}.json", value)
