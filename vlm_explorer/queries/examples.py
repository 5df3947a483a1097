"""What is looked for without words: a picture, a region of a scan, several images at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import FileProblem, ModelNotFound, UsageError
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.approximate import approximation_of, vector_of
from vlm_explorer.queries.expression import Term

SMALLEST = 8  # px, the shortest side of a region: less shows an encoder nothing
_REGION = re.compile(r"(?P<image>.+)\[(?P<box>\d+,\d+,\d+,\d+)\]")
_SEVERAL = re.compile(r"mean\((?P<images>[^()]+)\)")

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels from elsewhere, such as from the clipboard; equal where their pixels are.

    Attributes:
        pixels: uint8 (rows, columns) or (rows, columns, 3).
    """

    name: str
    pixels: np.ndarray = field(compare=False, repr=False)
    digest: str = ""

    @classmethod
    def of(cls, pixels: np.ndarray, name: str = "pasted picture") -> Picture:
        """Return a picture of pixels, uint8 (rows, columns) or (rows, columns, 3).

        Raises:
            UsageError: they are of another kind.
        """
        grey = pixels.ndim == 2
        if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
            raise UsageError(
                "A picture to search for has 8 bits, and one channel or three.",
                "Give uint8 pixels, (rows, columns) or (rows, columns, 3).",
            )
        if min(pixels.shape[:2]) < 1:
            raise UsageError("The picture to search for is empty.", "Choose another picture.")
        content = np.ascontiguousarray(pixels)
        digest = hashlib.blake2b(content.tobytes(), digest_size=8)
        digest.update(str(content.shape).encode())
        return cls(name, content, digest.hexdigest())

    @property
    def words(self) -> str:
        """What it is, in words."""
        return self.name


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of what the encoder gets of an image.

    Attributes:
        image: an image id of the collection, or a file.
        box: x0, y0, x1, y1 in pixels of the frame, x1 and y1 just outside.
    """

    image: str
    box: Box

    @property
    def words(self) -> str:
        """What it is, as an expression names it."""
        return f"{self.image}[{','.join(map(str, self.box))}]"


@dataclass(frozen=True, slots=True)
class Several:
    """Images that count as one: the mean of their unit vectors, made a unit vector again."""

    image_ids: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it is, in words."""
        return f"mean of {len(self.image_ids):,} images"

    @property
    def expression(self) -> str:
        """What it is, as an expression names it."""
        return f"mean({','.join(self.image_ids)})"


Example = Picture | Region | Several


def region_in(text: str) -> Region | None:
    """Return the region that `image[x0,y0,x1,y1]` names; None for any other text."""
    found = _REGION.fullmatch(text)
    if found is None:
        return None
    x0, y0, x1, y1 = (int(number) for number in found["box"].split(","))
    return Region(found["image"], (x0, y0, x1, y1))


def several_in(text: str) -> Several | None:
    """Return the images that `mean(image,image)` names; None for any other text."""
    found = _SEVERAL.fullmatch(text)
    if found is None:
        return None
    return Several(tuple(name.strip() for name in found["images"].split(",")))


def resolved(term: Term, known: Container[str]) -> Term:
    """Return a term of an expression that says whether it is a text or an image.

    Args:
        known: the ids of the images of the collection.
    """
    if (region := region_in(term.text)) is not None and _is_image(region.image, known):
        return replace(term, kind="image", example=region)
    several = several_in(term.text)
    if several is not None and all(key in known for key in several.image_ids):
        return replace(term, text=several.words, kind="image", example=several)
    return replace(term, kind="image" if _is_image(term.text, known) else "text")


def _is_image(name: str, known: Container[str]) -> bool:
    return name in known or Term(name).is_file


def row_of(collection: Collection, image_id: str) -> int:
    """Return the row of an image, -1 where there is none of that id."""
    import pyarrow.compute as pc

    return int(pc.index(collection.images["image_id"], image_id).as_py())


def example_vector(collection: Collection, encoder: Encoder, example: Example) -> np.ndarray:
    """Return the unit vector of an example, float32 (D,).

    Raises:
        UsageError: an image is not there or has no vector, or a region is outside it or too small.
        FileProblem: a file cannot be read.
    """
    match example:
        case Picture():
            return np.asarray(encoder.encode_images([example.pixels])[0], np.float32)
        case Region():
            return np.asarray(
                encoder.encode_images([region_pixels(collection, encoder, example)])[0], np.float32
            )
        case Several():
            return _mean(collection, encoder, example.image_ids)


