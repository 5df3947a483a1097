"""The words beside a saliency map: what it is, and what it is not. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vlm_explorer.viewmodels.saliency_display import Cell, DisplayedMap
from vlm_explorer.viewmodels.viewer_words import plain_number

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps

CAVEAT = "Shows what moved this model's score, not where disease is."
IMAGE_ONLY = "Image only: does not depend on the prompt."
_UNSEEN, _PADDED = 0.01, 0.05  # shares from which they are worth a word

Head = int | Literal["mean", "max"]


@dataclass(frozen=True, slots=True)
class Caption:
    """What a map is, in a line, and what to know when reading it."""

    title: str = ""
    note: str = ""


def attention_caption(
    maps: AttentionMaps, layer: int, head: Head, cell: Cell | None, prefix_mass: float
) -> Caption:
    """Return the caption of a row of attention.

    Args:
        maps: of the image.
        layer: from 0, or from -1 backwards.
        head: of the row.
        cell: the patch that looks; None for what leads to the image's vector.
        prefix_mass: the share of the row that goes to no patch.
    """
    index = layer % len(maps.layers)
    count = maps.heads[index]
    heads = (
        f"{head} of {count} heads" if isinstance(head, str) else f"head {head} of 0 to {count - 1}"
    )
    name = maps.layers[index]
    if name.startswith("Block"):
        name = f"{name.lower()} of {sum(part.startswith('Block') for part in maps.layers)}"
    title = f"Attention, {name}, {heads}, {_who(maps, index, cell)}"
    return Caption(title, f"{_prefix_share(maps, index, head, prefix_mass)}{IMAGE_ONLY}")


def _who(maps: AttentionMaps, layer: int, cell: Cell | None) -> str:
    if cell is not None:
        return f"from patch {cell[0] + 1}, {cell[1] + 1}"
    words = {"cls": "from the class token", "mean": "from all patches"}
    return words.get(str(maps.default_query(layer)), "from the pooling query")


def _prefix_share(maps: AttentionMaps, layer: int, head: Head, mass: float) -> str:
    if mass < 0.005:
        return ""
    to = "CLS" if maps.default_query(layer) == "cls" else "tokens outside the image"
    row = "of a head's row goes" if head == "max" else "of this row goes"
    return f"{'Up to ' if head == 'max' else ''}{100 * min(mass, 1.0):.0f} % {row} to {to}. "


def occlusion_caption(prompt: str, score: float | None) -> Caption:
    """Return the caption of an occlusion map; the score is None while it is computed."""
    cosine = "" if score is None else f", cosine {score:.3f}".replace("-", "−")
    return Caption(f"Occlusion, “{prompt}”{cosine}", CAVEAT)


def geometry_words(shown: DisplayedMap) -> str:
    """Return what must be said of the parts that the encoder did not see, and of the padding."""
    words = ""
    if shown.unseen >= _UNSEEN:
        words += f" {100 * shown.unseen:.0f} % of the image is not seen (hatched)."
    if shown.padded >= _PADDED:
        words += f" {100 * shown.padded:.0f} % of the map lies in the padding."
    return words


def range_words(shown: DisplayedMap) -> tuple[str, str, str]:
    """Return the ends of the colours in numbers, and their unit."""
    return plain_number(shown.low, 3), plain_number(shown.high, 3), shown.unit


def colour_words(shown: DisplayedMap) -> str:
    """Return what the colours mean, in a sentence."""
    low, high, unit = range_words(shown)
    words = f"From {low} to {high}, {unit}."
    if shown.signed:
        words += " Orange: the score falls when this part is hidden; blue: it rises."
    return words


def flat_words(method: str) -> str:
    """Return what to say where a map has no signal."""
    if method == "attention":
        return "No signal: every patch gets the same attention."
    return "No signal: hiding any part leaves the score as it is."
