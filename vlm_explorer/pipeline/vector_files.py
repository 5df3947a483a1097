"""Files of vectors that were computed elsewhere: Parquet tables and NumPy archives.

Parquet: a row a vector. `vector` (list of numbers), and what it belongs to: `image_id`, or `file`
and optionally `frame` (from 0), or `text`. Where a row fills several of them, the first counts.
The table's metadata may hold `logit_scale` and `logit_bias`.

NumPy archive (`numpy.savez`): `image_ids`, or `files` and optionally `frames`, with
`image_vectors` (N, D); `texts` with `text_vectors` (M, D); optionally `logit_scale` (what cosines
are multiplied by, not its logarithm) and `logit_bias`. Names and texts are arrays of text. The
archives of `export` are of this form, with `vectors` for `image_vectors`. Or arrays named as the
columns above, a row a vector. `vector` may also be called `vectors`, `embedding` or `embeddings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HINT = (
    "A Parquet table has the columns image_id, file or text, and vector; a NumPy archive has "
    "image_ids or files with image_vectors, and texts with text_vectors."
)
TEXTS = "Save names and texts as arrays of text: numpy.array(names, dtype=str)."
_COLUMNS = ("image_id", "file", "frame", "text")
_VECTOR = ("vector", "vectors", "embedding", "embeddings")
_UNIT = 2e-3  # how far from 1 a length may be by rounding to float16


@dataclass(frozen=True, slots=True)
class Named:
    """What a vector belongs to: an image by its id, a frame of a file, or a text."""

    image_id: str = ""
    file: str = ""
    frame: int = 0
    text: str = ""

    def __str__(self) -> str:
        if self.file:
            return f"{self.file} frame {self.frame}" if self.frame else self.file
        return self.image_id or (f"“{self.text}”" if self.text else "a row that names nothing")


@dataclass(frozen=True, slots=True, eq=False)
class VectorFile:
    """Vectors and what they belong to.

    Attributes:
        names: one a row.
        vectors: float32 (N, D), unit rows.
        scaled: how many were not of unit length in the file.
        lengths: the shortest and the longest vector in the file.
        logit_scale, logit_bias: as in the file; None where it has none.
    """

    names: tuple[Named, ...]
    vectors: NDArray[np.float32]
    scaled: int
    lengths: tuple[float, float]
    logit_scale: float | None
    logit_bias: float | None


def read_vectors(path: Path) -> VectorFile:
    """Read a file of vectors; its content decides what it is.

    Raises:
        UsageError: not such a file, columns missing, or a vector that is zero or not finite.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        read: Callable[[Path], tuple[list[Named], Any, Mapping[str, Any]]]
        match head:
            case b"PAR1":
                read = _read_parquet
            case b"PK\x03\x04":
                read = _read_archive
            case _:
                raise UsageError(f"{path} is no Parquet table and no NumPy archive.", HINT)
        names, rows, numbers = read(path)
    except UsageError:
        raise
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}.", "Check its path.") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder.", "Give the name of a file.") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        if "allow_pickle" in str(error):
            raise UsageError(
                f"{path} holds Python objects, which are not loaded.", TEXTS
            ) from error
        raise UsageError(f"{path} cannot be read: {str(error).splitlines()[0]}.", HINT) from error
    vectors, scaled, lengths = _to_unit(path, names, rows)
    scale, bias = (_number(path, name, numbers) for name in ("logit_scale", "logit_bias"))
    if scale is not None and scale <= 0:
        raise UsageError(f"logit_scale in {path} is {scale:g}, not above zero.", "")
    return VectorFile(tuple(names), vectors, scaled, lengths, scale, bias)


