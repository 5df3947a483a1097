"""What a report of a fault needs to know about this machine; no names, no paths of images."""

from __future__ import annotations

import importlib.metadata
import platform
import sys

PACKAGES = ("PySide6-Essentials", "torch", "open_clip_torch", "transformers", "pydicom", "pylance")


def system_information(encoder: str) -> str:
    """Return versions of the program and of what it stands on, one a line.

    Args:
        encoder: the encoder in use, in words; may be empty.
    """
    from vlm_explorer import __version__

    lines = [
        f"VLM Explorer {__version__}",
        f"Python {platform.python_version()} on {platform.platform()} ({platform.machine()})",
        f"Frozen: {'yes' if getattr(sys, 'frozen', False) else 'no'}",
    ]
    for name in PACKAGES:
        try:
            lines.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{name} is not installed")
    if encoder:
        lines.append(f"Encoder: {encoder}")
    return "\n".join(lines)
