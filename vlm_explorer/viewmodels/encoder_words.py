"""What the status line says of an encoder. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlm_explorer.pixels.ct_choice import DEFAULT

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder


def describe_encoder(encoder: Encoder, ct_window: str) -> str:
    """Return what the status line says of an encoder in memory: "demo · cpu · fp32 · CT: lung"."""
    parts = [encoder.id, encoder.device, encoder.precision, describe_gain(encoder)]
    if ct_window != DEFAULT:
        parts.append(f"CT: {ct_window}")
    return " · ".join(part for part in parts if part)


def describe_gain(encoder: Encoder) -> str:
    """Return what a lower precision gains and costs, as measured when the encoder was loaded.

    "4.1× fp32, cosine 0.9998"; "" in single precision, or where nothing was measured.
    """
    choice = getattr(encoder, "choice", None)
    if choice is None or encoder.precision == "fp32":
        return ""
    rates = choice.images_per_second
    own, single = rates.get(encoder.precision), rates.get("fp32")
    gain = f"{own / single:.1f}× fp32, " if own and single else ""
    return f"{gain}cosine {choice.cosine:.4f}"
