"""One indexing run: what is to be done, and what has been done so far."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import Problem, TextRecord, schema
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.files.scan import FoundFile
from vlm_explorer.files.signatures import FileKind, no_image_sentence
from vlm_explorer.files.tables import CaptionTable, read_captions
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.pipeline.decode_pool import DecodePool
from vlm_explorer.pipeline.decoding import DecodedImage, Event, Opened, Refused
from vlm_explorer.pipeline.describing import Describer, problems
from vlm_explorer.pipeline.known import Known
from vlm_explorer.pipeline.plan import Captions
from vlm_explorer.pipeline.refusals import LOSSES, Refusal, Refusals
from vlm_explorer.pipeline.report import IndexReport, Skipped
from vlm_explorer.pipeline.scan_ahead import ScanAhead
from vlm_explorer.pipeline.scope import Scope
from vlm_explorer.pipeline.settling import (
    caption_texts,
    count_sent_again,
    mark_gone,
    redescribe,
    relabel,
    store_texts,
)
from vlm_explorer.pipeline.storing import Storing
from vlm_explorer.pixels.decoder_versions import decoder_versions

_TURN = 0.1  # seconds that the run may spend on files that need no work before it looks around


class Run:
    """Takes the images of a scan, then settles everything else; made for one use."""

    def __init__(
        self,
        writer: CollectionWriter,
        entry: EncoderEntry,
        encoder: Encoder,
        paths: Sequence[Path],
        named: CaptionTable | None,
        *,
        retry: bool = False,
    ) -> None:
        reader = writer.reader()
        self._decoders = decoder_versions()
        self._refusals = Refusals(reader, self._decoders, retry=retry)
        self._writer, self._entry, self._encoder = writer, entry, encoder
        self._scope = Scope.of(paths)
        self._named = named
        self._captions = Captions(named=named)
        self._known = Known(reader, entry, self._refusals)
        self._describer = Describer(reader.salt, self._captions)
        self._storing = Storing(writer, entry, encoder, self._batch_size, self._known)
        self._current: tuple[FoundFile, Opened] | None = None  # the file that is being decoded
        self._now: FoundFile | None = None  # as it was when it was opened
        self._refused = 0  # of its frames
        self._texts: list[TextRecord] = []
        self._duplicates: dict[str, str] = {}  # file -> the first file of the same content
        self._file_of: dict[bytes, str] = {}  # content hash -> the first file that has it
        self._skipped: list[Skipped] = []
        self._tried: dict[tuple[str, int | None], FoundFile] = {}  # of these, what will stay so
        self._not_tried = 0
        self._warnings: list[str] = []
        self._keep_captions = False
        self._files = self._images = self._work = self._done = 0

    @property
    def _batch_size(self) -> int:
        return int(self._entry.provenance["batch_size"])

    def warn(self, words: str) -> None:
        """Add a warning to the report."""
        self._warnings.append(words)

    def keep_captions(self, table: str) -> None:
        """Leave labels and captions as they are: `table`, which gave some, cannot be read now."""
        self._keep_captions = True
        self.warn(
            f"The captions table {table}, which this collection was indexed with, cannot be read "
            "now. Labels and captions were kept as they are. Put it back, name another with "
            "--captions, or give --captions none to go on without it."
        )

    def _skip(self, file: str, kind: str, reason: str, frame: int | None = None) -> None:
        self._skipped.append(Skipped(file, frame, kind, reason))

    def take_images(self, files: ScanAhead, workers: int | None, context: JobContext) -> None:
        """Decode and encode what is new; where `context` asks to stop, what was done is stored."""
        size = workers or min(8, os.cpu_count() or 1)
        with files, DecodePool(size, self._encoder.preprocess, self._entry.ct_window) as pool:
            try:
                for found, event in pool.decode(self._to_decode(files), context):
                    if found is not None:
                        self._take(found, event)
                    self._storing.tick()
                    self._report(files, context)
            except Cancelled:
                self._storing.stop()
                raise

    def _report(self, files: ScanAhead, context: JobContext) -> None:
        done = self._done
        if files.complete:  # those not looked at yet count as new until it is known
            work = self._work + files.found - files.taken
            context.report(done, work, f"Reading images: {done:,} of {work:,} files")
        else:
            words = f"Reading images: {done:,} files, {files.found:,} files found so far"
            context.report(done, None, words)

    def _to_decode(self, files: ScanAhead) -> Iterator[FoundFile | None]:
        """Yield the files to decode, and None from time to time; settle the others at once."""
        turn = time.monotonic()
        for found in files:
            if found is not None and self._sort_out(found):
                self._work += 1
                yield found
            elif found is None or time.monotonic() - turn > _TURN:
                yield None
                turn = time.monotonic()

    def _sort_out(self, found: FoundFile) -> bool:
        """Return whether a file must be decoded; if not, note what becomes of it."""
        self._files += 1
        self._scope.note(found)
        file = str(found.path)
        if found.kind is FileKind.CAPTIONS:
            self._read_table(found.path)
        elif found.kind is FileKind.OTHER:
            self._skip(file, "not-an-image", no_image_sentence(found.reason))
        elif found.kind is FileKind.CLOSED:
            self._skip(file, "unreadable", f"{found.reason[:1].upper()}{found.reason[1:]}.")
        elif (known := self._known.unchanged(found)) is not None:
            self._file_of.setdefault(_short(known.content_hash), file)
            self._known.present[list(known.rows)] = True
            self._images += len(known.rows)
            self._storing.reused += len(known.rows)
            for refusal in known.refused:
                self._skip_again(found, refusal)
        elif (whole := self._refusals.whole(found)) is not None:
            self._skip_again(found, whole)
        else:
            return True
        return False

    def _skip_again(self, found: FoundFile, refusal: Refusal) -> None:
        """Say again what is known of a file or frame that gives no image."""
        self._skip(str(found.path), refusal.kind, refusal.reason, refusal.frame)
        self._tried[str(found.path), refusal.frame] = found
        self._not_tried += refusal.kind in LOSSES

    def _read_table(self, path: Path) -> None:
        if self._named is not None and path.samefile(self._named.path):
            self._skip(str(path), "captions", "Read as a table of captions.")
            return
        try:
            self._captions.add(read_captions(path))
        except UsageError as error:
            self._skip(str(path), "unreadable", str(error))
            return
        self._skip(str(path), "captions", "Read as a table of captions.")

    def _take(self, found: FoundFile, event: Event | None) -> None:
        """Take what the decoders say of a file."""
        if event is None:
            self._done += 1
            self._storing.close_file(self._refused)
            self._current, self._refused, self._now = None, 0, None
        elif isinstance(event, Opened):
            self._now = event.found or found
            self._current = self._open(self._now, event)
        elif isinstance(event, Refused):
            self._refuse(found, event)
        elif self._current is not None:
            self._add(*self._current, event)

    def _add(self, found: FoundFile, opened: Opened, image: DecodedImage) -> None:
        self._images += 1
        self._storing.add(self._describer.image(found, opened, image), image.view)

    def _refuse(self, found: FoundFile, refused: Refused) -> None:
        if refused.frame is None and refused.is_last:
            self._images -= self._storing.drop_file()  # what was read belongs to another content
        self._refused += 1
        self._skip(str(found.path), refused.kind, refused.reason, refused.frame)
        if not refused.passing:
            self._tried[str(found.path), refused.frame] = self._now or found

    def _open(self, found: FoundFile, opened: Opened) -> tuple[FoundFile, Opened] | None:
        """Return the file to take the images of, or None where another has the same content."""
        file = str(found.path)
        short = _short(opened.content_hash)
        first = self._file_of.get(short) or self._known.other_file(opened.content_hash, file)
        if first is None or first == file:
            self._file_of[short] = file
            return found, opened
        self._duplicates[file] = first
        self._skip(file, "duplicate", f"The same content as {first}.")
        return None

    def finish(self, context: JobContext) -> None:
        """Bring everything else up to date: gone files, captions, texts, problems."""
        self._storing.finish(context)
        self._note_batch_size()
        self._warnings += self._captions.warnings
        self._warnings += mark_gone(self._writer, self._known, self._scope)
        redescribe(self._writer, self._scope, self._describer, context)
        if again := count_sent_again(self._writer, self._scope):
            self.warn(
                f"DICOM objects that are there in several versions under one identifier: {again}. "
                "They may have been sent again; all versions were kept."
            )
        if not self._keep_captions:
            relabel(self._writer, self._scope, self._describer)
        self._texts = caption_texts(self._writer, self._scope, self._describer, self._duplicates)
        store_texts(
            self._writer,
            self._entry,
            self._encoder,
            self._texts,
            Scope(()) if self._keep_captions else self._scope,
            context,
        )
        self._writer.set_problems(self._problems())
        self._writer.use_encoder(self._entry)
        self._writer.compact(self._entry)

    def _note_batch_size(self) -> None:
        """Where memory ran out, keep the smaller batches that fitted."""
        fitted = self._storing.batch_size
        if fitted < self._batch_size:
            self.warn(
                f"Memory ran out: {fitted} images at a time were encoded instead of "
                f"{self._batch_size}."
            )
            made = {**self._entry.provenance, "batch_size": fitted}
            self._entry = replace(self._entry, provenance=made)

    def _problems(self) -> list[Problem]:
        """Return what was skipped, and the problems of folders that this run did not look at."""
        import pyarrow as pa

        before = self._writer.reader().table("problems").read(schema(Problem))
        others = before.filter(pa.array(~self._scope.covers(before["file"])))
        kept = [Problem(**row) for row in others.to_pylist()]
        source_of, tried = self._scope.source_of, self._tried
        return [*kept, *problems(self._skipped, source_of, tried, self._decoders)]

    def report(self, place: Path, seconds: float) -> IndexReport:
        """Return what the run did."""
        return IndexReport(
            collection=str(place),
            model=self._encoder.id,
            device=self._encoder.device,
            precision=self._encoder.precision,
            files=self._files,
            images=self._images,
            texts=len(self._texts),
            encoded=self._storing.encoded,
            reused=self._storing.reused,
            skipped=tuple(self._skipped),
            warnings=tuple(self._warnings),
            seconds=round(seconds, 3),
            ct_window=self._entry.ct_window,
            batch_size=self._batch_size,
            not_tried=self._not_tried,
        )


def _short(content_hash: str) -> bytes:
    """Return enough of a hash to tell contents apart, in a quarter of the memory."""
    return bytes.fromhex(content_hash)[:16]
