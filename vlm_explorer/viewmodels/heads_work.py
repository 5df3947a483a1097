"""The heads of all layers, read off the GUI thread, layer by layer. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.saliency_display import Cell
from vlm_explorer.viewmodels.viewer_words import plain_number

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps, Query
    from vlm_explorer.saliency.head_maps import HeadMaps
    from vlm_explorer.viewmodels.saliency_explainer import Request


@dataclass(slots=True, eq=False)
class LayersOfHeads:
    """What is known so far of an encoder's heads; the worker fills it, others only read.

    Attributes:
        names: of the layers; empty until the image was encoded.
        heads: number of heads of each layer.
        layers: of each layer where its heads look; None until that is known.
    """

    names: tuple[str, ...] = ()
    heads: tuple[int, ...] = ()
    layers: list[HeadMaps | None] = field(default_factory=list)


def read_heads(
    request: Request,
    maps: AttentionMaps | None,
    cell: Cell | None,
    found: LayersOfHeads,
    *,
    context: JobContext,
) -> LayersOfHeads:
    """Fill `found`, the last layer first: it is what leads to the image's vector.

    Args:
        request: the image, and who looks at it.
        maps: its attention, where that was read before.
        cell: the patch that looks; None for what leads to the image's vector.
        found: told of each layer as soon as it is known.
        context: progress and cancellation.

    Raises:
        NotSupported: the encoder's attention cannot be shown; the text says why.
    """
    from vlm_explorer.saliency.attention import attention_maps
    from vlm_explorer.saliency.head_maps import head_maps
    from vlm_explorer.viewmodels.viewer_encoder_view import rendered

    context.check()
    if maps is None:
        pixels = rendered(request.frame, request.source, request.ct_window)
        maps = attention_maps(request.encoder, pixels)
    count = len(maps.layers)
    found.layers = [None] * count
    found.heads, found.names = maps.heads, maps.layers
    for done, layer in enumerate(reversed(range(count)), 1):
        query: Query = "auto" if cell is None else cell
        found.layers[layer] = head_maps(maps, layer, query, context=context)
        context.report(done, count, "Reading heads")
    return found


def tile_words(name: str, maps: HeadMaps, place: int) -> str:
    """Return what is known of a head's row in a sentence; `place` counts from the mean on."""
    head, grid = maps.heads[place], maps.grid[place]
    which = f"head {head}" if isinstance(head, int) else f"{head} of {len(maps.heads) - 2} heads"
    parts = [f"{name}, {which}, {_who(maps.query)}"]
    if head != "max":
        most = plain_number(_bits(maps.tokens), 2)
        parts.append(
            f"entropy {maps.entropy[place]:.1f} of at most {most} bits over {maps.tokens} tokens"
        )
    mean, top = (plain_number(float(value), 2) for value in (grid.mean(), grid.max()))
    parts.append(f"a patch gets {mean} on average, {top} at most")
    if maps.prefix_mass[place] >= 0.005:
        share = f"{100 * min(float(maps.prefix_mass[place]), 1.0):.0f} %"
        parts.append(f"{share} goes to the class token or others outside the image")
    return "; ".join(parts)


def _bits(tokens: int) -> float:
    from math import log2

    return log2(tokens)


def _who(query: object) -> str:
    if isinstance(query, tuple):
        return f"from patch {query[0] + 1}, {query[1] + 1}"
    words = {"cls": "from the class token", "mean": "from all patches"}
    return words.get(str(query), "from the pooling query")
