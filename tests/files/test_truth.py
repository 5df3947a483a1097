"""Files that say where findings lie: what is read, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vlm_explorer.errors import UnreadableImage, UsageError
from vlm_explorer.files.truth import find_truth, read_mask, read_truth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "sub/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 6)).save(tmp_path / name)
    return tmp_path


def write(folder: Path, content: object) -> Path:
    (folder / "truth.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "truth.json"


def test_that_boxes_of_one_finding_and_side_are_one_truth(folder: Path) -> None:
    nodule = {"name": "nodule", "side": "left"}
    write(folder, {
        "a.png": {"findings": [{**nodule, "box": [0, 1, 2, 3]}, {**nodule, "box": [4, 4, 5, 5.5]},
                               {"name": "nodule", "side": "right", "box": [5, 0, 8, 2]}]},
        "sub\\c.png": {"findings": [{"name": "cyst", "boxes": [[0, 0, 1, 1]], "frame": 2}]},
        "b.png": {"findings": []},
    })  # fmt: skip
    truth = read_truth(folder)
    assert truth.problems == ()
    assert truth.files == (folder / "a.png", folder / "sub/c.png", folder / "b.png")
    assert [(f.file.name, f.frame, f.name, f.side, f.boxes) for f in truth.findings] == [
        ("a.png", 0, "nodule", "left", ((0, 1, 2, 3), (4, 4, 5, 5.5))),
        ("a.png", 0, "nodule", "right", ((5, 0, 8, 2),)),
        ("c.png", 2, "cyst", "", ((0, 0, 1, 1),)),
    ]


def test_that_nothing_is_left_out_without_a_word(folder: Path) -> None:
    write(folder, {
        "gone.png": {"findings": [{"name": "nodule", "box": [0, 0, 1, 1]}]},
        "a.png": {"findings": [{"name": "nodule", "box": [3, 0, 1, 1]},
                               {"name": "mass"}, {"box": [0, 0, 1, 1]},
                               {"name": "cyst", "mask": "none.png"},
                               {"name": "cyst", "box": [0, 0, 1, 1], "frame": -1},
                               {"name": "edge", "box": [0, 0, 1, "x"]}]},
    })  # fmt: skip
    truth = read_truth(folder / "truth.json")
    assert truth.findings == ()
    assert len(truth.problems) == 7
    assert truth.problems[0] == "gone.png: there is no file gone.png."
    assert truth.problems[1].startswith("a.png: the box of nodule is not x0, y0, x1, y1")


def test_that_a_table_gives_boxes_masks_and_patients(folder: Path) -> None:
    (folder / "captions.csv").write_text(
        "file;caption;label;patient;mask;x0;y0;x1;y1\n"
        "a.png;c;nodule;p1;;1;1;3;3\n"
        "b.png;c;cyst;p2;m.png;;;;\n"
        "sub/c.png;c;normal;p2;;;;;\n"
        "a.png;c;nodule;p1;;1;;3;3\n",
        encoding="utf-8",
    )
    Image.new("L", (8, 6), 255).save(folder / "m.png")
    assert find_truth(folder) == folder / "captions.csv"
    truth = read_truth(folder)
    assert [(f.name, f.boxes, len(f.masks)) for f in truth.findings] == [
        ("nodule", ((1, 1, 3, 3),), 0), ("cyst", (), 1),
    ]  # fmt: skip
    assert [file.name for file in truth.files] == ["a.png", "b.png", "c.png"]
    assert truth.patients[folder / "a.png"] == "p1"
    assert "p1" not in repr(truth)
    assert len(truth.problems) == 1
    assert truth.problems[0].startswith("Line 5: the box of nodule")


@pytest.mark.parametrize("content", ["[1]", "{", '{"a.png": 3}', '{"a.png": {"findings": [1]}}'])
def test_that_another_form_is_refused_with_an_example(folder: Path, content: str) -> None:
    (folder / "truth.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_truth(folder)
    assert '"box": [x0, y0, x1, y1]' in caught.value.hint


def test_that_a_folder_without_marks_is_told_where_to_put_them(folder: Path) -> None:
    assert find_truth(folder) is None
    with pytest.raises(UsageError, match=r"There is no truth\.json"):
        read_truth(folder)
    with pytest.raises(UsageError, match="cannot be read"):
        read_truth(folder / "other.json")


def test_that_masks_of_every_mode_are_where_they_have_colour(folder: Path) -> None:
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3:7] = True
    grey = Image.fromarray(mask.astype(np.uint8))
    colour = np.zeros((6, 8, 4), np.uint8)
    colour[..., 3] = 255
    colour[mask, 1] = 9
    palette = grey.convert("P")
    pictures = {"l": grey, "rgba": Image.fromarray(colour), "bit": Image.fromarray(mask),
                "p": palette}  # fmt: skip
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
        assert (read_mask(folder / f"{name}.png", (6, 8)) == mask).all(), name
    with pytest.raises(UnreadableImage, match="6 rows and 8 columns, its image 8 and 6"):
        read_mask(folder / "l.png", (8, 6))
    (folder / "no.png").write_text("no picture")
    with pytest.raises(UnreadableImage, match="cannot be read as a picture"):
        read_mask(folder / "no.png", (6, 8))
