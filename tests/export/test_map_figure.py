from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from made_maps import explanation_of
from PIL import Image

from vlm_explorer.encoders.preprocess import PreprocessConfig, plan
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.export.map_figure import MapStyle, build_map_figure, ends_of
from vlm_explorer.export.map_files import write_map_figure
from vlm_explorer.export.map_layout import lay_out_maps
from vlm_explorer.saliency.difference import difference, single
from vlm_explorer.saliency.explanation import Explanation

SHAPE = (60, 80)
PIXELS = np.full(SHAPE, 90, np.uint8)
STYLE = MapStyle(width=700, scale=1.0, theme="dark")
PROMPTS = ("left pleural effusion", "ribs " * 40, "心 <&>")


def maps_of(*prompts: str) -> list[Explanation]:
    together = explanation_of(SHAPE, prompts=prompts)
    return [single(together, row) for row in range(len(prompts))]


def test_that_maps_of_one_unit_share_a_range_and_of_others_do_not() -> None:
    one, other, _ = maps_of(*PROMPTS)
    attention = explanation_of(SHAPE, prompts=(), signed=False)
    ends = ends_of([one, other, attention, difference(one, other)], "minmax")
    largest = max(np.abs(one.grid).max(), np.abs(other.grid).max())
    assert ends[0] == ends[1]
    assert ends[0].high == pytest.approx(largest)
    assert (ends[2].low, ends[2].high) == (attention.grid.min(), attention.grid.max())
    assert ends[3].high == pytest.approx(np.abs(one.grid - other.grid).max())
    assert build_map_figure(PIXELS, [one, other], STYLE).scale is not None
    assert build_map_figure(PIXELS, [one, attention], STYLE).scale is None


def test_that_values_on_padding_do_not_widen_the_range() -> None:
    found = explanation_of((30, 80), prompts=("heart",))
    padded = plan(30, 80, PreprocessConfig(size=48, resize_mode="longest"), (6, 6), (8, 8))
    found = dataclasses.replace(found, geometry=padded, grid=found.grid.copy())
    found.grid[0, 0] = 1e6
    (ends,) = ends_of([found], "minmax")
    assert ends.high == pytest.approx(np.nanmax(np.abs(found.overlay_of(0, "nearest"))))
    assert ends.high < 1e6


def test_that_a_difference_is_signed_and_refused_between_kinds() -> None:
    one, other, _ = maps_of(*PROMPTS)
    found = difference(one, other)
    np.testing.assert_array_equal(found.grid, one.grid - other.grid)
    np.testing.assert_array_equal(found.overlay, -difference(other, one).overlay)
    assert found.signed
    assert found.target["negatives"] == [PROMPTS[1]]
    with pytest.raises(UsageError):
        difference(one, explanation_of(SHAPE, prompts=()))


def test_that_a_figure_comes_with_its_record_and_the_raw_arrays(tmp_path: Path) -> None:
    maps = maps_of(*PROMPTS)
    write_map_figure(build_map_figure(PIXELS, maps, STYLE), STYLE, tmp_path / "maps.png")
    assert {path.name for path in tmp_path.iterdir()} == {
        "maps.png",
        "maps.png.json",
        "maps.png.npz",
    }
    with Image.open(tmp_path / "maps.png") as picture:
        written = json.loads(picture.info["vlm-explorer"])
        assert "Not for diagnosis" in picture.info["Comment"]
    beside = json.loads((tmp_path / "maps.png.json").read_text(encoding="utf-8"))
    assert beside == written
    assert [each["target"]["prompts"] for each in beside["maps"]] == [[p] for p in PROMPTS]
    first = beside["maps"][0]
    assert first["score"] == pytest.approx(maps[0].score.tolist())
    assert first["weights_sha256"] == "ab" * 32
    assert first["params"] == {"window": 2, "baseline": "blur"}
    assert first["grid"]["shape"] == [1, 6, 6]
    assert beside["display"]["scaling"] == "shared"
    with np.load(tmp_path / "maps.png.npz") as arrays:
        np.testing.assert_array_equal(arrays["grid"], np.concatenate([m.grid for m in maps]))
        np.testing.assert_array_equal(arrays["overlay"][1], maps[1].overlay_of(0))


def test_that_a_drawing_says_the_same_as_a_picture(tmp_path: Path) -> None:
    figure = build_map_figure(PIXELS, maps_of(*PROMPTS), STYLE)
    write_map_figure(figure, STYLE, tmp_path / "maps.svg")
    root = ET.parse(tmp_path / "maps.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    words = " ".join(each.text or "" for each in root.iter(f"{space}text"))
    assert "left pleural effusion" in words
    assert "心 <&>" in words
    assert "Not for diagnosis" in words
    assert len(list(root.iter(f"{space}image"))) == 3
    metadata = root.find(f"{space}metadata")
    assert metadata is not None
    assert json.loads(metadata.text or "") == json.loads(
        (tmp_path / "maps.svg.json").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("count", [1, 2, 5, 7])
@pytest.mark.parametrize("width", [320, 700, 1600])
def test_that_nothing_in_a_figure_lies_beyond_it_or_on_something_else(
    count: int, width: int
) -> None:
    maps = maps_of(*(f"{PROMPTS[row % 3]} {row}" for row in range(count)))
    placed = lay_out_maps(build_map_figure(PIXELS, maps, STYLE), width)
    boxes = [(p.x, p.y, p.x + p.width, p.y + p.height) for p in placed.pictures]
    boxes += [(b.x, b.y, b.x + b.width, b.y + b.height) for _, b in placed.bars]
    from vlm_explorer.export import fonts

    for words in placed.words:
        across = fonts.width(words.text, words.size, bold=words.bold)
        boxes.append((words.x, words.y - words.size * 0.75, words.x + across, words.y))
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert top >= 0
        assert right <= placed.width
        assert bottom <= placed.height
        for other in boxes[number + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart


def test_that_no_file_is_named_unless_it_is_asked_for(tmp_path: Path) -> None:
    maps = maps_of("heart")
    for name, file in (("quiet.svg", ""), ("told.svg", "agatha.dcm")):
        figure = build_map_figure(PIXELS, maps, STYLE, file=file, frame=3)
        write_map_figure(figure, STYLE, tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert ("agatha.dcm" in text) is bool(file)
        assert str(tmp_path) not in text


def test_that_a_figure_that_cannot_be_whole_leaves_nothing(tmp_path: Path) -> None:
    figure = build_map_figure(PIXELS, maps_of("heart"), STYLE)
    (tmp_path / "maps.png.npz").mkdir()
    with pytest.raises(StorageProblem):
        write_map_figure(figure, STYLE, tmp_path / "maps.png")
    assert [path.name for path in tmp_path.iterdir()] == ["maps.png.npz"]
    with pytest.raises(UsageError):
        write_map_figure(figure, STYLE, tmp_path / "maps.gif")
