"""The maps that stand beside each other, and the one range they share. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vlm_explorer.errors import UsageError
from vlm_explorer.saliency.geometry import on_image
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.viewmodels.saliency_display import DisplayedMap, RawMap, display_map
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_states import METHODS, Choice, title_of
from vlm_explorer.viewmodels.viewer_words import plain_number

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation

TOGETHER = frozenset({"decomp", "patchsim", "occlusion"})  # one pass serves all prompts
LONGEST = 192  # px, of a map in a tile
_ATTENTION = ("layer", -1), ("head", "mean"), ("query", "auto")


class Compared(StrEnum):
    """What the maps differ in."""

    PROMPTS = "prompts"
    METHODS = "methods"


class TileState(StrEnum):
    """How far a map has come."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, eq=False)
class CompareTile:
    """One of several maps.

    Attributes:
        request: what it explains.
        title: its prompt, or its method.
        state: how far it is.
        message: why there is none, or what to know when reading it.
        score: of the prompt, in words.
        explanation: as computed; None until then.
        drawn: what is shown: the explanation, or its difference to another.
        shown: the map in its colours.
        own_range: whether its colours stand for other values than those of the rest.
        subtracted: whether the others are shown less this one.
        removable: whether the user typed its prompt here.
    """

    request: Request
    title: str
    state: TileState = TileState.WAITING
    message: str = ""
    score: str = ""
    explanation: Explanation | None = None
    drawn: Explanation | None = None
    shown: DisplayedMap | None = None
    own_range: bool = False
    subtracted: bool = False
    removable: bool = False


def prompt_requests(base: Request, method: str, prompts: Sequence[str]) -> list[Request]:
    """Return what to ask for a map of each prompt."""
    return [_request(base, method, prompt) for prompt in prompts]


def method_requests(base: Request, prompt: str) -> list[Request]:
    """Return what to ask for a map by each method; those that know no prompt need none."""
    wanted = [name for name in METHODS if prompt or name in IMAGE_ONLY]
    return [_request(base, name, prompt) for name in wanted]


def _request(base: Request, method: str, prompt: str) -> Request:
    params: tuple[tuple[str, Any], ...] = _ATTENTION if method == "attention" else ()
    if base.method == method:
        params = base.params
    return replace(base, method=method, prompt=prompt, params=params)


def batches(requests: Sequence[Request]) -> list[list[Request]]:
    """Share requests out among passes through the encoder, those of one method in one where it can.

    Quick ones come first, so that there is something to see.
    """
    found: list[list[Request]] = []
    for request in requests:
        same = (each for each in found if each[0].method == request.method)
        batch = next(same, None) if request.method in TOGETHER else None
        if batch is None:
            found.append([request])
        else:
            batch.append(request)
    return sorted(found, key=lambda batch: batch[0].method == "occlusion")


def with_maps(
    tiles: Sequence[CompareTile],
    explanations: Sequence[Explanation | None],
    subtracted: Request | None,
    choice: Choice,
) -> tuple[CompareTile, ...]:
    """Return tiles with what is known of each, maps of one kind on one range.

    Args:
        tiles: without maps.
        explanations: what is known of each; None where nothing is yet.
        subtracted: of the tile whose map is taken from the others'.
        choice: palettes, and whether patches are shown as they are.
    """
    from vlm_explorer.saliency.difference import difference

    found = {t.request.key: own for t, own in zip(tiles, explanations, strict=True)}
    base = None if subtracted is None else found.get(subtracted.key)
    drawn: list[CompareTile] = []
    for tile in tiles:
        own = found[tile.request.key]
        if own is None or tile.state is TileState.REFUSED:
            drawn.append(tile)
            continue
        is_base = subtracted is not None and tile.request.key == subtracted.key
        shown = own
        if base is not None and not is_base:
            try:
                shown = difference(own, base)
            except UsageError as error:
                drawn.append(replace(tile, state=TileState.REFUSED, message=error.text))
                continue
        drawn.append(
            replace(
                tile,
                state=TileState.READY,
                message=" ".join(own.warnings),
                score=_score_words(shown),
                explanation=own,
                drawn=shown,
                subtracted=is_base,
            )
        )
    return _coloured(drawn, choice)


def _coloured(tiles: list[CompareTile], choice: Choice) -> tuple[CompareTile, ...]:
    kinds = {_kind(tile.drawn) for tile in tiles if tile.drawn is not None and not tile.subtracted}
    coloured = []
    for tile in tiles:
        if tile.drawn is None:
            coloured.append(tile)
            continue
        kind = _kind(tile.drawn)
        among = [
            other.drawn.grid[:, on_image(other.drawn.geometry) > 0]
            for other in tiles
            if other.drawn is not None and _kind(other.drawn) == kind
        ]
        shown = display_map(
            raw_map(tile.drawn),
            squares=choice.squares,
            scaling="minmax" if len(among) == 1 else "shared",
            among=among,
            palette=choice.diverging if tile.drawn.signed else choice.sequential,
            longest=LONGEST,
        )
        own = len(kinds) > 1 or kind not in kinds
        coloured.append(replace(tile, shown=shown, own_range=own))
    return tuple(coloured)


def raw_map(found: Explanation) -> RawMap:
    """Return the values of an explanation of one prompt."""
    return RawMap(found.grid[0], found.geometry, found.unit, found.signed)


def _kind(found: Explanation) -> tuple[str, str, bool]:
    return found.method, found.unit, found.target["kind"] == "contrast"


def _score_words(found: Explanation) -> str:
    if found.target["kind"] == "none" or not len(found.score):
        return "image only"
    sign = "difference " if found.target["kind"] == "contrast" else "cosine "
    return f"{sign}{plain_number(float(found.score[0]), 3)}"


def range_note(tiles: Sequence[CompareTile]) -> str:
    """Return how far the colours of tiles may be compared."""
    shown = [tile for tile in tiles if tile.shown is not None]
    if len(shown) < 2:
        return ""
    if any(tile.own_range and not tile.subtracted for tile in shown):
        return "Units differ: each map has a bar of its own, and colours cannot be compared."
    if any(tile.own_range for tile in shown):
        return "One range of colours for all differences."
    return "One range of colours for all."


def refused(request: Request, reason: str) -> CompareTile:
    """Return the tile of a method that does not apply."""
    return CompareTile(request, title_of(request.method), TileState.REFUSED, f"Not here: {reason}.")
