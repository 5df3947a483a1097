"""What two prompts of one explanation have in common drops out: the difference of their maps."""

from __future__ import annotations

from dataclasses import replace

from vlm_explorer.errors import UsageError
from vlm_explorer.saliency.explanation import Explanation


def difference(one: Explanation, other: Explanation) -> Explanation:
    """Return the signed map of one prompt less that of another, of the same image and method.

    Args:
        one, other: of a single prompt each.

    Returns:
        An explanation whose target is a contrast; its score is the difference of the cosines.

    Raises:
        UsageError: the maps are not of one kind, so that their difference would mean nothing.
    """
    same = (
        one.method == other.method
        and one.unit == other.unit
        and one.params == other.params
        and one.geometry == other.geometry
        and one.weights_sha256 == other.weights_sha256
    )
    if not same or len(one.grid) != 1 or len(other.grid) != 1:
        raise UsageError(
            "These two maps cannot be subtracted: they are of different kinds.",
            "Take two prompts of one method, on one scan.",
        )
    residual = None
    if one.residual is not None and other.residual is not None:
        residual = one.residual - other.residual
    return replace(
        one,
        target={
            "kind": "contrast",
            "prompts": list(one.target["prompts"]),
            "negatives": list(other.target["prompts"]),
        },
        score=one.score - other.score,
        grid=one.grid - other.grid,
        signed=True,
        additive=residual is not None,
        residual=residual,
        per_layer=None,
        per_head=None,
        warnings=list(dict.fromkeys([*one.warnings, *other.warnings])),
    )


def single(found: Explanation, row: int) -> Explanation:
    """Return one prompt's part of an explanation, as if it had been asked alone."""
    part = slice(row, row + 1)
    return replace(
        found,
        target={**found.target, "prompts": found.target["prompts"][part]},
        score=found.score[part],
        grid=found.grid[part],
        residual=None if found.residual is None else found.residual[part],
        per_layer=None if found.per_layer is None else found.per_layer[part],
        per_head=None if found.per_head is None else found.per_head[part],
    )
