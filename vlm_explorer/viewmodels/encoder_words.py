"""What the status line says of an encoder. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlm_explorer.pixels.ct_choice import DEFAULT

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder


def describe_encoder(encoder: Encoder, ct_window: str) -> str:
    """Return what the status line says of an encoder in memory: "demo · cpu · fp32 · CT: lung"."""
    parts = [encoder.id, encoder.device, encoder.precision]
    return " · ".join(parts if ct_window == DEFAULT else [*parts, f"CT: {ct_window}"])
