"""From a decoded frame and the captions table to the record that the collection keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from vlm_explorer.collection.records import (
    ImageRecord,
    Problem,
    TextRecord,
    image_id,
    salted,
    text_id,
)
from vlm_explorer.files.scan import FoundFile
from vlm_explorer.files.tables import CaptionRow
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
    """Makes the records of one run; identifiers are salted here and go no further."""

    def __init__(self, salt: bytes, captions: Captions) -> None:
        self._salt = salt
        self._captions = captions

    def rows(self, file: str) -> Sequence[CaptionRow]:
        """Return the captions of a file, by its absolute path."""
        return self._captions.rows.get(file, ())

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
        header, file = opened.header, str(found.path)
        fields = self.caption_fields(file)
        patient = header.patient_id or self._first(file, "patient")
        return ImageRecord(
            image_id=image_id(opened.content_hash, decoded.frame),
            file=file,
            frame=decoded.frame,
            content_hash=opened.content_hash,
            size=found.size,
            mtime_ns=found.mtime_ns,
            source=str(found.root),
            patient=salted(self._salt, patient),
            study=salted(self._salt, header.study_uid),
            series=salted(self._salt, header.series_uid),
            stack=salted(self._salt, header.stack),
            series_number=header.series_number,
            instance_number=header.instance_number,
            position=header.position,
            modality=header.modality or self._first(file, "modality"),
            body_part=header.body_part,
            rows=decoded.rows,
            columns=decoded.columns,
            label=fields.label,
            caption=fields.caption,
            split=fields.split,
            extra=fields.extra,
            thumbnail=decoded.thumbnail,
        )

    def _first(self, file: str, name: str) -> str:
        return next((value for row in self.rows(file) if (value := getattr(row, name))), "")

    def texts(self, file: str, image: str) -> list[TextRecord]:
        """Return the captions of a file as texts of its first image."""
        captions = dict.fromkeys(row.caption for row in self.rows(file) if row.caption)
        return [
            TextRecord(text_id(caption, "caption", image), caption, "caption", image)
            for caption in captions
        ]


def problems(skipped: Sequence[Skipped], found: Sequence[FoundFile]) -> list[Problem]:
    """Return the rows of the list of problems: what was skipped, with its source."""
    source = {str(file.path): str(file.root) for file in found}
    return [
        Problem(row.file, row.frame, row.kind, row.reason, source.get(row.file, ""))
        for row in skipped
    ]
