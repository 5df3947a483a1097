"""Which series an image belongs to, and which images come before and after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.files.study_tree import SeriesNode, StudyNode, TreeRow, build_tree
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """A series as the viewer scrolls it.

    Attributes:
        study: title of the study, "Study 1".
        title: title of the series without its modality and count, "Series 4".
        ids: its images in the order of the wheel.
    """

    study: str
    title: str
    ids: tuple[str, ...]


def series_key(images: ImageTable, image_id: str) -> tuple[str, ...]:
    """Return what images must share to share a window: series and stack."""
    row = images.row_of[image_id]
    columns = images.patient, images.study, images.series, images.stack, images.modality
    return tuple(column[row] for column in columns)


def find_series(images: ImageTable, image_id: str, *, context: JobContext) -> SeriesPlace:
    """Return the series of an image, ordered and titled as in the library's tree."""
    context.check()
    row = images.row_of[image_id]
    of_patient = np.flatnonzero(images.patient == images.patient[row])
    studies = images.study[of_patient]
    _, first = np.unique(studies.astype(str), return_index=True)
    # Of other studies one image is enough: it keeps the numbers of the studies right.
    wanted = (studies == images.study[row]) | np.isin(np.arange(len(of_patient)), first)
    tree = build_tree([_tree_row(images, i) for i in of_patient[wanted]])
    nodes = [
        (study, node) for patient in tree for study in patient.studies for node in study.series
    ]
    study, node = next(pair for pair in nodes if image_id in pair[1].image_ids)
    return _place(study, node)


def _place(study: StudyNode, node: SeriesNode) -> SeriesPlace:
    return SeriesPlace(study.title, node.title.split(" · ")[0], node.image_ids)


def _tree_row(images: ImageTable, row: int) -> TreeRow:
    position = float(images.position[row])
    return TreeRow(
        image_id=images.ids[row],
        patient=images.patient[row],
        study=images.study[row],
        series=images.series[row],
        series_number=_whole(images.series_number[row]),
        modality=images.modality[row],
        stack=images.stack[row],
        position=None if np.isnan(position) else position,
        instance_number=_whole(images.instance_number[row]),
        frame=int(images.frame[row]),
        file=images.file[row],
    )


def _whole(number: float) -> int | None:
    return None if np.isnan(number) else int(number)


_KEY = "viewer.series"
_AHEAD = (1, 2, -1)  # neighbours worth reading before they are asked for, the likeliest first


class SeriesTracker(QObject):
    """Knows the series of the current image, and the place in it.

    Attributes:
        image_id: the current image, or None.
        key: what the images that share a window have in common.
        found: its series; None until that is known.
        place: index of the image in its series and the number of images there; None until known.

    Signals:
        changed(): the series, or the place in it.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._forward = True
        self.image_id: str | None = None
        self.key: tuple[str, ...] = ()
        self.found: SeriesPlace | None = None
        self.place: tuple[int, int] | None = None

    def enter(self, image_id: str) -> bool:
        """Follow to an image; returns whether it is of another series than the one before."""
        key = series_key(self._session.images, image_id)
        other, self.key, self.image_id = key != self.key, key, image_id
        if self.found is None or image_id not in self.found.ids:
            self.found = None
            self.look_again()
        self._find_place()
        self.changed.emit()
        return other

    def look_again(self) -> None:
        """Find the series of the current image anew: there may be more images of it."""
        self._session.runner.start(
            find_series,
            self._session.images,
            self.image_id,
            title="Sorting the series",
            key=_KEY,
            lane="io",
            on_success=self._take,
        )

    @Slot(object)
    def _take(self, series: SeriesPlace) -> None:
        self.found = series
        self._find_place()
        self.changed.emit()

    def leave(self) -> None:
        """Follow no image."""
        self._session.runner.cancel(_KEY)
        self.image_id, self.key, self.found = None, (), None
        self._find_place()
        self.changed.emit()

    def _find_place(self) -> None:
        self.place = None
        if self.found is not None and self.image_id in self.found.ids:
            self.place = self.found.ids.index(self.image_id), len(self.found.ids)

    def step(self, steps: int) -> None:
        """Go on by so many images in the series, or back."""
        if self.place is not None:
            self.go_to(self.place[0] + steps)

    def go_to(self, index: int) -> None:
        """Make the index-th image of the series the current one, or the nearest that there is.

        A selection of several images stays.
        """
        place = self.place
        if place is None or self.found is None:
            return
        index = max(0, min(place[1] - 1, index))
        if index == place[0]:
            return
        self._forward = index > place[0]
        image_id, selected = self.found.ids[index], self._session.selection.ids
        alone = selected <= {self.image_id}
        self._session.select([image_id] if alone else selected, image_id)

    def neighbours(self) -> list[str]:
        """Return the images that may be asked for next, the likeliest first."""
        place = self.place
        if place is None or self.found is None:
            return []
        onward = 1 if self._forward else -1
        indices = [place[0] + onward * offset for offset in _AHEAD]
        return [self.found.ids[index] for index in indices if 0 <= index < place[1]]
