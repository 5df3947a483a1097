"""What a compressed frame says of itself, before anything decodes it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_J2K_START = b"\xff\x4f\xff\x51"  # SOC and SIZ (ISO/IEC 15444-1 annex A.5)
_JP2_START = b"\x00\x00\x00\x0cjP  "
_JPEG_START = b"\xff\xd8"
# Start of frame, JPEG (ISO/IEC 10918-1 table B.1; C4, C8 and CC are others) and JPEG-LS.
_FRAME_MARKERS = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class CodestreamHeader:
    """The size of a compressed picture.

    Attributes:
        rows: 0 where it comes only after the pixels (JPEG's DNL).
        columns: in pixels.
        signed: whether its values are; None for JPEG and JPEG-LS, which do not know the word.
    """

    rows: int
    columns: int
    signed: bool | None = None


def read_codestream_header(data: bytes) -> CodestreamHeader | None:
    """Read the header of a JPEG, JPEG-LS or JPEG 2000 frame; None where it is none of them."""
    try:
        if data.startswith(_JPEG_START):
            return _read_jpeg(data)
        if data.startswith(_JP2_START):
            start = data.find(_J2K_START)
            return _read_jpeg_2000(data, start) if start > 0 else None
        return _read_jpeg_2000(data, 0) if data.startswith(_J2K_START) else None
    except (struct.error, IndexError):
        return None


def _read_jpeg_2000(data: bytes, start: int) -> CodestreamHeader:
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    signed = bool(data[start + 42] & 0x80)
    return CodestreamHeader(bottom - top, right - left, signed)


def _read_jpeg(data: bytes) -> CodestreamHeader | None:
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF or marker in _STANDALONE:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_MARKERS:
            rows, columns = struct.unpack_from(">HH", data, place + 5)
            return CodestreamHeader(rows, columns)
        place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return None
