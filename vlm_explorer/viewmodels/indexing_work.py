"""Indexing off the GUI thread: a folder for the first time or again, a collection anew.

No Qt here. Each run is a child process, which can be killed; what it stored until then stays, and
the next run goes on from there. Everything heavy is imported inside the functions.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.settings import load_settings
from vlm_explorer.viewmodels.background import Opened, read_collection

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder

LOADING = "Loading the encoder"


def make_place(path: Path) -> None:
    """Make the collection of the folder `path` if it is not there, still empty.

    Where that cannot be, the indexing run will say why.
    """
    from vlm_explorer.collection.writer import CollectionWriter
    from vlm_explorer.errors import ExplorerError
    from vlm_explorer.pipeline.indexing import default_place

    with suppress(ExplorerError), CollectionWriter(default_place(path), path.resolve().name):
        pass


def index_and_open(path: Path, model: str | None, *, context: JobContext) -> Opened:
    """Index a folder, and read the collection.

    Args:
        model: the encoder asked for, by id or folder; by default the collection's own.

    Raises:
        ExplorerError: whatever stops the indexing.
    """
    from vlm_explorer.processes import run_in_process

    make_place(path)  # so that what is to come can be shown while torch is being imported
    folder, warnings = run_in_process(index_folder, path, model, context=context)
    return replace(read_collection(folder, model, context=context), warnings=warnings)


def index_folder(
    path: Path, model: str | None, *, context: JobContext
) -> tuple[Path, tuple[str, ...]]:
    """Index a folder (child process); return the collection's folder, and warnings."""
    from vlm_explorer.pipeline.indexing import default_place, index

    context.report(0, None, LOADING)
    encoder, batch_size = _load(default_place(path), _source(path, model))
    report = index([path], encoder=encoder, batch_size=batch_size, context=context)
    return Path(report.collection), report.warnings


def _load(place: Path, source: str) -> tuple[Encoder, int | None]:
    """Load an encoder as the user chose, else as the vectors in the collection `place` were made.

    Returns:
        The encoder, and how many images it is to encode at a time.
    """
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.pipeline.run_settings import RunSettings, recorded_settings

    settings = load_settings()
    run = recorded_settings(place, source, RunSettings(settings.device, settings.precision))
    encoder: Encoder = load_encoder(source, device=run.device, precision=run.precision)
    return encoder, run.batch_size


def _source(path: Path, model: str | None) -> str:
    """Return the encoder to index a folder with, by id or folder; the banner warns of a poor one.

    The collection's own is found again even where it was never imported.
    """
    from vlm_explorer.collection.store import Collection, is_collection
    from vlm_explorer.errors import ModelProblem
    from vlm_explorer.pipeline.indexing import default_place
    from vlm_explorer.queries.matching import matching_source, model_for_indexing

    place = default_place(path)
    if model is not None and is_collection(place):
        collection = Collection(place)
        with suppress(ModelProblem):  # other weights by that name: they are to be used
            if model in collection.models():
                return matching_source(collection, model)
    return model_for_indexing([path], None, model)[0]


def encode_again(
    folder: Path,
    model: str,
    ct_window: str | None,
    *,
    retry: bool = False,
    context: JobContext,
) -> Opened:
    """Encode the images of a collection with an encoder, as far as they are not, and read it anew.

    Args:
        model: by id; one that the collection knows already, or one on this machine.
        ct_window: through which window CT is encoded; None: as before.
        retry: try files again that are known to give no image.

    Raises:
        ExplorerError: whatever stops the indexing; what was there before stays as it was.
    """
    from vlm_explorer.processes import run_in_process

    warnings = run_in_process(index_again, folder, model, ct_window, retry, context=context)
    return replace(read_collection(folder, model, context=context), warnings=warnings)


def index_again(
    folder: Path, model: str, ct_window: str | None, retry: bool, *, context: JobContext
) -> tuple[str, ...]:
    """Index the sources of a collection (child process); return warnings."""
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.pipeline.indexing import index
    from vlm_explorer.queries.matching import matching_source

    context.report(0, None, LOADING)
    collection = Collection(folder)
    known = model in collection.models()
    encoder, batch_size = _load(folder, matching_source(collection, model) if known else model)
    report = index(
        [Path(source) for source in collection.manifest.sources],
        to=folder,
        encoder=encoder,
        ct_window=ct_window,
        batch_size=batch_size,
        retry=retry,
        context=context,
    )
    return report.warnings