def _read_parquet(path: Path) -> tuple[list[Named], Any, dict[str, Any]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    there = set(table.column_names)
    vector = next((name for name in _VECTOR if name in there), None)
    if vector is None:
        raise UsageError(f"{path} has no column `vector`.", HINT)
    if not there & {"image_id", "file", "text"}:
        raise UsageError(f"{path} has none of the columns image_id, file and text.", HINT)
    columns = {name: table[name].to_pylist() for name in _COLUMNS if name in there}
    names = [
        _named({name: values[row] for name, values in columns.items()})
        for row in range(table.num_rows)
    ]
    metadata = table.schema.metadata or {}
    numbers = {key.decode(errors="replace"): value.decode() for key, value in metadata.items()
               if key in (b"logit_scale", b"logit_bias")}  # fmt: skip
    return names, _flat(path, table[vector]), numbers


def _flat(path: Path, column: Any) -> NDArray[np.float32]:
    """Return a column of lists as float32 (N, D)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or _is_fixed(kind)):
        raise UsageError(f"The column `vector` of {path} holds no lists of numbers.", HINT)
    lengths = pc.unique(pc.fill_null(pc.list_value_length(column), -1)).to_pylist()
    if len(lengths) > 1:
        said = "missing" if -1 in lengths else f"{min(lengths)} to {max(lengths)} numbers long"
        raise UsageError(f"Vectors in {path} are {said}; all must be of one length.", HINT)
    if not lengths:
        return np.zeros((0, 0), np.float32)
    numbers = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(numbers, np.float32).reshape(-1, max(0, int(lengths[0])))


def _is_fixed(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(kind))


def _named(row: dict[str, Any]) -> Named:
    if row.get("image_id"):
        return Named(image_id=str(row["image_id"]))
    if row.get("file"):
        return Named(file=str(row["file"]), frame=int(row.get("frame") or 0))
    return Named(text=str(row.get("text") or ""))


def _read_archive(path: Path) -> tuple[list[Named], Any, dict[str, Any]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        names: list[Named] = []
        parts: list[np.ndarray] = []
        vector = next((name for name in _VECTOR if name in archive), None)
        if vector is not None and any(name in archive for name in _COLUMNS):
            columns = {name: archive[name].tolist() for name in _COLUMNS if name in archive}
            names = [
                _named(dict(zip(columns, row, strict=True)))
                for row in zip(*columns.values(), strict=True)
            ]
            parts.append(np.asarray(archive[vector], np.float32))
        for name in ("image_vectors", "vectors"):  # the second as an export calls them
            if name in archive and not parts:
                names += _image_names(path, archive)
                parts.append(np.asarray(archive[name], np.float32))
        if "text_vectors" in archive:
            texts = archive["texts"].tolist()
            names += [Named(text=str(text)) for text in texts]
            parts.append(np.asarray(archive["text_vectors"], np.float32))
        numbers = {name: archive[name] for name in ("logit_scale", "logit_bias") if name in archive}
    if not parts:
        raise UsageError(f"{path} has neither image_vectors nor text_vectors.", HINT)
    if any(part.ndim != 2 for part in parts) or len({part.shape[1] for part in parts}) > 1:
        shapes = " and ".join(str(part.shape) for part in parts)
        raise UsageError(f"The arrays of vectors in {path} do not fit together: {shapes}.", HINT)
    return names, np.concatenate(parts), numbers


def _image_names(path: Path, archive: Any) -> list[Named]:
    if "image_ids" in archive:
        return [Named(image_id=str(key)) for key in archive["image_ids"].tolist()]
    if "files" not in archive:
        raise UsageError(f"{path} has image_vectors, but neither image_ids nor files.", HINT)
    files = archive["files"].tolist()
    frames = archive["frames"].tolist() if "frames" in archive else [0] * len(files)
    if len(frames) != len(files):
        raise UsageError(f"{path} has {len(files)} files, but {len(frames)} frames.", HINT)
    return [
        Named(file=str(file), frame=int(frame)) for file, frame in zip(files, frames, strict=True)
    ]


def _to_unit(
    path: Path, names: list[Named], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], int, tuple[float, float]]:
    """Return the vectors at unit length, how many were not, and the range of their lengths."""
    if len(names) != len(rows):
        raise UsageError(f"{path} names {len(names)} rows and holds {len(rows)} vectors.", HINT)
    if not rows.size:
        raise UsageError(f"{path} holds no vectors.", HINT)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    for what, wrong in (("not finite", ~np.isfinite(lengths)), ("zero", lengths == 0)):
        if wrong.any():
            first = names[int(np.flatnonzero(wrong)[0])]
            raise UsageError(
                f"{int(wrong.sum())} of the vectors in {path} are {what}; the first is that of "
                f"{first}.",
                "Leave these rows out: without a direction a vector cannot be compared.",
            )
    unit = (rows / lengths[:, None]).astype(np.float32)
    scaled = int((np.abs(lengths - 1) > _UNIT).sum())
    return unit, scaled, (float(lengths.min()), float(lengths.max()))


def _number(path: Path, name: str, numbers: Mapping[str, Any]) -> float | None:
    if name not in numbers:
        return None
    try:
        value = float(np.asarray(numbers[name], np.float64).item())
    except ValueError as error:
        raise UsageError(f"{name} in {path} is not a number.", HINT) from error
    if not np.isfinite(value):
        raise UsageError(f"{name} in {path} is not finite.", HINT)
    return value
