"""The one writer of a collection."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vlm_explorer.collection.manifest import (
    FORMAT,
    EncoderEntry,
    new_manifest,
    read_manifest,
    write_manifest,
)
from vlm_explorer.collection.records import (
    ImageRecord,
    ImageVector,
    Problem,
    TextRecord,
    TextVector,
    schema,
    to_table,
)
from vlm_explorer.collection.store import Collection, is_collection
from vlm_explorer.collection.tables import writing
from vlm_explorer.errors import CollectionLocked, StorageProblem, UsageError
from vlm_explorer.paths import collections_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CollectionWriter:
    """Adds to a collection, which it makes if need be; a context manager that holds the lock.

    Every method commits by itself, so that a crash between two of them loses nothing that was
    written before: images without vectors are given theirs by the next run.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = folder
        self._name = name or folder.stem
        self._lock: object | None = None

    def __enter__(self) -> Self:
        """Make the folder if need be, and lock it.

        Raises:
            UsageError: the folder holds other things.
            StorageProblem: it cannot be written to.
            CollectionLocked: another program writes to it.
            CollectionTooNew, CollectionDamaged: see `read_manifest`.
        """
        from filelock import FileLock, Timeout

        _check_place(self.folder)
        with writing(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_private(self.folder, deep=False)
            if self.folder.parent == collections_folder():
                keep_private(self.folder.parent, deep=False)  # its entries bear folders' names
            (self.folder / "vectors").mkdir(exist_ok=True)
        lock = FileLock(self.folder / ".writer.lock")
        with writing(self.folder):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise CollectionLocked(
                    f"Another program is writing to {self.folder}.",
                    "Wait until it is done, or close it.",
                ) from None
            except NotImplementedError as error:
                raise StorageProblem(
                    f"The disk that holds {self.folder} cannot lock files, so that two programs "
                    "could write to the collection at once.",
                    "Choose a place on another disk for the collection (--to).",
                ) from error
        self._lock = lock
        try:
            if not is_collection(self.folder):
                write_manifest(self.folder, new_manifest(self._name))
            self.manifest = read_manifest(self.folder)
            self._upgrade()
        except BaseException:
            lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            keep_private(self.folder)
            lock.release()  # type: ignore[attr-defined]

    def _upgrade(self) -> None:
        """Bring a collection of an older version to this one; what is new in it is empty."""
        self.reader().table("images").widen(schema(ImageRecord))
        if self.manifest.format < FORMAT:
            self.manifest = replace(self.manifest, format=FORMAT)
            write_manifest(self.folder, self.manifest)

    def reader(self) -> Collection:
        """Return the collection as it is now."""
        return Collection(self.folder)

    def add_sources(self, sources: list[str]) -> None:
        """Note where the images come from."""
        self.manifest = self.manifest.with_sources(sources)
        write_manifest(self.folder, self.manifest)

    def use_captions(self, table: str) -> None:
        """Note the table of captions that lies elsewhere; "" for none."""
        if table != self.manifest.captions:
            self.manifest = replace(self.manifest, captions=table)
            write_manifest(self.folder, self.manifest)

    def begin_with(self, entry: EncoderEntry) -> None:
        """Note the encoder of the run that begins; readers see it where there is no other yet."""
        manifest = self.manifest.with_unfinished(entry)
        if not manifest.encoders:
            manifest = replace(manifest, encoders=(entry,))
        self.manifest = manifest
        write_manifest(self.folder, self.manifest)

    def use_encoder(self, entry: EncoderEntry) -> None:
        """Note the encoder whose vectors come next."""
        self.manifest = self.manifest.with_encoder(entry)
        write_manifest(self.folder, self.manifest)

    def add_encoder(self, entry: EncoderEntry) -> None:
        """Note an encoder whose vectors came by the way: the one last used stays so."""
        others = tuple(known for known in self.manifest.encoders if known.key != entry.key)
        self.manifest = replace(self.manifest, encoders=(entry, *others))
        write_manifest(self.folder, self.manifest)

    def add_images(self, records: Sequence[ImageRecord]) -> None:
        """Append images."""
        self.reader().table("images").append(to_table(ImageRecord, records))

    def add_image_vectors(self, entry: EncoderEntry, rows: Sequence[ImageVector]) -> None:
        """Append image vectors of an encoder."""
        table = to_table(ImageVector, rows, entry.dimension)
        self.reader().table(f"vectors/{entry.key}.images").append(table)

    def add_text_vectors(self, entry: EncoderEntry, rows: Sequence[TextVector]) -> None:
        """Append text vectors of an encoder."""
        table = to_table(TextVector, rows, entry.dimension)
        self.reader().table(f"vectors/{entry.key}.texts").append(table)

    def set_texts(self, records: Iterable[TextRecord]) -> None:
        """Replace all texts."""
        self.reader().table("texts").replace(to_table(TextRecord, records))

    def set_problems(self, records: Iterable[Problem]) -> None:
        """Replace all problems."""
        self.reader().table("problems").replace(to_table(Problem, records))

    def mark_removed(self, image_ids: Sequence[str], when: str | None) -> None:
        """Note since when the files of images are gone, or that they are back (None).

        Nothing is deleted: rows and vectors stay, and readers leave marked rows out.
        """
        self.reader().table("images").set_value("removed", when, "image_id", list(image_ids))

    def update_images(self, records: Sequence[ImageRecord]) -> None:
        """Put `records` in the place of the images with the same ids."""
        self.reader().table("images").update(to_table(ImageRecord, records), "image_id")

    def compact(self, entry: EncoderEntry) -> None:
        """Merge the small files of a run."""
        reader = self.reader()
        for name in ("images", f"vectors/{entry.key}.images", f"vectors/{entry.key}.texts"):
            reader.table(name).compact()


def keep_private(folder: Path, *, deep: bool = True) -> None:
    """Let nobody but the user read a collection: it names files, and holds their pictures.

    The folder's own mode is what protects it while a run writes; its files follow at the end.
    """
    found = [folder, *(folder.rglob("*") if deep else ())]
    for path in found:
        # another user's file in a shared folder, or one that is being replaced, stays as it is
        with suppress(OSError):
            path.chmod(0o700 if path.is_dir() else 0o600)


def _check_place(folder: Path) -> None:
    """Refuse to turn a folder of something else into a collection.

    Raises:
        UsageError: `folder` is a file, or holds files and no collection.
        StorageProblem: it may not be read.
    """
    if folder.is_file():
        raise UsageError(f"{folder} is a file, not a collection's folder.", "Choose another --to.")
    if not folder.is_dir() or is_collection(folder):
        return
    with writing(folder):
        others = [path for path in folder.iterdir() if path.name not in (".writer.lock", "vectors")]
    if others:
        raise UsageError(
            f"{folder} holds other files and no collection.",
            "Give --to a new folder; the program writes nothing beside your scans.",
        )
