"""The words beside a saliency map: what it is, and what it is not. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vlm_explorer.saliency.directions import Direction, quoted
from vlm_explorer.saliency.method_words import CAVEAT, NO_PROMPT
from vlm_explorer.viewmodels.saliency_display import DisplayedMap
from vlm_explorer.viewmodels.viewer_words import plain_number

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation

Head = int | Literal["mean", "max"]


class Layers(NamedTuple):
    """The layers whose attention can be shown, and their heads; empty where that is unknown."""

    names: tuple[str, ...] = ()
    heads: tuple[int, ...] = ()
    class_token: bool = False


@dataclass(frozen=True, slots=True)
class Caption:
    """What a map is, in a line; what to know when reading it; what speaks against it."""

    title: str = ""
    note: str = ""
    warnings: tuple[str, ...] = ()


def describe(
    name: str, explanation: Explanation, layers: Layers, direction: Direction | None = None
) -> Caption:
    """Return the caption of an explanation of at most one prompt.

    Args:
        name: of the method, for users.
        explanation: what is shown.
        layers: of the encoder, as far as its attention can be shown.
        direction: what its prompt stands for, where that is no text.
    """
    target = explanation.target
    parts = [name, _which(explanation, layers)]
    less = "".join(f" less {quoted(each)}" for each in target["negatives"] or ())
    kind = "difference of cosines" if less else "cosine"
    for prompt, score in zip(target["prompts"], explanation.score, strict=False):
        called = prompt
        if direction is not None and prompt == direction.words:
            called, kind = direction.title, "cosine with the query"
        parts += [f"{quoted(called)}{less}", f"{kind} {score:.3f}".replace("-", "−")]
    note = CAVEAT
    if explanation.residual is not None:
        rest = f"{explanation.residual[0]:.3f}".replace("-", "−")
        note = f"{note} {rest} lies in no patch."
    if target["kind"] == "none":
        note = f"{_prefix_share(explanation.params, layers)}{NO_PROMPT}"
    count = int(explanation.outlier_tokens.sum())
    if count and "muted_outlier_tokens" not in explanation.params:
        squares = "1 outlier token (square)" if count == 1 else f"{count} outlier tokens (squares)"
        note = f"{squares}. {note}"
    title = ", ".join(part for part in parts if part)
    return Caption(title, note, tuple(sorted(explanation.warnings, key=len)))  # more fit in a line


def announce(name: str, prompt: str) -> Caption:
    """Return the caption of an explanation that is on its way."""
    return Caption(f"{name}, {quoted(prompt)}", CAVEAT)


def _which(explanation: Explanation, layers: Layers) -> str:
    """Return which layers, and which part of them, or what was hidden."""
    params = explanation.params
    if explanation.method == "attention":
        return _attention(params, layers)
    if explanation.method == "occlusion":
        side = params["window"]
        hidden = "patch by patch" if side == 1 else f"{side} x {side} patches at a time"
        return f"{hidden}, {params['baseline']}"
    if explanation.method in ("patchsim", "gradcam"):
        return "last layer"
    start = params.get("start_layer", 0)
    return f"from block {start + 1} on" if start else "all layers"


def _attention(params: dict[str, Any], layers: Layers) -> str:
    head, name = params["head"], params["layer_name"]
    if name.startswith("Block"):
        name = f"{name.lower()} of {sum(each.startswith('Block') for each in layers.names)}"
    if not layers.heads:
        return f"{name}, {_who(params)}"
    count = layers.heads[params["layer"]]
    fused = f"{head} of {count} heads"
    which = fused if isinstance(head, str) else f"head {head} of 0 to {count - 1}"
    return f"{name}, {which}, {_who(params)}"


def _who(params: dict[str, Any]) -> str:
    query = params["query"]
    if isinstance(query, tuple):
        which = "column" if params.get("column") else "row"
        return f"{which} of patch {query[0] + 1}, {query[1] + 1}"
    words = {"cls": "from the class token", "mean": "from all patches"}
    return words.get(str(query), "from the pooling query")


def _prefix_share(params: dict[str, Any], layers: Layers) -> str:
    if params.get("column"):
        return _column_note(params, layers)
    mass, head = float(params.get("prefix_mass", 0.0)), params.get("head")
    if mass < 0.005:
        return ""
    to = "CLS" if layers.class_token else "tokens outside the image"
    row = "of a head's row goes" if head == "max" else "of this row goes"
    return f"{'Up to ' if head == 'max' else ''}{100 * min(mass, 1.0):.0f} % {row} to {to}. "


def _column_note(params: dict[str, Any], layers: Layers) -> str:
    """Return what the numbers of a column are, and what the class token gives."""
    before = params["prefix_attention"]
    name = "CLS" if layers.class_token else "the first token outside the image"
    given = f"; {name} gives {100 * before[0]:.1f} % of its own" if before else ""
    return f"Who attends to this patch{given}. "


def range_words(shown: DisplayedMap) -> tuple[str, str, str]:
    """Return the ends of the colours in numbers, and their unit."""
    return plain_number(shown.low, 3), plain_number(shown.high, 3), shown.unit


def colour_words(shown: DisplayedMap) -> str:
    """Return what the colours mean, in a sentence."""
    low, high, unit = range_words(shown)
    words = f"From {low} to {high}, {unit}."
    if shown.signed:
        words += " Warm: this part speaks for the prompt; cold: against it."
    return words


def flat_words(method: str) -> str:
    """Return what to say where a map has no signal."""
    if method in ("attention", "rollout"):
        return "No signal: every patch gets the same attention."
    if method == "occlusion":
        return "No signal: hiding any part leaves the score as it is."
    return "No signal: no part of the image moves the score."
