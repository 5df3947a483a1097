"""The demo collection: the synthetic study, written and indexed once, and opened as on day one."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from vlm_explorer import __version__, paths
from vlm_explorer.collection.store import Collection, is_collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.demo.study import write_study
from vlm_explorer.encoders.fingerprint import fingerprint
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.registry import find_model_folder
from vlm_explorer.errors import CollectionProblem, ModelProblem
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pixels.ct_choice import DEFAULT, recipe_for

ENCODER = "demo"
IMAGES = 480
SEED = 20
PROMPT = "left pleural effusion"  # searched when the demo opens


def _place() -> Path:
    """Return the folder of this version's demo: another generator makes another study."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(f"{__version__} {IMAGES} {SEED}".encode())
    for source in sources:
        if not source.name.startswith(("train", "evaluate", "open")):
            digest.update(source.read_bytes())
    return paths.data_folder() / "demo" / digest.hexdigest()[:12]


def is_demo(folder: Path) -> bool:
    """Whether `folder` is the demo collection."""
    return folder.resolve().parent == _place().resolve()


def ensure_demo_collection(*, reset: bool = False, context: JobContext | None = None) -> Collection:
    """Return the demo collection as on its first day, making what is missing.

    What a user did in an earlier demo (labels, prompts, the window's state) is dropped.

    Args:
        reset: also make the study and the collection anew.

    Raises:
        ModelProblem: the bundled encoder is not there.
        StorageProblem: the user's data folder cannot be written to.
        Cancelled: `context` asked to stop; the next call goes on.
    """
    context = context or JobContext()
    find_model_folder(ENCODER)  # without it there is no use in writing the study
    place = _place()
    study, folder = place / "study", place / "demo.vlmx"
    if reset:
        shutil.rmtree(place, ignore_errors=True)
    _drop_earlier_versions(place)
    if not study.is_dir():
        partial = place / "study.partial"
        shutil.rmtree(partial, ignore_errors=True)
        write_study(partial, images=IMAGES, seed=SEED, context=context)
        partial.rename(study)
    collection = _finished(folder)
    if collection is None:
        from vlm_explorer.encoders.load import load_encoder

        shutil.rmtree(folder, ignore_errors=True)
        index([study], to=folder, encoder=load_encoder(ENCODER), context=context)
        collection = Collection(folder)
    _see_by_default(folder)
    shutil.rmtree(folder / "user", ignore_errors=True)
    return Collection(folder)


def _see_by_default(folder: Path) -> None:
    """Go back to the files' own windows where CT was encoded through another one.

    Their vectors are there still: the demo is always indexed by default first.
    """
    entry = Collection(folder).encoder_entry(ENCODER)
    if entry.ct_window != DEFAULT:
        with CollectionWriter(folder) as writer:
            writer.use_encoder(replace(entry, recipe=recipe_for(entry.recipe, "")))


def _finished(folder: Path) -> Collection | None:
    """Return the collection if it is whole and made by the encoder that is bundled now."""
    if not is_collection(folder):
        return None
    try:
        collection = Collection(folder)
        entry = collection.encoder_entry(ENCODER)
        whole = collection.images.num_rows == IMAGES == len(collection.vectors(ENCODER))
    except (CollectionProblem, ModelProblem):
        return None
    bundled = fingerprint(read_model_folder(find_model_folder(ENCODER)[1]))
    return collection if whole and entry.fingerprint == bundled else None


def _drop_earlier_versions(place: Path) -> None:
    """Remove the demo of other versions of the program: it can be made again at any time."""
    if place.parent.is_dir():
        for other in place.parent.iterdir():
            if other != place:
                shutil.rmtree(other, ignore_errors=True)
