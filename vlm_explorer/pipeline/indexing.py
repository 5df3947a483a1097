"""From folders to a collection: scan, decode, encode, store. Interrupt it; it goes on later."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import TextRecord
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.files.scan import FileKind, FoundFile
from vlm_explorer.jobs import JobContext
from vlm_explorer.paths import collections_folder
from vlm_explorer.pipeline.batches import BatchWriter
from vlm_explorer.pipeline.decode_pool import DecodePool
from vlm_explorer.pipeline.decoding import Opened, Refused
from vlm_explorer.pipeline.describing import Describer, problems
from vlm_explorer.pipeline.plan import Captions, find_files, read_caption_tables, what_is_known
from vlm_explorer.pipeline.report import IndexReport, Skipped
from vlm_explorer.pipeline.settling import (
    count_sent_again,
    redescribe,
    relabel,
    remove_gone,
    store_texts,
)
from vlm_explorer.pixels.ct_choice import DEFAULT, make_recipe, parse_choice
from vlm_explorer.pixels.render import RECIPE


def default_place(first: Path) -> Path:
    """Return where the collection of a folder lies by default: the same for the same folder."""
    import hashlib
    import re

    first = first.expanduser().resolve()
    digest = hashlib.sha256(os.fsencode(first)).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]+", "-", first.name).strip("-.") or "scans"
    return collections_folder() / f"{stem}-{digest}.vlmx"


def encoder_entry(encoder: Encoder, ct_window: str = DEFAULT) -> EncoderEntry:
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
    context: JobContext | None = None,
) -> IndexReport:
    """Find, decode and encode the images and captions below `paths` into a collection.

    What an earlier run stored is reused; files that are gone leave the collection.

    Args:
        to: the collection's folder; by default one in the user's data folder.
        captions: a captions table that lies elsewhere.
        ct_window: through which window CT is encoded, one of `ct_choice.CHOICES`; by default as
            before in this collection. Another choice encodes only CT anew, and takes the place of
            the one before once the run is done; vectors of both stay.
        batch_size: images encoded at a time; by default 32 on a GPU, 8 on a CPU.
        workers: child processes that decode; by default one a core, at most 8.

    Raises:
        UsageError: no paths, or one that does not exist; no such window.
        CollectionProblem, StorageProblem, ModelProblem: as they say.
        Cancelled: `context` asked to stop; what was encoded until then is kept.
    """
    if not paths:
        raise UsageError("No folder was given.", "Name at least one file or folder to index.")
    choice = None if ct_window is None else parse_choice(ct_window)
    start = time.monotonic()
    context = context or JobContext()
    paths = [path.expanduser().absolute() for path in paths]
    captions = None if captions is None else captions.expanduser().absolute()
    found = find_files(paths, captions, context)
    tables = read_caption_tables(found, captions)
    place = (to or default_place(paths[0])).expanduser().absolute()
    with CollectionWriter(place, name=paths[0].resolve().name if to is None else None) as writer:
        entry = encoder_entry(encoder, choice or _recorded_choice(writer, encoder))
        writer.add_sources(sorted({str(file.root) for file in found}))
        if not writer.manifest.encoders:
            writer.use_encoder(entry)
        run = _Run(writer, entry, encoder, found, tables)
        run.take_images(workers, batch_size or (8 if encoder.device == "cpu" else 32), context)
        run.finish(context)
    return run.report(place, time.monotonic() - start)


def _recorded_choice(writer: CollectionWriter, encoder: Encoder) -> str:
    """Return the choice for the vectors of `encoder`, else for those of the encoder last used."""
    entries = writer.manifest.encoders
    own = [entry for entry in entries if entry.fingerprint == encoder.fingerprint]
    return (own or entries)[-1].ct_window if entries else DEFAULT


class _Run:
    """One indexing run: what is to be done, and what has been done so far."""

    def __init__(
        self,
        writer: CollectionWriter,
        entry: EncoderEntry,
        encoder: Encoder,
        found: Sequence[FoundFile],
        captions: Captions,
    ) -> None:
        reader = writer.reader()
        self._writer, self._entry, self._encoder = writer, entry, encoder
        self._found, self._captions = found, captions
        self._known = what_is_known(reader, entry)
        self._describer = Describer(reader.salt, captions)
        self._batches = BatchWriter(writer, entry, encoder, self._known)
        self._images: dict[str, list[str]] = {}  # file -> its image ids
        self._texts: list[TextRecord] = []
        self._duplicates: dict[str, str] = {}  # file -> the first file of the same content
        self._file_of: dict[str, str] = {}  # content hash -> the first file that has it
        self._skipped: list[Skipped] = []
        self._warnings = list(captions.warnings)

    def _skip(self, found: FoundFile, kind: str, reason: str, frame: int | None = None) -> None:
        self._skipped.append(Skipped(str(found.path), frame, kind, reason))

    def _work(self) -> list[FoundFile]:
        """Return the files to decode; note the images of those that are unchanged."""
        work = []
        for found in self._found:
            if found.kind is FileKind.CAPTIONS:
                self._skip(found, "captions", "Read as a table of captions.")
            elif found.kind is FileKind.OTHER:
                self._skip(found, "not-an-image", found.reason)
            elif self._known.is_unchanged(found):
                known = self._known.files[str(found.path)]
                self._file_of.setdefault(known.content_hash, str(found.path))
                self._images[str(found.path)] = list(known.image_ids)
                self._batches.reused += len(known.image_ids)
            else:
                work.append(found)
        return work

    def take_images(self, workers: int | None, batch_size: int, context: JobContext) -> None:
        """Decode and encode what is new; what was done is stored even when interrupted."""
        work = self._work()
        workers = workers or min(8, os.cpu_count() or 1, max(1, len(work) // 4))
        done = 0
        with DecodePool(workers, self._encoder.preprocess, self._entry.ct_window) as pool:
            opened: Opened | None = None
            try:
                for found, event in pool.decode(work, context):
                    if event is None:
                        done, opened = done + 1, None
                    elif isinstance(event, Opened):
                        opened = self._open(found, event)
                    elif isinstance(event, Refused):
                        self._skip(found, event.kind, event.reason, event.frame)
                    elif opened is not None:
                        record = self._describer.image(found, opened, event)
                        self._images.setdefault(record.file, []).append(record.image_id)
                        self._batches.add(record, event.view, batch_size)
                    context.report(done, len(work), f"Reading images: {done} of {len(work)} files")
            finally:
                self._batches.store()

    def _open(self, found: FoundFile, opened: Opened) -> Opened | None:
        """Return `opened`, or None where another file has the same content."""
        file = str(found.path)
        first = self._file_of.setdefault(opened.content_hash, file)
        if first == file:
            return opened
        self._duplicates[file] = first
        self._skip(found, "duplicate", f"The same content as {first}.")
        return None

    def finish(self, context: JobContext) -> None:
        """Bring everything else up to date: gone files, captions, texts, problems."""
        self._batches.encode(context)
        self._batches.store()
        gone = remove_gone(self._writer, self._known, self._found, self._images)
        if gone:
            self._warnings.append(f"{gone} images are no longer there and left the collection.")
        redescribe(self._writer, self._found, self._images, self._describer, context)
        if again := count_sent_again(self._writer, self._images):
            self._warnings.append(
                f"DICOM objects that are there in several versions under one identifier: {again}. "
                "They may have been sent again; all versions were kept."
            )
        relabel(self._writer, self._images, self._describer)
        self._texts = self._caption_texts()
        store_texts(self._writer, self._entry, self._encoder, self._texts, self._images, context)
        self._writer.set_problems(problems(self._skipped, self._found))
        self._writer.use_encoder(self._entry)
        self._writer.compact(self._entry)

    def _caption_texts(self) -> list[TextRecord]:
        """Return the captions of all images; those of a duplicate go to the image that is kept."""
        texts = []
        for file, image_ids in self._images.items():
            texts += self._describer.texts(file, image_ids[0])
        for file, first in self._duplicates.items():
            if kept := self._images.get(first):
                texts += self._describer.texts(file, kept[0])
        return texts

    def report(self, place: Path, seconds: float) -> IndexReport:
        """Return what the run did."""
        return IndexReport(
            collection=str(place),
            model=self._encoder.id,
            device=self._encoder.device,
            precision=self._encoder.precision,
            files=len(self._found),
            images=sum(len(image_ids) for image_ids in self._images.values()),
            texts=len(self._texts),
            encoded=self._batches.encoded,
            reused=self._batches.reused,
            skipped=tuple(self._skipped),
            warnings=tuple(self._warnings),
            seconds=round(seconds, 3),
            ct_window=self._entry.ct_window,
        )
