"""How DICOM pixel data may be encoded: names in words, and what nothing here can decode."""

from __future__ import annotations

import re
from importlib.util import find_spec

from pydicom.uid import UID

DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"

_IS_UID = re.compile(r"[0-9.]{1,64}")

_NATIVE = frozenset(
    {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"}
)

# Encapsulated, with a decoder among the packages that the program depends on (PS3.5 annex A).
_DECODABLE = {
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended (12 bit)",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near-lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "High-Throughput JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.202": "High-Throughput JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.203": "High-Throughput JPEG 2000",
    "1.2.840.10008.1.2.5": "RLE Lossless",
    DEFLATED_FRAME: "Deflated Image Frame",
}

# With a decoder in the extra `codecs` alone.
_JPEG_XL = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
_RETIRED = {
    "1.2.840.10008.1.2.4.53": "JPEG Spectral Selection (retired)",
    "1.2.840.10008.1.2.4.55": "JPEG Full Progression (retired)",
}
_WITH_EXTRA = _JPEG_XL | _RETIRED

# Retired, video and referenced syntaxes, for which there is none.
_UNDECODABLE = {
    "1.2.840.10008.1.2.4.52": "JPEG Extended (process 3 and 5)",
    "1.2.840.10008.1.2.4.54": "JPEG Spectral Selection (retired)",
    "1.2.840.10008.1.2.4.56": "JPEG Full Progression (retired)",
    "1.2.840.10008.1.2.4.58": "JPEG Lossless (process 15, retired)",
    "1.2.840.10008.1.2.4.92": "JPEG 2000 Multi-component Lossless",
    "1.2.840.10008.1.2.4.93": "JPEG 2000 Multi-component",
    "1.2.840.10008.1.2.4.94": "JPIP Referenced",
    "1.2.840.10008.1.2.4.95": "JPIP Referenced Deflate",
    "1.2.840.10008.1.2.4.100": "MPEG-2 video",
    "1.2.840.10008.1.2.4.101": "MPEG-2 video",
    "1.2.840.10008.1.2.4.102": "MPEG-4 video",
    "1.2.840.10008.1.2.4.103": "MPEG-4 video",
    "1.2.840.10008.1.2.4.104": "MPEG-4 video",
    "1.2.840.10008.1.2.4.105": "MPEG-4 video",
    "1.2.840.10008.1.2.4.106": "MPEG-4 video",
    "1.2.840.10008.1.2.4.107": "HEVC video",
    "1.2.840.10008.1.2.4.108": "HEVC video",
    "1.2.840.10008.1.2.4.204": "JPIP HTJ2K Referenced",
    "1.2.840.10008.1.2.4.205": "JPIP HTJ2K Referenced Deflate",
    "1.2.840.10008.1.2.7.1": "SMPTE ST 2110 video",
    "1.2.840.10008.1.2.7.2": "SMPTE ST 2110 video",
}

# The packages that bring a decoder, for the syntaxes that only one of them reads.
_EXTRA = "'vlm-explorer[codecs]'"
_PACKAGES = {
    "1.2.840.10008.1.2.4.51": _EXTRA,  # of 12 bits; those of 8 need nothing
    "1.2.840.10008.1.2.4.57": "python-gdcm",
    "1.2.840.10008.1.2.4.70": "python-gdcm",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg pylibjpeg-openjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg pylibjpeg-openjpeg",
    "1.2.840.10008.1.2.4.201": "pylibjpeg pylibjpeg-openjpeg",
    "1.2.840.10008.1.2.4.202": "pylibjpeg pylibjpeg-openjpeg",
    "1.2.840.10008.1.2.4.203": "pylibjpeg pylibjpeg-openjpeg",
}

_JPEG_2000 = frozenset(
    "1.2.840.10008.1.2.4." + number for number in ("90", "91", "201", "202", "203")
)

# Lossy by construction, whatever the header says.
_LOSSY = frozenset(
    "1.2.840.10008.1.2.4." + number for number in ("50", "51", "53", "55", "81", "111", "203")
)


def name_syntax(uid: str) -> str:
    """Return a transfer syntax in words, with its UID where nobody knows a name."""
    known = _DECODABLE.get(uid) or _WITH_EXTRA.get(uid) or _UNDECODABLE.get(uid)
    if known:
        return known
    registered = UID(uid).name
    if registered != uid:
        return registered
    # Whatever else stands there may be anything, a name even.
    return f"an unknown compression ({uid})" if _IS_UID.fullmatch(uid) else "an unknown compression"


def is_decodable(uid: str) -> bool:
    """Return whether the program can have a decoder, so that decoding is worth trying."""
    return uid in _NATIVE or uid in _DECODABLE or (needs_extra(uid) and not missing_package(uid))


def needs_extra(uid: str) -> bool:
    """Return whether the only decoder comes with the extra `codecs`."""
    return uid in _WITH_EXTRA


def is_jpeg_xl(uid: str) -> bool:
    """Return whether the frames are JPEG XL."""
    return uid in _JPEG_XL


def is_jpeg_2000(uid: str) -> bool:
    """Return whether the frames are JPEG 2000 or its high-throughput form."""
    return uid in _JPEG_2000


def is_encapsulated(uid: str) -> bool:
    """Return whether frames are compressed one by one, and not simply one after the other."""
    return uid not in _NATIVE


def package_for(uid: str) -> str:
    """Return what to install for the syntax; "" where nothing is needed or known."""
    return _EXTRA if needs_extra(uid) else _PACKAGES.get(uid, "")


def missing_package(uid: str) -> str:
    """Return what to install for a syntax that needs the extra, if it is not; else ""."""
    missing = needs_extra(uid) and find_spec("imagecodecs") is None
    return package_for(uid) if missing else ""


def is_lossy(uid: str) -> bool:
    """Return whether the syntax always loses detail (JPEG 2000 may or may not: not counted)."""
    return uid in _LOSSY
