"""Which series an image belongs to, and which images come before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.files.study_tree import SeriesNode
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.series_order import SeriesOrder
from vlm_explorer.viewmodels.session import Session


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """A series as the viewer scrolls it.

    Attributes:
        key: of its node in the library's tree.
        study: what the study is called, and how long after the first it was made.
        title: what the series is called, and which part of it this stack is.
        ids: its images in the order of the wheel.
        siblings: all series of the study, this one among them, as in the library's tree.
        warnings: what the user should know of the stack.
    """

    key: str
    study: str
    title: str
    ids: tuple[str, ...]
    siblings: tuple[SeriesNode, ...] = ()
    warnings: tuple[str, ...] = ()


def window_key(images: ImageTable, image_id: str) -> tuple[str, ...]:
    """Return what images must share to share a window: series and stack.

    Plain images share none: those of a folder are no slices of one another.
    """
    row = images.row_of[image_id]
    columns = images.patient, images.study, images.series, images.stack, images.modality
    own = (image_id,) if images.stack[row] == PLAIN_STACK else ()
    return (*(str(column[row]) for column in columns), *own)


def find_series(images: ImageTable, image_id: str, *, context: JobContext) -> SeriesPlace:
    """Return the series of an image, ordered and titled as in the library's tree.

    The first look-up in a collection sorts all of it.
    """
    context.check()
    study, node = images.series_of[image_id]
    return SeriesPlace(
        node.key,
        " · ".join(part for part in (study.label, study.later) if part),
        " · ".join(part for part in (node.label, node.part) if part),
        node.image_ids,
        study.series,
        node.warnings,
    )


def scan_name(images: ImageTable, row: int) -> str:
    """Return what to call an image that nobody has described: a plain one by its file.

    A scan goes by its header, which is at hand before its series is sorted, never by its file.
    """
    if images.stack[row] == PLAIN_STACK:
        return images.name_of(row)
    described = (
        images.series_description[row],
        images.study_description[row],
        images.body_part[row].capitalize(),
    )
    number = images.series_number[row]
    series = "" if number != number else f"Series {number:.0f}"  # NaN where there is none
    what = next((words for words in described if words), series)
    return " · ".join(part for part in (images.modality[row], what) if part) or "Scan"


def image_to_show(session: Session, shown: str | None = None) -> str | None:
    """Return the image that stands for the selection.

    The current one; where several are selected and none is current, the one that is `shown`
    already, else the nearest to what is searched for, else the first.
    """
    selection, images = session.selection, session.images
    for known in (selection.current, shown if shown in selection.ids else None):
        if known in images.row_of:
            return known
    rows = images.rows_of(selection.ids)
    if not len(rows):
        return None
    answer = session.query.answer
    if answer is None or len(answer.cosine) != len(images):
        return str(images.ids[rows[0]])
    nearest = np.argmax(np.nan_to_num(answer.cosine[rows], nan=-np.inf))
    return str(images.ids[rows[nearest]])


_AHEAD = (1, 2, -1)  # neighbours worth reading before they are asked for, the likeliest first


class SeriesTracker(QObject):
    """Knows the series of a pane's image, and the place in it.

    Attributes:
        image_id: the pane's image, or None.
        key: what the images that share a window have in common.
        found: its series; None until that is known.
        ids: the images of the series in the order of the wheel; empty until known.
        place: index of the image in `ids` and the number of images there; None until known.

    Signals:
        changed(): the series, its order, or the place in it.
        wanted(image_id): another image of the study was asked for.
    """

    changed = Signal()
    wanted = Signal(str)

    def __init__(
        self,
        session: Session,
        order: SeriesOrder,
        name: str = "viewer",
        parent: QObject | None = None,
    ) -> None:
        """Follow the pane of that name."""
        super().__init__(parent)
        self._session = session
        self._order = order
        self._job = f"{name}.series"
        self._forward = True
        self._visited: dict[str, str] = {}
        self.image_id: str | None = None
        self.key: tuple[str, ...] = ()
        self.found: SeriesPlace | None = None
        self.ids: tuple[str, ...] = ()
        self.place: tuple[int, int] | None = None
        order.changed.connect(self._take_order)

    # Following the pane

    def enter(self, image_id: str) -> bool:
        """Follow to an image; returns whether it shares no window with the one before."""
        key = window_key(self._session.images, image_id)
        other, self.key, self.image_id = key != self.key, key, image_id
        if image_id not in self.ids:
            self.found = None
            self.look_again()
        self._find_place()
        return other

    def look_again(self) -> None:
        """Find the series of the image anew: there may be more images of it."""
        self._session.runner.start(
            find_series,
            self._session.images,
            self.image_id,
            title="Sorting the series",
            key=self._job,
            lane="io",
            on_success=self._take,
        )

    @Slot(object)
    def _take(self, series: SeriesPlace) -> None:
        self.found = series
        self._find_place()

    @Slot(str)
    def _take_order(self, key: str) -> None:
        if self.found is not None and self.found.key == key:
            self._find_place()

    def leave(self) -> None:
        """Follow no image."""
        self._session.runner.cancel(self._job)
        self.image_id, self.key, self.found = None, (), None
        self._find_place()

    def _find_place(self) -> None:
        self.place, self.ids = None, ()
        if self.found is not None:
            self.ids = self.found.ids[::-1] if self.reversed else self.found.ids
            if self.image_id in self.ids:
                self.place = self.ids.index(self.image_id), len(self.ids)
                self._visited[self.found.key] = self.image_id
        self.changed.emit()

    # Going through the series

    @property
    def reversed(self) -> bool:
        """Whether the series begins with what lies last in space."""
        return self.found is not None and self._order.is_reversed(self.found.key)

    def reverse(self) -> None:
        """Go through the series the other way round; the image stays."""
        if self.found is not None:
            self._order.reverse(self.found.key)

    def step(self, steps: int) -> None:
        """Ask for the image so many further in the series, or back."""
        if self.place is not None:
            self.go_to(self.place[0] + steps)

    def go_to(self, index: int) -> None:
        """Ask for the index-th image of the series, or the nearest that there is."""
        if self.place is None:
            return
        index = max(0, min(self.place[1] - 1, index))
        if index != self.place[0]:
            self._forward = index > self.place[0]
            self.wanted.emit(self.ids[index])

    def neighbours(self, offsets: Sequence[int] = _AHEAD) -> list[str]:
        """Return the images that may be asked for next, the likeliest first.

        Args:
            offsets: of the images, in the direction of scrolling.
        """
        if self.place is None:
            return []
        onward = 1 if self._forward else -1
        indices = [self.place[0] + onward * offset for offset in offsets]
        return [self.ids[index] for index in indices if 0 <= index < self.place[1]]

    # Going through the study

    def step_series(self, steps: int) -> None:
        """Ask for the series so many further in the study, or back; as far as there are any."""
        if self.found is None:
            return
        keys = [node.key for node in self.found.siblings]
        index = max(0, min(len(keys) - 1, keys.index(self.found.key) + steps))
        self.open_series(keys[index])

    def open_series(self, key: str) -> None:
        """Ask for a series of the study, at the image where it was left, else at its middle."""
        if self.found is None or key == self.found.key:
            return
        for node in self.found.siblings:
            if node.key == key:
                ids, left = node.image_ids, self._visited.get(key)
                self.wanted.emit(left if left in ids else ids[len(ids) // 2])
