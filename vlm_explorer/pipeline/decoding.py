"""One file to what the collection keeps and what the encoder sees; runs in a child process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from vlm_explorer.encoders.preprocess import PreprocessConfig, model_view
from vlm_explorer.errors import FileProblem, MissingFrame, UnreadableImage, UsageError
from vlm_explorer.files.header import ImageHeader
from vlm_explorer.files.image_header import read_image_header
from vlm_explorer.files.scan import FileKind, FoundFile
from vlm_explorer.pixels.codec_process import decode_here
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.dicom_frame import read_header_to_decode
from vlm_explorer.pixels.encoding_window import render_for_encoder
from vlm_explorer.pixels.render import for_screen, render_frame
from vlm_explorer.pixels.thumbnails import make_thumbnail
from vlm_explorer.processes import keep_quiet


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose header was read; its frames follow. `content_hash` is a sha256 in hex.

    `found` is the file as it is now, where it changed since it was found.
    """

    content_hash: str
    header: ImageHeader
    found: FoundFile | None = None


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

    `is_last`: the file ends here, and frames that its header speaks of are not in it. `passing`:
    trying again may end otherwise, although the file stays as it is.
    """

    frame: int | None
    kind: str
    reason: str
    is_last: bool = False
    passing: bool = False


Event = Opened | DecodedImage | Refused


def decode_file(
    found: FoundFile, preprocess: PreprocessConfig, ct_window: str = DEFAULT
) -> Iterator[Event]:
    """Yield the file's header, then each frame as an image or as a refusal.

    A file that cannot be opened yields one `Refused`; so does one that changes or goes away while
    it is read, after the frames that were read until then. Nothing is raised for a bad file.
    """
    now = _as_it_is(found)
    if now is None:
        yield _GONE
        return
    try:
        header = _header(now)  # first: what is no image need not be read as a whole
        content_hash = hash_content(now.path)
    except FileProblem as problem:
        yield _lost(now) or _refused(None, problem)
        return
    except MemoryError:
        words = "The file is too large for this machine's memory."
        yield Refused(None, "unreadable", words, passing=True)
        return
    if (lost := _lost(now)) is not None:
        yield lost
        return
    yield Opened(content_hash, header, now if now != found else None)
    for frame in range(header.frames):
        event = _decode_frame(now, header, frame, preprocess, ct_window)
        if (lost := _lost(now)) is not None:
            yield lost
            return
        yield event
        if isinstance(event, Refused) and event.is_last:
            return


_GONE = Refused(
    None, "unreadable", "The file went away before it could be read.", is_last=True, passing=True
)
_CHANGED = Refused(
    None,
    "unreadable",
    "The file changed while it was being read. Run the same command again to read it anew.",
    is_last=True,
    passing=True,
)


def _as_it_is(found: FoundFile) -> FoundFile | None:
    """Return `found` with its size and time of now, None where it is not there any more."""
    try:
        status = found.path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return found  # reading it will say why
    return replace(found, size=status.st_size, mtime_ns=status.st_mtime_ns)


def _lost(found: FoundFile) -> Refused | None:
    """Return why what was read of a file cannot be used: it is gone, or another by now."""
    now = _as_it_is(found)
    return _GONE if now is None else None if now == found else _CHANGED


def _header(found: FoundFile) -> ImageHeader:
    if found.kind is FileKind.DICOM:
        return read_header_to_decode(found.path)
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
            thumbnail=make_thumbnail(for_screen(decoded, rendering).pixels),
            view=model_view(seen.pixels, preprocess),
        )
    except FileProblem as problem:
        whole = None if header.frames == 1 else frame
        return _refused(whole, problem)
    except UsageError as error:  # the file has fewer frames by now than its header spoke of
        return Refused(frame, "unreadable", str(error), is_last=True)
    except MemoryError:
        whole = None if header.frames == 1 else frame
        words = "The image is too large for this machine's memory."
        return Refused(whole, "unreadable", words, passing=True)


def _refused(frame: int | None, problem: FileProblem) -> Refused:
    return Refused(
        frame,
        problem.kind,
        str(problem),
        is_last=isinstance(problem, MissingFrame),
        passing=_is_of_the_system(problem),
    )


def _is_of_the_system(problem: FileProblem) -> bool:
    """Return whether the system did not give a file's bytes, rather than the bytes being bad.

    Pillow raises OSError for bad ones too, but without a number.
    """
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None:
            return True
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return False


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
