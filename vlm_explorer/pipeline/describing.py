"""From a decoded frame and the captions table to the record that the collection keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vlm_explorer.collection.records import (
    DESCRIBED,
    ImageRecord,
    Problem,
    TextRecord,
    image_id,
    salted,
    text_id,
)
from vlm_explorer.files.header import PLAIN_STACK, ImageHeader
from vlm_explorer.files.scan import FoundFile
from vlm_explorer.files.tables import CaptionRow
from vlm_explorer.pipeline.dates import moved_day, moved_time
from vlm_explorer.pipeline.decoding import DecodedImage, Opened
from vlm_explorer.pipeline.plan import Captions
from vlm_explorer.pipeline.report import Skipped


@dataclass(frozen=True, slots=True)
class CaptionFields:
    """What the captions table gives to the images of a file."""

    label: str = ""
    caption: str = ""
    split: str = ""
    extra: str = ""


class Describer:
    """Makes the records of one run; identifiers and dates go no further than here."""

    def __init__(self, salt: bytes, captions: Captions) -> None:
        self._salt = salt
        self._captions = captions

    def rows(self, file: str) -> Sequence[CaptionRow]:
        """Return the captions of a file, by its absolute path."""
        return self._captions.rows(file)

    @property
    def captioned_files(self) -> set[str]:
        """The files that have captions or labels, by their absolute paths."""
        return self._captions.files

    def caption_fields(self, file: str) -> CaptionFields:
        """Return what the captions table says of a file: its first caption, and every label.

        The labels of several rows are joined, each finding once.
        """
        rows = self.rows(file)
        findings = [part.strip() for row in rows for part in row.label.split(";")]
        extra = {name: value for row in reversed(rows) for name, value in row.extra.items()}
        return CaptionFields(
            label="; ".join(dict.fromkeys(filter(None, findings))),
            caption=next((row.caption for row in rows if row.caption), ""),
            split=next((row.split for row in rows if row.split), ""),
            extra=json.dumps(extra, ensure_ascii=False, sort_keys=True) if extra else "",
        )

    def image(self, found: FoundFile, opened: Opened, decoded: DecodedImage) -> ImageRecord:
        """Return the record of a frame."""
        file = str(found.path)
        fields = self.caption_fields(file)
        return ImageRecord(
            image_id=image_id(opened.content_hash, decoded.frame),
            file=file,
            frame=decoded.frame,
            content_hash=opened.content_hash,
            size=found.size,
            mtime_ns=found.mtime_ns,
            source=str(found.root),
            rows=decoded.rows,
            columns=decoded.columns,
            label=fields.label,
            caption=fields.caption,
            split=fields.split,
            extra=fields.extra,
            thumbnail=decoded.thumbnail,
            **self.header_fields(file, opened.header, decoded.frame),
        )

    def header_fields(self, file: str, header: ImageHeader, frame: int) -> dict[str, Any]:
        """Return what the header says of a frame, as fields of its record."""
        place = header.places[min(frame, len(header.places) - 1)]
        patient = header.patient_id or self._first(file, "patient")
        plain = place.stack == PLAIN_STACK
        own = header.patient_id or header.study_uid
        return {
            "described": DESCRIBED,
            "patient": salted(self._salt, patient),
            "study": salted(self._salt, header.study_uid),
            "series": salted(self._salt, header.series_uid),
            "stack": place.stack if plain else salted(self._salt, place.stack),
            "series_number": header.series_number,
            "instance_number": header.instance_number,
            "modality": header.modality or self._first(file, "modality"),
            "body_part": header.body_part,
            "note": place.note,
            "position": place.position,
            "position_xyz": place.position_xyz,
            "orientation": place.orientation,
            "spacing": place.spacing,
            "frame_of_reference": salted(self._salt, header.frame_of_reference),
            "acquisition_number": place.acquisition_number,
            "temporal_position": place.temporal_position,
            "trigger_time": place.trigger_time,
            "b_value": place.b_value,
            "series_time": moved_time(self._salt, own, header.series_time),
            "study_day": moved_day(self._salt, header.patient_id, header.study_date),
            "series_description": header.series_description,
            "study_description": header.study_description,
            "sop_instance": salted(self._salt, header.sop_instance),
        }

    def _first(self, file: str, name: str) -> str:
        return next((value for row in self.rows(file) if (value := getattr(row, name))), "")

    def texts(self, file: str, image: str) -> list[TextRecord]:
        """Return the captions of a file as texts of its first image."""
        captions = dict.fromkeys(row.caption for row in self.rows(file) if row.caption)
        return [
            TextRecord(text_id(caption, "caption", image), caption, "caption", image)
            for caption in captions
        ]


def problems(
    skipped: Sequence[Skipped],
    source_of: Callable[[str], str],
    tried: Mapping[tuple[str, int | None], FoundFile],
    decoders: str,
) -> list[Problem]:
    """Return the rows of the list of problems: what was skipped, with its source.

    Args:
        tried: of what is known by its bytes to give no image, by file and frame: the file as it
            was then.
        decoders: by what files are read (`pixels.decoder_versions`).
    """
    rows = []
    for row in skipped:
        was = tried.get((row.file, row.frame))
        stamp = (None, None, None) if was is None else (was.size, was.mtime_ns, decoders)
        source = source_of(row.file)
        rows.append(Problem(row.file, row.frame, row.kind, row.reason, source, *stamp))
    return rows
