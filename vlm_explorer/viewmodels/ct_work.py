"""CT encoded anew off the GUI thread. No Qt here; heavy imports inside the functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.viewmodels import background

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.encoders.encoder import Encoder


def describe_encoder(encoder: Encoder, ct_window: str) -> str:
    """Return what the status line says of an encoder in memory: "demo · cpu · fp32 · CT: lung"."""
    parts = [encoder.id, encoder.device, encoder.precision]
    return " · ".join(parts if ct_window == DEFAULT else [*parts, f"CT: {ct_window}"])


def encode_ct(
    collection: Collection, choice: str, model: str | None, *, context: JobContext
) -> background.Opened:
    """Encode the CT of a collection through another window (child process), and read it anew.

    Raises:
        ExplorerError: whatever stops the indexing; the collection is as it was.
    """
    from vlm_explorer.processes import run_in_process

    warnings = run_in_process(index_again, collection.folder, choice, model, context=context)
    again = background.read_collection(collection.folder, model, context=context)
    return replace(again, warnings=warnings)


def index_again(
    folder: Path, choice: str, model: str | None, *, context: JobContext
) -> tuple[str, ...]:
    """Index the sources of a collection with CT through a window; return warnings."""
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.pipeline.indexing import index
    from vlm_explorer.queries.matching import matching_source

    context.report(0, None, "Loading the encoder")
    collection = Collection(folder)
    wanted = background.model_of(collection, model)
    last_used = wanted == collection.models()[0]
    encoder = load_encoder(matching_source(collection, None if last_used else wanted))
    sources = [Path(source) for source in collection.manifest.sources]
    return index(sources, to=folder, encoder=encoder, ct_window=choice, context=context).warnings
