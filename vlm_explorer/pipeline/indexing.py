"""From folders to a collection: scan, decode, encode, store. Interrupt it; it goes on later."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.files.tables import CaptionTable, read_captions
from vlm_explorer.jobs import JobContext
from vlm_explorer.paths import collections_folder
from vlm_explorer.pipeline.report import IndexReport
from vlm_explorer.pipeline.run import Run
from vlm_explorer.pipeline.run_settings import made_otherwise, recorded_entry
from vlm_explorer.pipeline.scan_ahead import ScanAhead
from vlm_explorer.pixels.ct_choice import DEFAULT, make_recipe, parse_choice
from vlm_explorer.pixels.render import RECIPE

NO_CAPTIONS = Path("none")  # named in place of a table: forget the one that was named before


def default_place(first: Path) -> Path:
    """Return where the collection of a folder lies by default: the same for the same folder."""
    import hashlib
    import re

    first = first.expanduser().resolve()
    digest = hashlib.sha256(os.fsencode(first)).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]+", "-", first.name).strip("-.") or "scans"
    return collections_folder() / f"{stem}-{digest}.vlmx"


def encoder_entry(
    encoder: Encoder, ct_window: str = DEFAULT, batch_size: int | None = None
) -> EncoderEntry:
    """Return how the vectors of `encoder` are kept: key, recipe and provenance."""
    import dataclasses
    import importlib.metadata

    libraries = {name: importlib.metadata.version(name) for name in ("torch", "open_clip_torch")}
    return EncoderEntry(
        key=f"{encoder.id}-{encoder.fingerprint[:12]}",
        model=encoder.id,
        fingerprint=encoder.fingerprint,
        recipe=make_recipe(RECIPE, ct_window),
        dimension=encoder.dimension,
        logit_scale=encoder.logit_scale,
        logit_bias=encoder.logit_bias,
        provenance={
            "folder": encoder.folder,
            "device": encoder.device,
            "precision": encoder.precision,
            "batch_size": batch_size,
            "preprocess": dataclasses.asdict(encoder.preprocess),
            "libraries": libraries,
        },
    )


def index(
    paths: Sequence[Path],
    *,
    to: Path | None = None,
    encoder: Encoder,
    captions: Path | None = None,
    ct_window: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    retry: bool = False,
    context: JobContext | None = None,
) -> IndexReport:
    """Find, decode and encode the images and captions below `paths` into a collection.

    What an earlier run stored is reused; images of files that are gone are marked as removed.
    Files are decoded while others are still being found.

    Args:
        to: the collection's folder; by default one in the user's data folder.
        captions: a captions table that lies elsewhere; the collection remembers it, and later runs
            read it again, until another is named, or `none`.
        ct_window: through which window CT is encoded, one of `ct_choice.CHOICES`; by default as
            before in this collection. Another choice encodes only CT anew, and takes the place of
            the one before once the run is done; vectors of both stay.
        batch_size: images encoded at a time, each batch filled up to it; by default as before in
            this collection on this device, else what suits the device.
        workers: child processes that decode; by default one a core, at most 8.
        retry: try files again that are known to give no image; otherwise that happens only once
            they, or what decodes them, have changed.

    Raises:
        UsageError: no paths, or one that does not exist; no such window; a captions table that
            was named and cannot be read.
        CollectionProblem, StorageProblem, ModelProblem: as they say.
        Cancelled: `context` asked to stop; what was encoded until then is kept.
    """
    if not paths:
        raise UsageError("No folder was given.", "Name at least one file or folder to index.")
    choice = None if ct_window is None else parse_choice(ct_window)
    start = time.monotonic()
    context = context or JobContext()
    paths = [_absolute(path) for path in paths]
    named = None if captions in (None, NO_CAPTIONS) else _absolute(captions)
    table = None if named is None else read_captions(named)
    place = _absolute(to or default_place(paths[0]))
    files = ScanAhead(paths, named)  # before anything is made: it looks whether the paths exist
    with CollectionWriter(place, name=paths[0].resolve().name if to is None else None) as writer:
        if captions is not None:
            writer.use_captions("" if named is None else str(named))
        elif writer.manifest.captions:
            table = _captions_of_before(Path(writer.manifest.captions))
            files = ScanAhead(paths, table.path if table else None)
        before = recorded_entry(writer.manifest, encoder.fingerprint)
        size = batch_size or _batch_size(encoder, before)
        entry = encoder_entry(encoder, choice or _recorded_choice(writer, encoder), size)
        writer.add_sources(sorted(dict.fromkeys(map(str, paths))))
        writer.begin_with(entry)
        run = Run(writer, entry, encoder, paths, table, retry=retry)
        if note := made_otherwise(entry, before):
            run.warn(note)
        if table is None and writer.manifest.captions:
            run.keep_captions(writer.manifest.captions)
        run.take_images(files, workers, context)
        run.finish(context)
    return run.report(place, time.monotonic() - start)


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _captions_of_before(named: Path) -> CaptionTable | None:
    """Read the table that an earlier run was given; None where it cannot be read now."""
    try:
        return read_captions(named)
    except UsageError:
        return None


def _recorded_choice(writer: CollectionWriter, encoder: Encoder) -> str:
    """Return the choice for the vectors of `encoder`, else for those of the encoder last used."""
    entries = writer.manifest.encoders
    own = [entry for entry in entries if entry.fingerprint == encoder.fingerprint]
    return (own or entries)[-1].ct_window if entries else DEFAULT


def _batch_size(encoder: Encoder, before: EncoderEntry | None) -> int:
    """Return the batch size of the runs until now on this device, else what suits it."""
    if before is not None:
        made = before.provenance
        same = (made.get("device"), made.get("precision")) == (encoder.device, encoder.precision)
        if same and made.get("batch_size"):
            return int(made["batch_size"])
    choice = getattr(encoder, "choice", None)
    return int(getattr(choice, "batch_size", 0) or (8 if encoder.device == "cpu" else 32))
