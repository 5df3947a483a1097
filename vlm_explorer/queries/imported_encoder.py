"""The encoder of vectors that were computed elsewhere, as far as there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import TextVector, schema, text_key
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder, TextReading
from vlm_explorer.encoders.precision import DeviceChoice
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.errors import ModelNotFound
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.import_vectors import IMPORTED

_NOWHERE = DeviceChoice("cpu", "fp32", 8, why="the vectors were computed elsewhere")


def is_imported(entry: EncoderEntry) -> bool:
    """Whether the vectors of an entry were computed elsewhere."""
    return IMPORTED in entry.provenance


class ImportedEncoder:
    """Attributes and methods as in `Encoder`; texts that came with the vectors can be asked for.

    Other texts, and files, need an encoder of the same id on this machine, whose vectors are as
    long. Whether its weights are those that made the vectors cannot be told: `warning` says so.

    Attributes:
        warning: for the user; empty where no such encoder takes part.
    """

    def __init__(
        self, collection: Collection, entry: EncoderEntry, installed: Encoder | None = None
    ) -> None:
        self._collection, self._entry, self._installed = collection, entry, installed
        self.id = entry.model
        self.fingerprint = ""
        self.folder = installed.folder if installed else ""
        self.choice = installed.choice if installed else _NOWHERE
        self.device, self.precision = self.choice.device, self.choice.precision
        self.dimension = entry.dimension
        self.logit_scale, self.logit_bias = entry.logit_scale, entry.logit_bias
        self.preprocess = installed.preprocess if installed else PreprocessConfig(size=224)
        self.context_length = installed.context_length if installed else 0
        self.domain = installed.domain if installed else ""
        self.warning = (
            f"The vectors of “{entry.model}” were computed elsewhere; whether the encoder "
            f"“{installed.id}” on this machine has the same weights cannot be verified."
            if installed
            else ""
        )

    @property
    def batch_limit(self) -> int | None:
        """As in `Encoder`."""
        return self._installed.batch_limit if self._installed else None

    def _encoder(self, what: str) -> Encoder:
        """Raises ModelNotFound: there is none."""
        if self._installed is None:
            raise ModelNotFound(
                f"The vectors of “{self.id}” were computed elsewhere, and its encoder is not on "
                f"this machine: {what}.",
                "Search by images of the collection, or by texts that were imported with them; or "
                f"install the encoder {self._entry.provenance[IMPORTED]['encoder']}.",
            )
        return self._installed

    def encode_images(
        self,
        images: Sequence[NDArray[np.uint8]],
        *,
        batch_size: int | None = None,
        context: JobContext | None = None,
    ) -> NDArray[np.float32]:
        """As in `Encoder`."""
        encoder = self._encoder("a file cannot be encoded")
        return encoder.encode_images(images, batch_size=batch_size, context=context)

    def encode_texts(
        self, texts: Sequence[str], *, context: JobContext | None = None
    ) -> NDArray[np.float32]:
        """As in `Encoder`; a text that was imported has the vector that came with it."""
        known = self._imported(texts)
        others = [text for text in texts if text not in known]
        if others:
            encoder = self._encoder(f"the text “{others[0]}” cannot be encoded")
            encoded = encoder.encode_texts(others, context=context)
            known |= dict(zip(others, encoded, strict=True))
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return np.stack([known[text] for text in texts])

    def _imported(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        table = self._collection.table(f"vectors/{self._entry.key}.texts")
        columns = schema(TextVector, self.dimension)
        keys = {text_key(text): text for text in texts}
        rows = table.select(columns, columns.names, "text_key", list(keys))
        vectors = {}
        for key, vector in zip(
            rows["text_key"].to_pylist(), rows["vector"].to_pylist(), strict=True
        ):
            unit = np.asarray(vector, np.float32)
            vectors[keys[key]] = unit / np.linalg.norm(unit)
        return vectors

    def read_text(self, text: str) -> TextReading:
        """As in `Encoder`."""
        if self._installed is not None:
            return self._installed.read_text(text)
        return TextReading(0, 0, (), ())

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """As in `Encoder`."""
        return self._encoder("how it sees images is not known").view(image)


def load_for_imported(
    collection: Collection, entry: EncoderEntry, load: Callable[[str], Encoder]
) -> ImportedEncoder:
    """Return the encoder of imported vectors, with one of its id where such a one is installed.

    Args:
        load: loads an encoder by id.
    """
    name = str(entry.provenance[IMPORTED]["encoder"])
    try:
        installed = load(name)
    except ModelNotFound:
        return ImportedEncoder(collection, entry)
    fits = installed.dimension == entry.dimension
    return ImportedEncoder(collection, entry, installed if fits else None)
