"""Every column by which the map can be coloured, sized and filtered: one value an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.arrow_columns import Coded, encode
from vlm_explorer.viewmodels.slow_columns import SlowColumns

if TYPE_CHECKING:
    from vlm_explorer.jobs import JobContext
    from vlm_explorer.viewmodels.image_table import ImageTable
    from vlm_explorer.viewmodels.session import Session

# Where columns come from, in the order in which they are offered.
SCAN, TABLE, TAGS = "Scan", "Table of captions", "Tags"
SCORES, HUBS, COMPUTED = "Scores", "Hubs", "Computed"
# What is known of each label; a column a label, so that lists show them folded.
OF_LABELS = (
    "Labels: probability", "Labels: z", "Labels: percentile", "Labels: margin", "Labels: cosine",
)  # fmt: skip
GROUPS = (SCAN, TABLE, TAGS, SCORES, *OF_LABELS, HUBS, COMPUTED)
_MANY = 100_000  # texts that are not encoded while the window waits


@dataclass(frozen=True, eq=False)
class Column:
    """A value for each image.

    Attributes:
        key: unique in the collection.
        title: what the window calls it, within a sentence: "series description".
        values: (N,) float64 with NaN where there is no number, or an object array of str with "".
        unit: of numbers; may be empty.
        centre: the number around which the scale diverges; None where it does not.
        group: where the column comes from, one of `GROUPS` or a name of its own.
        note: what the values are, in a sentence; may be empty.
        titles: of categories: what they are called where that is not their value.
        order: of categories: their fixed order, which also fixes their colours.
        codes: of categories: what `coded` returns, where that is known already.
        also: further words by which it is found.
        pending: whether the values are still being made; there are none until then.
    """

    key: str
    title: str
    values: NDArray[Any]
    unit: str = ""
    centre: float | None = None
    group: str = COMPUTED
    note: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    codes: Coded | None = None
    also: str = ""
    pending: bool = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.values.dtype.kind == "f"

    @cached_property
    def coded(self) -> Coded:
        """The categories, and the number of each image's; of a column of text."""
        return self.codes if self.codes is not None else encode(self.values)

    @cached_property
    def sorted(self) -> NDArray[np.float64]:
        """The finite numbers, ascending; of a column of numbers."""
        return np.sort(self.values[np.isfinite(self.values)])


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A column that can be had; it is made when it is asked for.

    Attributes:
        key, title, group: as of `Column`.
        is_number: whether its values will be numbers.
        make: returns the column.
        slow: whether `make` runs in a worker's thread; it is given a `context`, and its column
            has numbers.
        also: as of `Column`.
        of: what it is made of; while that is the same object, the column that was made stays.
    """

    key: str
    title: str
    group: str
    is_number: bool
    make: Callable[..., Column]
    slow: bool = False
    also: str = ""
    of: object = None


class Columns(QObject):
    """The columns of the open collection: what is known of the images, scores, computed ones.

    Signals:
        changed(): there are other columns, or others' values; read them anew.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._of_images: dict[str, Offer] | None = None
        self._of_scores: dict[str, Offer] | None = None
        self._of_tags: dict[str, Offer] | None = None
        self._computed: dict[str, Column] = {}
        self._made: dict[str, Column] = {}
        self._slow = SlowColumns(session, self._take_slow)
        session.collection_changed.connect(self._take_collection)
        session.query_changed.connect(self._take_scores)
        session.labels_changed.connect(self._take_scores)
        session.encoder_changed.connect(self._take_scores)
        session.tags.changed.connect(self._take_tags)

    def names(self) -> tuple[str, ...]:
        """Return the keys of all columns, in the order in which they are offered."""
        return tuple(offer.key for offer in self.offers())

    def offers(self) -> tuple[Offer, ...]:
        """Return what columns there are, group by group."""
        offers = list(self._offers().values())
        groups = [*GROUPS, *(offer.group for offer in offers)]
        return tuple(sorted(offers, key=lambda offer: groups.index(offer.group)))

    def offer(self, key: str) -> Offer | None:
        """Return what is known of a column without making it."""
        return self._offers().get(key)

    def found(
        self, text: str = "", *, numbers: bool = False
    ) -> tuple[tuple[str, tuple[Offer, ...]], ...]:
        """Return the groups, and in each the columns whose titles hold every word of `text`.

        Args:
            text: words, or beginnings of them; a group's name brings all of the group.
            numbers: only columns of numbers.
        """
        words = text.casefold().split()
        groups: dict[str, list[Offer]] = {}
        for offer in self.offers():
            sought = f"{offer.title} {offer.group} {offer.also}".casefold()
            if all(word in sought for word in words) and (offer.is_number or not numbers):
                groups.setdefault(offer.group, []).append(offer)
        return tuple((group, tuple(offers)) for group, offers in groups.items())

    def title(self, key: str) -> str:
        """Return what the window calls a column, its key where there is none."""
        offer = self.offer(key)
        return key if offer is None else offer.title

    def get(self, key: str) -> Column | None:
        """Return a column, or None where there is none of that key.

        One that takes long has no values yet, and others when it has changed.
        """
        if key not in self._made:
            offer = self._offers().get(key)
            if offer is None:
                return None
            self._made[key] = self._slow.begin(offer) if offer.slow else offer.make()
        return self._made[key]

    def when_made(self, key: str, take: Callable[[Column], object]) -> None:
        """Give a column to `take` once it has its values; never where they are not to be had."""
        column = self.get(key)
        if column is None:
            return
        if column.pending:
            self._slow.wait(key, take)
        else:
            take(column)

    def add(self, column: Column) -> None:
        """Offer a computed column, until the collection changes; one of the same key goes.

        Very many texts are encoded in a worker's thread first, and offered when that is done.

        Raises:
            ValueError: it has not one value an image.
        """
        images = self._session.images
        if len(column) != len(images):
            raise ValueError(f"{len(column)} values for {len(images)} images")
        if column.is_number or column.codes is not None or len(column) < _MANY:
            self._offer(column, images)
            return
        self._session.runner.start(
            _encode,
            column,
            title=f"Reading {column.title}",
            key=f"column {column.key}",
            lane="io",
            on_success=lambda _: self._offer(column, images),
            on_failure=self._session.messages.show_error,
        )

    def _offer(self, column: Column, images: ImageTable) -> None:
        if images is self._session.images:
            self._computed[column.key] = column
            self._made.pop(column.key, None)
            self.changed.emit()

    def remove(self, key: str) -> None:
        """Offer a computed column no longer."""
        if self._computed.pop(key, None) is not None:
            self._made.pop(key, None)
            self.changed.emit()

    def _take_slow(self, column: Column) -> None:
        self._made[column.key] = column
        self.changed.emit()

    def _offers(self) -> dict[str, Offer]:
        from vlm_explorer.viewmodels.image_columns import offers_of_images
        from vlm_explorer.viewmodels.score_columns import offers_of_scores
        from vlm_explorer.viewmodels.tag_columns import offers_of_tags

        if self._of_images is None:
            self._of_images = offers_of_images(self._session.images)
        if self._of_scores is None:
            self._of_scores = offers_of_scores(self._session)
        if self._of_tags is None:
            self._of_tags = offers_of_tags(self._session)
        computed = {key: _offer_of(column) for key, column in self._computed.items()}
        return self._of_images | self._of_tags | self._of_scores | computed

    @Slot()
    def _take_collection(self) -> None:
        self._of_images = self._of_scores = self._of_tags = None
        self._computed, self._made = {}, {}
        self._slow.stop()
        self.changed.emit()

    @Slot()
    def _take_tags(self) -> None:
        for key in self._of_tags or {}:
            self._made.pop(key, None)
        self._of_tags = None
        self.changed.emit()

    @Slot()
    def _take_scores(self) -> None:
        """Forget what was made of other answers."""
        before, self._of_scores = self._of_scores or {}, None
        now = self._offers()
        for key, offer in before.items():
            kept = key in now and offer.of is not None and now[key].of is offer.of
            if not kept and key not in self._computed:
                self._made.pop(key, None)
                self._slow.forget(key)
        self.changed.emit()


def _encode(column: Column, *, context: JobContext) -> None:
    """Find the categories of a column (any thread)."""
    context.check()
    _ = column.coded


def _offer_of(column: Column) -> Offer:
    return Offer(
        column.key,
        column.title,
        column.group,
        column.is_number,
        lambda: column,
        also=column.also,
    )
