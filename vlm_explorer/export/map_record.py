"""What is to be known of exported maps: for people in a caption, for programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from vlm_explorer import __version__
from vlm_explorer.export.provenance import NOTICE
from vlm_explorer.rendering.map_scaling import Limits
from vlm_explorer.saliency.directions import quoted
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.method_words import CAVEAT, NO_PROMPT, title_of

_SCALINGS = {
    "raw": "colours from zero to the greatest value",
    "minmax": "colours from this map's least to its greatest value",
    "percentile": "colours from the 1st to the 99th percentile",
    "symmetric": "colours as far below zero as above",
    "shared": "one range of colours for all maps",
}


def record(
    maps: Sequence[Explanation],
    ends: Sequence[Limits],
    display: Mapping[str, Any],
    *,
    file: str = "",
    frame: int = 0,
) -> dict[str, Any]:
    """Return the facts of maps as JSON's types: full explanations without their arrays.

    Args:
        maps: of one image, of one prompt each.
        ends: of the colours, one a map.
        display: scaling, palette, opacity.
        file: the image's file, only where the user asked for it.
    """
    facts: dict[str, Any] = {
        "program": f"VLM Explorer {__version__}",
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "notice": NOTICE,
        "caveat": CAVEAT,
        "image": {"rows": maps[0].geometry.orig_hw[0], "columns": maps[0].geometry.orig_hw[1]},
        "display": dict(display),
        "maps": [_facts(found, own) for found, own in zip(maps, ends, strict=True)],
    }
    if file:
        facts["image"] |= {"file": file, "frame": frame}
    return facts


def _facts(found: Explanation, ends: Limits) -> dict[str, Any]:
    """Return an explanation; of arrays their shape, of maps their range, too."""
    facts: dict[str, Any] = {}
    for name in found.__dataclass_fields__:
        value = getattr(found, name)
        facts[name] = value
        if name in ("score", "residual") and value is not None:
            facts[name] = value.tolist()
        elif isinstance(value, np.ndarray):
            facts[name] = {"shape": list(value.shape), "dtype": str(value.dtype)}
    finite = found.grid[np.isfinite(found.grid)]
    facts["grid"] |= {"least": float(finite.min()), "greatest": float(finite.max())}
    facts["outlier_tokens"]["count"] = int(found.outlier_tokens.sum())
    facts["geometry"] = asdict(found.geometry)
    facts["colours"] = asdict(ends)
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON's types; what is none of them in words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def prompt_of(found: Explanation) -> str:
    """Return what a map of one prompt explains, in words; "" where the method knows no prompt."""
    target = found.target
    if target["kind"] == "none" or not target["prompts"]:
        return ""
    words = quoted(target["prompts"][0])
    return f"{words} less {quoted(target['negatives'][0])}" if target["negatives"] else words


def score_words(found: Explanation) -> str:
    """Return the score of a map of one prompt, in words."""
    if not len(found.score) or found.target["kind"] == "none":
        return NO_PROMPT
    kind = "difference of cosines" if found.target["kind"] == "contrast" else "cosine"
    return f"{kind} {number(float(found.score[0]))}".capitalize()


def caption(found: Explanation, display: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what stands beside maps of one method: how they were made, and how they look."""
    settings = ", ".join(f"{key} {_setting(value)}" for key, value in found.params.items())
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return (
        f"{title_of(found.method)}{f' ({settings})' if settings else ''}, unit {found.unit}.",
        f"Encoder {found.model_id}, fingerprint {found.weights_sha256[:12]}. {versions}, "
        f"VLM Explorer {__version__}.",
        f"{display_words(display)}.",
    )


def display_words(display: Mapping[str, Any]) -> str:
    """Return how maps are coloured, in words."""
    words = _SCALINGS.get(str(display.get("scaling", "")), "")
    return f"{words}, palette {display['palette']}".capitalize()


def number(value: float) -> str:
    """Return a raw value to three figures."""
    return f"{value:.3g}".replace("-", "−")


def _setting(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
