"""One file to what the collection keeps and what the encoder sees; runs in a child process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from vlm_explorer.encoders.preprocess import PreprocessConfig, model_view
from vlm_explorer.errors import FileProblem, MissingFrame, UnreadableImage
from vlm_explorer.files.dicom_header import ImageHeader, read_header, read_image_header
from vlm_explorer.files.scan import FileKind, FoundFile
from vlm_explorer.pixels.codec_process import decode_here
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import render_for_encoder
from vlm_explorer.pixels.render import render_frame
from vlm_explorer.pixels.thumbnails import make_thumbnail
from vlm_explorer.processes import keep_quiet


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose header was read; its frames follow. `content_hash` is a sha256 in hex."""

    content_hash: str
    header: ImageHeader


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A frame; `thumbnail` by default, `view` uint8 (S, S, 3) is what the encoder sees."""

    frame: int
    rows: int
    columns: int
    thumbnail: bytes
    view: np.ndarray


@dataclass(frozen=True, slots=True)
class Refused:
    """A file (`frame` None) or one frame of it that gave no image, and why.

    `is_last`: the file ends here, and frames that its header speaks of are not in it.
    """

    frame: int | None
    kind: str
    reason: str
    is_last: bool = False


Event = Opened | DecodedImage | Refused


def decode_file(
    found: FoundFile, preprocess: PreprocessConfig, ct_window: str = DEFAULT
) -> Iterator[Event]:
    """Yield the file's header, then each frame as an image or as a refusal.

    A file that cannot be opened yields one `Refused`. Nothing is raised for a bad file.
    """
    try:
        content_hash = hash_content(found.path)
        header = _header(found)
    except FileProblem as problem:
        yield Refused(None, problem.kind, str(problem))
        return
    except MemoryError:
        yield Refused(None, "unreadable", "The file is too large for this machine's memory.")
        return
    yield Opened(content_hash, header)
    for frame in range(header.frames):
        event = _decode_frame(found, header, frame, preprocess, ct_window)
        yield event
        if isinstance(event, Refused) and event.is_last:
            return


def _header(found: FoundFile) -> ImageHeader:
    if found.kind is FileKind.DICOM:
        return read_header(found.path)
    return read_image_header(found.path)


def _decode_frame(
    found: FoundFile,
    header: ImageHeader,
    frame: int,
    preprocess: PreprocessConfig,
    ct_window: str,
) -> Event:
    try:
        decoded = read_frame(found.path, frame)
        rendering = render_frame(decoded)
        seen = rendering if ct_window == DEFAULT else render_for_encoder(decoded, ct_window)
        return DecodedImage(
            frame=frame,
            rows=rendering.rows,
            columns=rendering.columns,
            thumbnail=make_thumbnail(rendering.pixels),
            view=model_view(seen.pixels, preprocess),
        )
    except FileProblem as problem:
        whole = None if header.frames == 1 else frame
        return Refused(whole, problem.kind, str(problem), isinstance(problem, MissingFrame))
    except MemoryError:
        whole = None if header.frames == 1 else frame
        return Refused(whole, "unreadable", "The image is too large for this machine's memory.")


def hash_content(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hex.

    Raises:
        UnreadableImage: the system cannot read it.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableImage(
            f"The file cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error


def serve(pipe: Connection, preprocess: PreprocessConfig, ct_window: str) -> None:
    """Decode each file that comes through `pipe` until it closes (child process).

    Sends the events of each file, then None.
    """
    keep_quiet()
    decode_here()
    while True:
        try:
            found = pipe.recv()
        except (EOFError, OSError):
            return
        for event in decode_file(found, preprocess, ct_window):
            pipe.send(event)
        pipe.send(None)
