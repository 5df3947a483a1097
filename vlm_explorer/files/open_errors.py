"""The words for files that cannot be opened. They never hold the path, which may name a patient."""

from __future__ import annotations

from vlm_explorer.errors import UnreadableImage, UnsupportedImage
from vlm_explorer.files.transfer_syntaxes import name_syntax, package_for

DAMAGED_HINT = "Copy the file again from where it came from."


def unreadable_file(error: OSError) -> UnreadableImage:
    """Say in words why a file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        text = "The file is not there."
        return UnreadableImage(text, "It was moved or renamed, or its drive is not connected.")
    if isinstance(error, PermissionError):
        return UnreadableImage("There is no permission to read the file.")
    return UnreadableImage(f"The file cannot be read ({error.strerror or 'read error'}).")


def missing_decoder(syntax: str) -> UnsupportedImage:
    """Say which decoder is missing, and what to install."""
    package = package_for(syntax)
    hint = f"Install it: pip install {package}" if package else ""
    return UnsupportedImage(f"The decoder for {name_syntax(syntax)} is not installed.", hint)
