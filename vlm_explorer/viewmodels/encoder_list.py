"""The encoders on offer and on this machine, as the window shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.model_facts import ModelFacts

LEADING = "biomedclip"  # the encoder that users are led to


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """An encoder: what it is called, what it knows, how large it is, whether it is here."""

    id: str
    name: str
    detail: str
    installed: bool


def encoder_rows() -> list[EncoderRow]:
    """Read the encoders, those on this machine first."""
    from vlm_explorer.encoders.registry import list_encoders

    rows = [
        _row(spec.id, spec.name, spec.domain, spec.bytes, installed=folder is not None)
        for spec, folder in list_encoders()
    ]
    return sorted(rows, key=lambda row: not row.installed)


def rows_of(models: Iterable[ModelFacts]) -> list[EncoderRow]:
    """Return the encoders on offer among those that were read already."""
    return [
        _row(
            facts.id,
            facts.name,
            facts.subject,
            facts.disk if facts.installed else facts.download,
            installed=facts.installed,
        )
        for facts in models
        if not facts.not_offered
    ]


def _row(id_: str, name: str, subject: str, size: int | None, *, installed: bool) -> EncoderRow:
    detail = " · ".join(part for part in (subject, numbers.size(size)) if part)
    return EncoderRow(id_, name, detail, installed)


def biomedclip_size() -> str:
    """Return how large the download of BiomedCLIP is."""
    from vlm_explorer.encoders.registry import describe

    return numbers.size(describe(LEADING).bytes)