def region_pixels(collection: Collection, encoder: Encoder, region: Region) -> np.ndarray:
    """Return what the encoder gets of a region, before its resize and crop, uint8.

    Raises:
        UsageError, FileProblem: see `example_vector`.
    """
    row = row_of(collection, region.image)
    path, frame = Path(region.image).expanduser(), 0
    if row >= 0:
        place = collection.images.select(["file", "frame"]).slice(row, 1).to_pylist()[0]
        path, frame = Path(place["file"]), place["frame"]
    elif not path.is_file():
        raise UsageError(f"There is no image {path}.", "Check its id or path.")
    pixels = _pixels(path, frame, _ct_window(collection, encoder))
    return _crop(pixels, region.box)


def _crop(pixels: np.ndarray, box: Box) -> np.ndarray:
    x0, y0, x1, y1 = box
    crop = pixels[y0:y1, x0:x1]
    if min(crop.shape[:2], default=0) < SMALLEST:
        raise UsageError(
            f"The region is smaller than {SMALLEST} pixels, or outside the image of "
            f"{pixels.shape[1]} x {pixels.shape[0]} pixels.",
            "Mark a larger one, as x0, y0, x1, y1 in pixels.",
        )
    return np.ascontiguousarray(crop)


def image_vector(collection: Collection, encoder: Encoder, name: str) -> np.ndarray:
    """Return the unit vector of an image of the collection, or of a file, float32 (D,).

    Raises:
        UsageError, FileProblem: see `example_vector`.
    """
    row = row_of(collection, name)
    if row >= 0:
        return _stored_vector(collection, encoder, row, name)
    try:
        return file_vector(encoder, name, _ct_window(collection, encoder))
    except ModelNotFound:
        # vectors from elsewhere have no encoder here, but those of the collection's own files
        row = _row_of_file(collection, Path(name).expanduser())
        if row < 0:
            raise
        return _stored_vector(collection, encoder, row, name)


def file_vector(encoder: Encoder, name: str, ct_window: str, box: Box | None = None) -> np.ndarray:
    """Return the unit vector of a file's first frame, or of a region of it, float32 (D,).

    Raises:
        UsageError, FileProblem: see `example_vector`.
    """
    path = Path(name).expanduser()
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check its path.")
    pixels = _pixels(path, 0, ct_window)
    shown = pixels if box is None else _crop(pixels, box)
    return np.asarray(encoder.encode_images([shown])[0], np.float32)


def _pixels(path: Path, frame: int, ct_window: str) -> np.ndarray:
    """Return what an encoder gets of a frame, before its resize and crop, uint8.

    Raises:
        FileProblem: it gives no image; the text names the file.
    """
    try:
        return render_file_for_encoder(path, frame, ct_window).pixels
    except FileProblem as error:
        raise type(error)(f"{path}: {error.text}", error.hint) from error


def _row_of_file(collection: Collection, path: Path) -> int:
    """Return the row of the first frame of a file, -1 where the collection does not have it."""
    import pyarrow.compute as pc

    images = collection.images
    first = pc.and_(pc.equal(images["file"], str(path.absolute())), pc.equal(images["frame"], 0))
    return int(pc.index(first, True).as_py())


def _stored_vector(collection: Collection, encoder: Encoder, row: int, image_id: str) -> np.ndarray:
    entry = collection.encoder_entry(encoder.id)
    if approximation_of(collection, entry) is not None:
        found = vector_of(collection, entry, row)
    else:
        stored = collection.vector_rows(encoder.id)
        found = stored.halves[stored.rows == row].astype(np.float32)
    if not len(found):
        raise UsageError(
            f"The image {image_id} has no vector of {encoder.id}.", "Choose another image."
        )
    return np.asarray(found[0], np.float32)


def _mean(collection: Collection, encoder: Encoder, image_ids: tuple[str, ...]) -> np.ndarray:
    """Return the mean of the vectors of those images that have one."""
    if approximation_of(collection, collection.encoder_entry(encoder.id)) is not None:
        vectors = np.stack([image_vector(collection, encoder, key) for key in image_ids])
    else:
        rows = np.array([collection.row_of.get(key, -1) for key in image_ids], np.int64)
        _, vectors = collection.vector_rows(encoder.id).among(rows[rows >= 0])
    if not len(vectors):
        raise UsageError(f"None of the images has a vector of {encoder.id}.", "Choose others.")
    return unit(unit(vectors).mean(axis=0, dtype=np.float64))


def _ct_window(collection: Collection, encoder: Encoder) -> str:
    return collection.encoder_entry(encoder.id).ct_window
