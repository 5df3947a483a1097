"""What the map shows, frozen: points with levels, legend, stars, groups and words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.points import SIZES
from vlm_explorer.rendering.rasteriser import Level, Points
from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.map_colouring import Category, Colouring, Ramp
from vlm_explorer.viewmodels.map_groups import GroupName
from vlm_explorer.viewmodels.map_places import NONE, Places
from vlm_explorer.viewmodels.map_ramp import STEPS
from vlm_explorer.viewmodels.map_sizes import Sizing
from vlm_explorer.viewmodels.map_stars import Star

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session


_FIRST = 64  # members of a group that are looked at first


class MapState(Enum):
    """What there is to show."""

    EMPTY = auto()  # no images
    LOADING = auto()  # images, and their layout is on its way
    FAILED = auto()  # images, and no layout came
    READY = auto()


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A category with the number of its images: selected and shown, shown by filters, and all."""

    category: Category
    hidden: bool
    selected: int
    shown: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class MapScene:
    """Everything that the map draws, but for the point of view.

    Attributes:
        state: whether there are points.
        points: back to front; `codes` are rows of `colours`, or steps of the ramp.
        colours: of each code an index into the theme's categories, or NEUTRAL; of a ramp empty.
        row, text: as in `Places`, for these points.
        legend: empty where there is a ramp.
        ramp: None where there are categories.
        sizing: what sizes stand for, None where all are the same.
        stars: of the prompt and of labels.
        captions: whether captions are drawn.
        groups: names of all groups, the coarser before those within them.
        named: of each, whether anything of it can be picked.
        current: index of the current image's point, None where it is not drawn.
        caption: the line that says how the map was made and how much of it is shown.
        notes: further lines: what is preliminary, how groups got their names.
        shown: images that can be picked.
        selected: selected images.
        chosen: those of them that can be picked.
        moving: whether the points are on their way to where a better layout will have them.
        waiting: what is being waited for, in words, or "".
    """

    state: MapState
    points: Points
    colours: tuple[int, ...]
    row: NDArray[np.intp]
    text: NDArray[np.intp]
    legend: tuple[LegendEntry, ...]
    ramp: Ramp | None
    sizing: Sizing | None
    stars: tuple[Star, ...]
    captions: bool
    groups: tuple[GroupName, ...]
    named: tuple[bool, ...]
    current: int | None
    caption: str
    notes: tuple[str, ...]
    shown: int
    selected: int
    chosen: int
    moving: bool
    waiting: str

    def __len__(self) -> int:
        return len(self.row)


def ranks(
    places: Places, colouring: Colouring, sizing: Sizing | None = None
) -> NDArray[np.uint16] | None:
    """Return what lies on top of what: captions lowest; None where the order of places says it.

    Of values those lie on top that matter: the highest, or those farthest from the centre. Where
    points have sizes, the small ones lie above the large ones.
    """
    if (colouring.ramp is None and sizing is None) or not len(places):
        return None
    rank = np.ones(len(colouring.codes) + 1, np.uint16)
    if colouring.ramp is not None:
        steps = np.arange(STEPS)
        if (centre := centre_code(colouring.ramp)) is not None:
            steps = np.append(0, np.abs(steps[1:] - centre) + 1)
        rank[:-1] = (steps + 1).astype(np.uint16)[colouring.codes]
    if sizing is not None:
        small_last = (len(SIZES) - np.arange(len(SIZES))) * (STEPS + 1)
        rank[:-1] += small_last.astype(np.uint16)[sizing.codes]
    of_points = _by_row(rank, places.row)
    of_points[~places.images] = 0
    return of_points


def _by_row(of_images: NDArray[Any], row: NDArray[np.intp]) -> NDArray[Any]:
    """Return each point's value (P,) of values (N + 1,), the last for those without an image."""
    return of_images.take(row, mode="wrap")


def centre_code(ramp: Ramp) -> int | None:
    """Return the step of a scale's centre; None where it has none."""
    return None if ramp.centre is None else STEPS // 2


def _sizes(row: NDArray[np.intp], sizing: Sizing) -> NDArray[np.uint8]:
    """Return each point's index into `SIZES`; what belongs to no image has the usual one."""
    return _by_row(np.append(sizing.codes, np.uint8(0)), row)


def _codes(row: NDArray[np.intp], colouring: Colouring) -> NDArray[np.uint8]:
    """Return each point's code; what belongs to no image comes after the last category."""
    outside = 0 if colouring.ramp is not None else len(colouring.categories)
    return _by_row(np.append(colouring.codes, np.uint8(outside)), row)


