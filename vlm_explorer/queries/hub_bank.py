"""Which images come up for everything: how a bank of prompts and captions meets a collection."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.hubs import Hubs, find_hubs
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.vector_rows import VectorRows
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.approximate import approximation_of
from vlm_explorer.queries.archives import DAMAGE, read_members, write_members
from vlm_explorer.queries.null_bank import null_texts, null_vectors

MOST_CAPTIONS = 1000  # of more, as many are taken, evenly spaced


@dataclass(frozen=True, slots=True)
class CountedOver:
    """What hubs were counted over.

    Attributes:
        prompts: unrelated ones.
        captions: how many of the collection's were taken.
        all_captions: how many different ones the encoder has read.
        images: that have a vector; all of them are counted.
    """

    prompts: int
    captions: int
    all_captions: int
    images: int

    @property
    def words(self) -> str:
        """What they were counted over, in words."""
        captions = f"{self.captions:,} of {self.all_captions:,} captions"
        return f"hubs counted over {captions} and {self.prompts:,} unrelated prompts"


@dataclass(frozen=True, slots=True, eq=False)
class CollectionHubs(Hubs):
    """How the bank of a collection meets its images, and what that bank is."""

    over: CountedOver


_kept: WeakKeyDictionary[VectorRows, CollectionHubs] = WeakKeyDictionary()


def hub_bank(
    collection: Collection, encoder: Encoder, *, context: JobContext | None = None
) -> tuple[NDArray[np.float32], CountedOver]:
    """Return the unit vectors of the unrelated prompts, then those of captions, float32 (M, D).

    Equal captions count once; at most `MOST_CAPTIONS` of those that the encoder has read.
    """
    nulls = null_vectors(collection, encoder, context=context)
    rows, vectors = collection.present_text_vectors(encoder.id)
    texts = collection.texts.select(["text", "kind"]).take(rows).to_pylist()
    place_of = {row["text"]: place for place, row in enumerate(texts) if row["kind"] == "caption"}
    chosen = np.array(list(place_of.values()), np.intp)
    if len(chosen) > MOST_CAPTIONS:
        chosen = chosen[np.linspace(0, len(chosen) - 1, MOST_CAPTIONS).round().astype(np.intp)]
    images = len(collection.vector_rows(encoder.id).rows)
    over = CountedOver(len(nulls), len(chosen), len(place_of), images)
    return np.concatenate([nulls, unit(vectors[chosen])]), over


def hubs_of(
    collection: Collection, encoder: Encoder, *, context: JobContext | None = None
) -> CollectionHubs:
    """Return how the bank meets the images that have a vector, in the order of their vectors.

    Computed once for the vectors as they are, and kept with the collection.

    Raises:
        UsageError: there are too many images to be searched exactly.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    if approximation_of(collection, collection.encoder_entry(encoder.id)) is not None:
        raise UsageError(
            "There are too many images to look for those that come up for everything.",
            "Rank by cosine instead.",
        )
    stored = collection.vector_rows(encoder.id)
    if stored not in _kept:
        file = _file(collection, encoder, stored)
        found = _read(file, len(stored.rows))
        if found is None:
            bank, over = hub_bank(collection, encoder, context=context)
            hubs = find_hubs(stored.halves, bank, float(encoder.logit_scale), context=context)
            found = CollectionHubs(hubs.counts, hubs.nearest, hubs.log_sum, hubs.scale, over)
            _write(file, found)
        _kept[stored] = found
    return _kept[stored]


def _file(collection: Collection, encoder: Encoder, stored: VectorRows) -> Path:
    """Return a name that other vectors, captions or another encoder do not have."""
    own = hashlib.blake2b(encoder.fingerprint.encode(), digest_size=8).hexdigest()
    about = hashlib.blake2b(np.ascontiguousarray(stored.halves).data, digest_size=8)
    for part in (*null_texts(), *collection.texts["text_id"].to_pylist()):
        about.update(part.encode())
    return collection.folder / "nulls" / f"hubs-{own}-{about.hexdigest()}.npz"


def _read(file: Path, images: int) -> CollectionHubs | None:
    try:
        kept = read_members(file)
        over = CountedOver(*(int(kept[field.name]) for field in fields(CountedOver)))
        arrays = kept["counts"], kept["nearest"], kept["log_sum"]
        found = CollectionHubs(*arrays, float(kept["scale"]), over)
        return found if len(found.counts) == images else None
    except DAMAGE:
        return None


def _write(file: Path, found: CollectionHubs) -> None:
    """Keep what can be computed again, in the place of what was there before."""
    own = file.stem.rpartition("-")[0]
    before = [old for old in file.parent.glob(f"{own}-*.npz") if old != file]
    members = {
        "counts": found.counts,
        "nearest": found.nearest,
        "log_sum": found.log_sum,
        "scale": np.array(found.scale),
        **{name: np.array(value) for name, value in asdict(found.over).items()},
    }
    try:
        write_members(file, members)
    except StorageProblem:
        return  # nothing is lost: it is computed again next time
    for old in before:
        old.unlink(missing_ok=True)
