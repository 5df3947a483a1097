"""Thumbnails of the open collection, read when first asked for."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.session import Session

CAPACITY = 16_384  # thumbnails of about 4 kB
BATCH = 96
BACKLOG = 1_024  # older requests than these have scrolled out of sight; they are asked again


class Thumbnails(QObject):
    """Gives JPEG bytes by image id, from memory or, a little later, from the collection.

    Signals:
        loaded(ids): a set of image ids whose thumbnails can be had now.
    """

    loaded = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._asked: set[str] = set()
        self._absent: set[str] = set()
        self._folder: Path | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._read)
        session.collection_changed.connect(self._forget)
        self._forget()

    def get(self, image_id: str) -> bytes | None:
        """Return the JPEG, or None and read it; `loaded` tells when it can be had."""
        if (data := self._known.get(image_id)) is not None:
            self._known.move_to_end(image_id)
            return data
        settled = image_id in self._asked or image_id in self._absent
        if not settled and self._session.collection is not None:
            self._wanted[image_id] = None
            self._wanted.move_to_end(image_id)
            if not self._timer.isActive():
                self._timer.start(0)
        return None

    @Slot()
    def _read(self) -> None:
        """Read what was asked for last, one batch at a time."""
        collection = self._session.collection
        if collection is None or self._asked:
            return
        while len(self._wanted) > BACKLOG:
            self._wanted.popitem(last=False)
        batch = [self._wanted.popitem()[0] for _ in range(min(BATCH, len(self._wanted)))]
        if not batch:
            return
        self._asked = set(batch)
        self._session.runner.start(
            background.read_thumbnails,
            collection,
            batch,
            title="Reading thumbnails",
            key="thumbnails",
            lane="io",
            on_success=self._keep,
            on_failure=self._fail,
        )

    @Slot(object)
    def _keep(self, found: dict[str, bytes]) -> None:
        self._known.update(found)
        self._absent |= self._asked - found.keys()
        while len(self._known) > CAPACITY:
            self._known.popitem(last=False)
        self._asked = set()
        self.loaded.emit(set(found))
        self._read()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        """Say it once: where one batch cannot be read, the others cannot either."""
        self._wanted.clear()
        self._absent |= set(self._session.images.ids)
        self._asked = set()
        self._session.messages.show_error(error)

    @Slot()
    def _forget(self) -> None:
        """Begin anew with another collection; of one that only grew, keep what is known."""
        collection = self._session.collection
        folder = None if collection is None else collection.folder
        self._session.runner.cancel("thumbnails")
        self._timer.stop()
        if folder != self._folder:
            self._known.clear()
        self._folder = folder
        self._wanted.clear()
        self._asked = set()
        self._absent = set()
