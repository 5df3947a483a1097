"""What is read and made off the GUI thread when something is opened: the core, joined up.

No Qt here. Everything heavy is imported inside the functions, in the worker's thread.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.errors import CollectionDamaged
from vlm_explorer.garbage import nothing_collected
from vlm_explorer.jobs import JobContext
from vlm_explorer.paths import collections_folder
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.queries.query_json import WINDOW
from vlm_explorer.settings import load_settings
from vlm_explorer.viewmodels.image_table import ImageTable

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.encoders.encoder import Encoder

BUNDLED = "demo"  # the id of the encoder that the program carries


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A collection, read.

    Attributes:
        vectors: float16 (N, D), those of the encoder in use; None where there are none.
        problems: file, kind and reason of each file that gave no image.
        left: how the window was left, as kept in the collection.
        warnings: for the user.
        prompt: what is searched for at once; the demo study has one.
        ct_window: through which window CT was encoded for `vectors`.
        indexed: of a folder that is being indexed, how many of the images are in the collection.
        model: the id of the encoder in use.
    """

    collection: Collection
    images: ImageTable
    vectors: np.ndarray | None
    problems: tuple[tuple[str, str, str], ...] = ()
    left: dict[str, object] | None = None
    warnings: tuple[str, ...] = ()
    prompt: str = ""
    ct_window: str = DEFAULT
    indexed: int = 0
    model: str = ""

    @property
    def title(self) -> str:
        """What to call the collection without naming a patient.

        One that was made of a folder of DICOM files bears the folder's name, which is often a
        patient's: it goes by what is in it. One that the user named goes by that name.
        """
        if self.collection.folder.parent != collections_folder() or self.images.all_plain:
            return self.collection.name
        return self.images.summary


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A place that the user named.

    Attributes:
        opened: its collection, where there is one already.
        indexed: whether `path` is a folder of images, which may have changed since.
    """

    path: Path
    opened: Opened | None
    indexed: bool


# Opening


def read_collection(folder: Path, model: str | None = None, *, context: JobContext) -> Opened:
    """Read a collection: images, vectors, problems, and how the window was left.

    Args:
        model: the encoder asked for, whose vectors are read if they are there; by default the one
            that the window used last.

    Raises:
        CollectionProblem: it is not one, damaged, or too new.
    """
    # Before the jobs that follow, side by side: where two threads import pydicom at the same time,
    # one of them by a module of it, both may fail.
    importlib.import_module("pydicom")
    from vlm_explorer.collection.store import Collection

    collection = Collection(folder)
    context.check()
    with nothing_collected():  # many rows, and nothing among them refers back to what holds it
        images = ImageTable(collection.described_images)
        context.check()
        images.sort()
    left = collection.user_state(WINDOW)
    left = left if isinstance(left, dict) else None
    name, vectors, ct_window = "", None, DEFAULT
    if collection.models() and len(images):
        name, vectors = _whole_vectors(collection, model, left)
        ct_window = collection.encoder_entry(name).ct_window
    problems = (collection.problems[part].to_pylist() for part in ("file", "kind", "reason"))
    rows = tuple(zip(*problems, strict=True))
    return Opened(collection, images, vectors, rows, left, ct_window=ct_window, model=name)


def _whole_vectors(
    collection: Collection, model: str | None, left: dict[str, object] | None
) -> tuple[str, np.ndarray | None]:
    """Return the first encoder that has a vector of every image, and these vectors.

    Where an index on disk is searched instead of them, no vectors are read; nor where no encoder
    has seen every image, and the first that has seen some is returned.

    The one asked for, else the one that the window used last, else those last written; one that
    has left this machine, only where there is no other.
    """
    from vlm_explorer.queries.approximate import approximation_of

    known = collection.models()
    names = [name for name in ((left or {}).get("encoder"), *known) if name in known]
    names.sort(key=lambda name: not _is_here(collection, str(name)))
    if model is not None:
        wanted = model_of(collection, model)
        names.insert(0, wanted if wanted in known else model_id(wanted))
    problem: CollectionDamaged | None = None
    for name in dict.fromkeys(names):
        try:
            if approximation_of(collection, collection.encoder_entry(name)) is not None:
                return name, None  # too many to be held in memory; an index on disk is asked
            return name, collection.whole_rows(name).halves
        except CollectionDamaged as error:
            problem = problem or error
    for name in dict.fromkeys(names):
        if name in known and collection.missing_vectors(name) < collection.images.num_rows:
            return name, None
    assert problem is not None
    raise problem


def _is_here(collection: Collection, model: str) -> bool:
    """Whether an encoder of a collection is on this machine; its weights are not looked at."""
    from vlm_explorer.encoders.registry import find_model_folder
    from vlm_explorer.errors import ModelNotFound

    try:
        find_model_folder(model)
    except ModelNotFound:
        folder = str(collection.encoder_entry(model).provenance.get("folder", ""))
        return bool(folder) and Path(folder).is_dir()
    return True


def read_place(path: Path, model: str | None, *, context: JobContext) -> Place:
    """Read the collection at `path`, or the one that was made of the folder `path` earlier.

    Args:
        model: the encoder asked for; a collection without its vectors has to be indexed first.

    Raises:
        UsageError: there is nothing at `path`.
        CollectionProblem: see `read_collection`.
    """
    from vlm_explorer.collection.store import is_collection
    from vlm_explorer.errors import UsageError
    from vlm_explorer.pipeline.indexing import default_place

    if not path.exists():
        raise UsageError(f"There is no {path}.", "Choose another folder.")
    indexed = not is_collection(path)
    folder = default_place(path) if indexed else path
    if not is_collection(folder):
        return Place(path, None, indexed)
    opened = read_collection(folder, model, context=context)
    unknown = model is not None and model_id(model) not in opened.collection.models()
    usable = len(opened.images) > 0 and not unknown
    return Place(path, opened if usable or not indexed else None, indexed)


def open_demo(*, reset: bool, context: JobContext) -> Opened:
    """Read the demo collection; where it is not there yet, a child process makes it."""
    from vlm_explorer.processes import run_in_process

    folder, prompt = run_in_process(make_demo, reset=reset, context=context)
    return replace(read_collection(folder, context=context), prompt=prompt)


def make_demo(*, reset: bool, context: JobContext) -> tuple[Path, str]:
    """Make the demo collection if need be (child process); return its folder and its prompt."""
    from vlm_explorer.demo.open import PROMPT, ensure_demo_collection

    folder: Path = ensure_demo_collection(reset=reset, context=context).folder
    return folder, PROMPT


def keep_window_state(
    collection: Collection, state: dict[str, object], *, context: JobContext
) -> None:
    """Keep how the window was left; a collection that cannot be written to keeps nothing."""
    from vlm_explorer.errors import StorageProblem

    context.check()
    try:
        collection.set_user_state(WINDOW, state)
    except StorageProblem:
        return


# The encoder


def model_of(collection: Collection, wanted: str | None) -> str:
    """Return the encoder with which a collection is searched, as id or as folder.

    Args:
        wanted: what was asked for; it counts only where the collection holds its vectors.
    """
    models = collection.models()
    if wanted is not None and model_id(wanted) in models:
        return wanted
    return models[0]


def model_id(model: str) -> str:
    """Return the id under which the vectors of an encoder, named by id or folder, are kept.

    Raises:
        ModelNotFound: it is not on this machine.
    """
    from vlm_explorer.encoders.registry import find_model_folder

    return find_model_folder(model)[0]


def load_encoder(collection: Collection, model: str, *, context: JobContext) -> Encoder:
    """Load the encoder that made a collection's vectors into memory.

    Args:
        model: as `model_of` returns it.

    Raises:
        ModelProblem: it is not on this machine, its folder is not whole, or its weights are not
            those that made the vectors.
    """
    from vlm_explorer.encoders.device import leave_a_core_free
    from vlm_explorer.encoders.gentle_import import import_gently
    from vlm_explorer.encoders.load import load_encoder as load
    from vlm_explorer.queries.matching import matching_source

    context.check()
    import_gently()
    leave_a_core_free()
    from vlm_explorer.saliency.explain import available_methods

    settings = load_settings()
    encoder: Encoder = load(
        matching_source(collection, model),
        device=settings.device,
        precision=settings.precision,
        context=context,
    )
    available_methods(encoder)  # imported here, so that the window need not wait for it
    return encoder


def start_codecs(*, context: JobContext) -> None:
    """Start the process that decodes compressed pixels, so that the first scan need not wait."""
    from vlm_explorer.pixels.codec_process import start_ahead

    context.check()
    start_ahead()


def read_thumbnails(
    collection: Collection, ids: list[str], *, context: JobContext
) -> dict[str, bytes]:
    """Read JPEG thumbnails, by image id."""
    context.check()
    return collection.thumbnails(ids)
