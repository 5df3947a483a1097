"""The encoders on offer and on this machine, as the window shows them."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_explorer.viewmodels import numbers

LEADING = "biomedclip"  # the encoder that users are led to


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """An encoder: what it is called, what it knows, how large it is, whether it is here."""

    id: str
    name: str
    detail: str
    installed: bool


def encoder_rows() -> list[EncoderRow]:
    """Return the encoders, those on this machine first."""
    from vlm_explorer.encoders.registry import list_encoders

    rows = [
        EncoderRow(
            spec.id,
            spec.name,
            " · ".join(part for part in (spec.domain, numbers.size(spec.bytes)) if part),
            folder is not None,
        )
        for spec, folder in list_encoders()
    ]
    return sorted(rows, key=lambda row: not row.installed)


def biomedclip_size() -> str:
    """Return how large the download of BiomedCLIP is."""
    from vlm_explorer.encoders.registry import describe

    return numbers.size(describe(LEADING).bytes)
