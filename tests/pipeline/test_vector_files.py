"""Files of vectors that were computed elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vlm_explorer.errors import UsageError
from vlm_explorer.pipeline.vector_files import Named, read_vectors

ROWS = np.array([[3.0, 4.0], [0.0, 1.0]], np.float32)
UNIT = np.array([[0.6, 0.8], [0.0, 1.0]], np.float32)


def write_table(path: Path, metadata: dict[str, str] | None = None, **columns: Any) -> Path:
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_that_a_table_names_images_by_id_or_file_and_texts(tmp_path: Path) -> None:
    path = write_table(
        tmp_path / "v.parquet",
        {"logit_scale": "14.5", "logit_bias": "-10"},
        image_id=["i", None, None, None],
        file=[None, "a/b.dcm", "c.png", None],
        frame=[None, 3, None, None],
        text=[None, None, None, "effusion"],
        vector=[[1.0, 0.0]] * 4,
    )
    found = read_vectors(path)
    assert found.names == (
        Named(image_id="i"),
        Named(file="a/b.dcm", frame=3),
        Named(file="c.png"),
        Named(text="effusion"),
    )
    assert (found.logit_scale, found.logit_bias) == (14.5, -10.0)
    assert found.scaled == 0


@pytest.mark.parametrize("kind", [pa.list_(pa.float64()), pa.list_(pa.float32(), 2)])
def test_that_vectors_are_scaled_to_unit_length_and_counted(tmp_path: Path, kind: Any) -> None:
    vectors = pa.array(ROWS.tolist(), kind)
    found = read_vectors(write_table(tmp_path / "v.pq", image_id=["a", "b"], vector=vectors))
    np.testing.assert_allclose(found.vectors, UNIT, atol=1e-6)
    assert (found.scaled, found.lengths) == (1, (1.0, 5.0))
    assert found.logit_scale is None


def test_that_what_float16_rounds_is_of_unit_length(tmp_path: Path) -> None:
    random = np.random.default_rng(0).normal(size=(50, 512))
    unit = random / np.linalg.norm(random, axis=1, keepdims=True)
    np.savez(
        tmp_path / "v.npz",
        image_ids=np.array([str(n) for n in range(50)]),
        image_vectors=unit.astype(np.float16),
    )
    assert read_vectors(tmp_path / "v.npz").scaled == 0


def test_that_an_archive_holds_images_frames_texts_and_the_scale(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "v.npz",
        files=np.array(["a.dcm", "a.dcm"]),
        frames=np.array([0, 7]),
        image_vectors=UNIT,
        texts=np.array(["one text"]),
        text_vectors=UNIT[:1],
        logit_scale=100.0,
    )
    found = read_vectors(tmp_path / "v.npz")
    assert found.names == (
        Named(file="a.dcm"),
        Named(file="a.dcm", frame=7),
        Named(text="one text"),
    )
    assert found.vectors.shape == (3, 2)
    assert (found.logit_scale, found.logit_bias) == (100.0, None)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"image_ids": np.array(["a", "b"])}, "neither image_vectors nor"),
        ({"image_vectors": UNIT}, "neither image_ids nor files"),
        ({"image_ids": np.array(["a"]), "image_vectors": UNIT}, "names 1 rows and holds 2"),
        ({"texts": np.array(["a", "b"]), "text_vectors": UNIT[:, 0]}, "do not fit together"),
        ({"image_ids": np.array(["a", "b"]), "image_vectors": UNIT * 0}, "are zero"),
        ({"image_ids": np.array(["a", "b"]), "image_vectors": UNIT * np.nan}, "not finite"),
        ({"image_ids": np.array(["a", None]), "image_vectors": UNIT}, "Python objects"),
        (
            {"files": np.array(["a", "b"]), "frames": np.array([1]), "image_vectors": UNIT},
            "2 files, but 1 frames",
        ),
        (
            {"image_ids": np.array(["a", "b"]), "image_vectors": UNIT, "logit_scale": -1.0},
            "not above zero",
        ),
    ],
)
def test_that_what_does_not_fit_is_refused_in_words(
    tmp_path: Path, arrays: dict[str, Any], words: str
) -> None:
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(UsageError, match=words) as caught:
        read_vectors(tmp_path / "v.npz")
    assert str(tmp_path) in caught.value.text


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"image_id": ["a"]}, "no column `vector`"),
        ({"name": ["a"], "vector": [[1.0]]}, "none of the columns"),
        ({"image_id": ["a", "b"], "vector": [[1.0], [1.0, 0.0]]}, "1 to 2 numbers long"),
        ({"image_id": ["a", "b"], "vector": [[1.0], None]}, "missing"),
        ({"image_id": ["a"], "vector": [1.0]}, "no lists of numbers"),
        ({"image_id": ["a"], "vector": [["one"]]}, "cannot be read"),
        ({"image_id": pa.array([], pa.string()), "vector": pa.array([], pa.list_(pa.float32()))},
         "no vectors"),
    ],
)  # fmt: skip
def test_that_a_table_that_does_not_fit_is_refused_in_words(
    tmp_path: Path, columns: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        read_vectors(write_table(tmp_path / "v.parquet", **columns))


def test_that_other_files_are_refused_by_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "v.parquet").write_text("image_id,vector\n")
    with pytest.raises(UsageError, match="no Parquet table"):
        read_vectors(tmp_path / "v.parquet")
    with pytest.raises(UsageError, match="There is no file"):
        read_vectors(tmp_path / "none.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UsageError, match="cannot be read"):
        read_vectors(tmp_path / "cut.npz")