def empty_scene(session: Session) -> MapScene:
    """Return the scene of a session that has no layout."""
    layout, count = session.layout, len(session.images)
    state, waiting = MapState.EMPTY, session.opening
    if count and (layout.pending or session.opening):
        state = MapState.LOADING
        waiting = waiting or f"Laying out {map_words.images(count)}…"
    elif count:
        state = MapState.FAILED
    none = np.empty(0, np.intp)
    nothing = Points(
        np.empty((0, 2), np.float32),
        np.empty(0, np.uint8),
        np.empty(0, np.bool_),
        np.empty(0, np.int8),
    )
    return MapScene(
        state=state, points=nothing, colours=(), row=none, text=none, legend=(), ramp=None,
        sizing=None, stars=(), captions=False, groups=(), named=(), current=None, caption="",
        notes=(), shown=0, selected=0, chosen=0, moving=False, waiting=waiting,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What the user chose about the map alone.

    Attributes:
        hidden: keys of hidden categories.
        captions: whether captions are drawn.
        stars: of the prompt, of pinned ones, and of labels.
    """

    hidden: frozenset[str] = frozenset()
    captions: bool = True
    stars: tuple[Star, ...] = ()


def build_scene(
    session: Session, places: Places, colouring: Colouring, rank: NDArray[np.uint16] | None,
    choices: Choices, groups: tuple[GroupName, ...], sizing: Sizing | None = None,
) -> MapScene:  # fmt: skip
    """Join the session's state, a layout and a colouring into what is drawn.

    Args:
        session: shown, selection, query, labels and groups are read.
        places: of the session's layout.
        colouring: of the session's images.
        rank: of the points, see `ranks`.
        choices: the user's.
        groups: of the session, all of them.
        sizing: of the session's images; None: all points have the usual size.
    """
    masks = _masks(session, places, colouring, choices)
    row, text = places.row, places.text
    level = _by_row(masks.level, row)
    if not choices.captions:
        level[~places.images] = Level.ABSENT
    size = None if sizing is None else _sizes(row, sizing)
    points = Points(places.xy, _codes(row, colouring), ~places.images, level, size, rank)
    active = masks.level[:-1] >= Level.FADED
    shown, chosen = int(active.sum()), int((active & masks.selected).sum())
    colours = [entry.colour for entry in colouring.categories]
    return MapScene(
        state=MapState.READY,
        points=points,
        colours=(*colours, map_words.TEXT_COLOUR) if colouring.ramp is None else (),
        row=row,
        text=text,
        legend=_legend(colouring, masks, choices),
        ramp=colouring.ramp,
        sizing=sizing,
        stars=choices.stars,
        captions=choices.captions,
        groups=groups,
        named=tuple(_any(active, group.members) for group in groups),
        current=_current(session, row, text, points),
        caption=map_words.caption_line(session, shown, chosen),
        notes=map_words.notes(session),
        shown=shown,
        selected=int(masks.selected.sum()),
        chosen=chosen,
        moving=session.moving is not None,
        waiting=map_words.waiting(session),
    )


def _any(active: NDArray[np.bool_], members: NDArray[np.int64]) -> bool:
    """Whether any member is active; the first few tell mostly, of a million."""
    return bool(active[members[:_FIRST]].any() or active[members[_FIRST:]].any())


@dataclass(frozen=True, slots=True, eq=False)
class _Masks:
    shown: NDArray[np.bool_]  # (N,), by the filter
    selected: NDArray[np.bool_]  # (N,)
    level: NDArray[np.int8]  # (N + 1,), the last is of texts without an image


def _masks(session: Session, places: Places, colouring: Colouring, choices: Choices) -> _Masks:
    """Return each image's level.

    One selected image has a halo; from two seen on, or where it alone is listed, others fade.
    """
    size = len(session.images)
    shown = session.shown if len(session.shown) == size else np.ones(size, np.bool_)
    selected = session.selected
    narrowed = session.only_selected and bool(selected.any())
    rest = Level.FADED if narrowed or (selected & shown).sum() > 1 else Level.PLAIN
    level = np.full(size + 1, rest, np.int8)
    level[:-1][selected] = Level.SELECTED
    level[:-1][~shown] = Level.GHOST
    hidden = [entry.key in choices.hidden for entry in colouring.categories]
    if any(hidden):
        level[:-1][np.array(hidden)[colouring.codes]] = Level.ABSENT
    level[:-1][~places.placed] = Level.ABSENT
    return _Masks(shown, selected, level)


def _legend(colouring: Colouring, masks: _Masks, choices: Choices) -> tuple[LegendEntry, ...]:
    if colouring.ramp is not None:
        return ()
    size = len(colouring.categories)
    kind = masks.shown.astype(np.uint16)  # 0: not shown, 1: shown, 2: selected besides
    kind += masks.selected & masks.shown
    counts = np.bincount(kind * np.uint16(size) + colouring.codes, minlength=3 * size)
    hidden, plain, selected = counts.reshape(3, size)
    shown, total = plain + selected, hidden + plain + selected
    return tuple(
        LegendEntry(
            entry,
            entry.key in choices.hidden,
            int(selected[code]),
            int(shown[code]),
            int(total[code]),
        )
        for code, entry in enumerate(colouring.categories)
    )


def _current(
    session: Session, row: NDArray[np.intp], text: NDArray[np.intp], points: Points
) -> int | None:
    """Return the point of the current image, if it is drawn."""
    current = session.images.row_of.get(session.selection.current or "", NONE)
    if current == NONE:
        return None
    found = np.flatnonzero((row == current) & (text == NONE) & (points.level > Level.ABSENT))
    return int(found[0]) if len(found) else None
