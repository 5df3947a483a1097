"""Where findings lie, as people marked it: boxes and masks in files beside the images.

Two forms are read. `truth.json`: `{file: {"findings": [{"name", "side", "box"}]}}`, where `side`
may be missing, `boxes` holds several, `mask` names a PNG instead, and `frame` counts from 0. A
table (`captions.csv` or another) with the columns `file`, `finding` (or `label`), and `mask` or
`x0`, `y0`, `x1`, `y1`, and if need be `side`, `frame` and `patient`. Files are relative to the
table or JSON file, boxes in pixels of the image, x1 and y1 excluded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UnreadableImage, UsageError
from vlm_explorer.files.tables import CAPTIONS_NAME, locate, read_rows

TRUTH_NAME = "truth.json"
Box = tuple[float, float, float, float]
_CORNERS = ("x0", "y0", "x1", "y1")
_NOTHING = ("", "normal")
_HINT = 'It should read {"scan.dcm": {"findings": [{"name": "nodule", "box": [x0, y0, x1, y1]}]}}.'


@dataclass(frozen=True, slots=True)
class TrueFinding:
    """A finding of one image, in all the places where it lies.

    Attributes:
        file: absolute path of a file that exists.
        frame: from 0.
        name: as written, without the side.
        side: of the patient; may be empty.
        boxes: x0, y0, x1, y1 in pixels of the image; x1 and y1 are excluded.
        masks: PNG files of the image's size, not 0 where the finding is.
    """

    file: Path
    frame: int
    name: str
    side: str
    boxes: tuple[Box, ...]
    masks: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Truth:
    """What a file says of where findings lie.

    Attributes:
        files: all images that it speaks of, those without a finding among them.
        problems: in words, what could not be used; nothing is left out silently.
        patients: by image, as far as a table beside it says; never shown.
    """

    path: Path
    findings: tuple[TrueFinding, ...]
    files: tuple[Path, ...]
    problems: tuple[str, ...] = ()
    patients: dict[Path, str] = field(default_factory=dict, repr=False)


def find_truth(folder: Path) -> Path | None:
    """Return the file in a folder that says where findings lie, or None."""
    if (folder / TRUTH_NAME).is_file():
        return folder / TRUTH_NAME
    table = folder / CAPTIONS_NAME
    if table.is_file():
        try:
            rows = read_rows(table, ("file",))
        except UsageError:
            return None
        names = rows[0][1].keys() if rows else ()
        if "mask" in names or set(_CORNERS) <= set(names):
            return table
    return None


def read_truth(path: Path) -> Truth:
    """Read a file of truth, or the one in a folder.

    Raises:
        UsageError: it is not there, cannot be read, or is not of a form described above.
    """
    if path.is_dir():
        found = find_truth(path)
        if found is None:
            raise UsageError(
                f"There is no {TRUTH_NAME} in {path}.",
                f"Put it there, or add the columns `mask` or `x0`, `y0`, `x1`, `y1` to "
                f"{CAPTIONS_NAME}.",
            )
        path = found
    reader = _Reader(path)
    if path.suffix.lower() == ".json":
        reader.read_json()
    else:
        reader.read_table()
    return reader.truth()


def read_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask, bool (rows, columns), True where a colour of the file is not 0.

    Raises:
        UnreadableImage: the file is no picture, or not of the image's size.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            opaque = picture.convert(picture.mode[:-1]) if picture.mode.endswith("A") else picture
            values = np.asarray(opaque)
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableImage(f"The mask {path.name} cannot be read as a picture.") from error
    mask: NDArray[np.bool_] = (values.any(axis=2) if values.ndim == 3 else values) != 0
    if mask.shape != shape:
        raise UnreadableImage(
            f"The mask {path.name} has {mask.shape[0]} rows and {mask.shape[1]} columns, its image "
            f"{shape[0]} and {shape[1]}."
        )
    return mask


class _Reader:
    """Gathers findings by image, name and side, and what is wrong with others."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[Path, None] = {}
        self._places: dict[tuple[Path, int, str, str], tuple[list[Box], list[Path]]] = {}
        self._problems: list[str] = []
        self._patients: dict[Path, str] = {}

    def truth(self) -> Truth:
        findings = tuple(
            TrueFinding(*key, tuple(boxes), tuple(masks))
            for key, (boxes, masks) in self._places.items()
        )
        return Truth(
            self._path, findings, tuple(self._files), tuple(self._problems), self._patients
        )

    def read_json(self) -> None:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise UsageError(f"{self._path} cannot be read ({error.strerror}).") from error
        except ValueError as error:
            raise UsageError(f"{self._path} is no JSON ({error}).", _HINT) from error
        if not isinstance(content, dict):
            raise UsageError(f"{self._path} is no object with a file for each key.", _HINT)
        for name, entry in content.items():
            findings = entry.get("findings") if isinstance(entry, dict) else None
            if not isinstance(findings, list) or not all(isinstance(f, dict) for f in findings):
                raise UsageError(f"{self._path}: {name} has no list `findings`.", _HINT)
            if (file := self._file(name, name)) is not None:
                for finding in findings:
                    self._take(name, file, finding, finding.get("name"))
        table = self._path.parent / CAPTIONS_NAME
        if table.is_file():
            self._read_patients(table)

    def read_table(self) -> None:
        for line, cells in read_rows(self._path, ("file",)):
            where = f"Line {line}"
            row = {key: value.strip() for key, value in cells.items()}
            if (file := self._file(row["file"], where)) is None:
                continue
            if row.get("patient"):
                self._patients[file] = row["patient"]
            corners = [row.get(corner, "") for corner in _CORNERS]
            told: dict[str, Any] = {key: row[key] for key in ("side", "mask") if row.get(key)}
            if row.get("frame"):
                told["frame"] = _number(row["frame"])
            if any(corners):
                told["box"] = [_number(corner) for corner in corners]
            name = row.get("finding") or row.get("label", "")
            if "box" in told or "mask" in told or row.get("finding", "").lower() not in _NOTHING:
                self._take(where, file, told, name)

    def _file(self, name: str, where: str) -> Path | None:
        file = locate(self._path.parent, name) if name else None
        if file is None:
            self._problems.append(f"{where}: there is no file {name}." if name else
                                  f"{where}: no file is named.")  # fmt: skip
        else:
            self._files[file] = None
        return file

    def _take(self, where: str, file: Path, told: dict[str, Any], name: object) -> None:
        """Keep a finding, or what is wrong with it."""
        try:
            frame = told.get("frame", 0)
            side = told.get("side") or ""
            if not isinstance(name, str) or not name.strip():
                raise ValueError("a finding has no name")
            if not isinstance(frame, int | float) or frame < 0 or frame != int(frame):
                raise ValueError(f"the frame of {name} is no number from 0")
            if not isinstance(side, str):
                raise ValueError(f"the side of {name} is no word")
            boxes = [_box(box, name) for box in _boxes(told)]
            masks = [self._mask(told["mask"], name)] if told.get("mask") else []
            if not boxes and not masks:
                raise ValueError(f"{name} has neither a box nor a mask")
        except ValueError as error:
            self._problems.append(f"{where}: {error}.")
            return
        key = file, int(frame), name.strip(), side.strip()
        places = self._places.setdefault(key, ([], []))
        places[0].extend(boxes)
        places[1].extend(masks)

    def _mask(self, name: object, finding: str) -> Path:
        mask = locate(self._path.parent, name) if isinstance(name, str) else None
        if mask is None:
            raise ValueError(f"there is no file {name}, the mask of {finding}")
        return mask

    def _read_patients(self, table: Path) -> None:
        """Learn from captions whose images belong together; what cannot be read is no loss."""
        try:
            rows = read_rows(table, ("file", "patient"))
        except UsageError:
            return
        for _, row in rows:
            file = locate(table.parent, row["file"].strip())
            if file in self._files and row.get("patient", "").strip():
                self._patients[file] = row["patient"].strip()


def _boxes(told: dict[str, Any]) -> Iterable[object]:
    several = told.get("boxes") or []
    one = [told["box"]] if told.get("box") is not None else []
    return [*one, *several] if isinstance(several, list) else [several]


def _box(values: object, name: str) -> Box:
    wrong = f"the box of {name} is not x0, y0, x1, y1 with x0 < x1 and y0 < y1"
    if not isinstance(values, list) or len(values) != 4:
        raise ValueError(wrong)
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        raise ValueError(wrong)
    x0, y0, x1, y1 = (float(value) for value in values)
    if not (x0 < x1 and y0 < y1):
        raise ValueError(wrong)
    return x0, y0, x1, y1


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
