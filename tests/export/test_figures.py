from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from vlm_explorer.api import Collection
from vlm_explorer.cli import main
from vlm_explorer.errors import UsageError
from vlm_explorer.export import fonts
from vlm_explorer.export.drawing import write_figure
from vlm_explorer.export.figure import Entry, Figure, Mark, Name, Scale, Style
from vlm_explorer.export.figure_colours import by_category, ink_of
from vlm_explorer.export.figure_layout import lay_out
from vlm_explorer.rendering import colours, ramps
from vlm_explorer.rendering.points import Level, Points

SVG = "{http://www.w3.org/2000/svg}"
MAP = "pca/raw"


def figure_of(count: int, *, categories: int = 3, theme: str = "light", **changes) -> Figure:
    random = np.random.default_rng(3)
    values = [f"category {n % categories}" for n in range(count)]
    coloured = by_category(values, np.ones(count, bool), theme, "label")
    xy = random.normal(size=(count, 2)).astype(np.float32) * (8, 3)
    level = np.full(count, Level.PLAIN, np.int8)
    points = Points(xy.astype(np.float32), coloured.codes, np.zeros(count, bool), level)
    figure = Figure(
        points=points,
        brush=coloured.brush,
        ink=ink_of(theme),
        title="UMAP, centred joint space",
        details=("seed 42 · 3 of 4 images · trustworthiness 0.94", "encoder demo"),
        legend=coloured.legend,
        marks=(Mark(0, 0, "left pleural effusion"), Mark(5, 1, "nodule", prompt=False)),
        names=(Name("normal", 20, (-2, -1, 2, 1), "80 %"),),
        notice="Research use. Not for diagnosis.",
        provenance={"program": "VLM Explorer", "prompts": ["ä <&> “x”"]},
    )
    return replace(figure, **changes)


def texts_of(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return [node.text or "" for node in root.iter(f"{SVG}text") if node.get("aria-hidden") is None]


def test_that_a_drawing_has_real_words_true_circles_and_its_provenance(tmp_path: Path) -> None:
    figure = figure_of(60)
    write_figure(figure, Style(), tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    words = texts_of(tmp_path / "a.svg")
    for wanted in (
        figure.title, *figure.details, figure.notice, "left pleural effusion", "nodule", "normal",
        "80 %", "category 0", "20",
    ):  # fmt: skip
        assert wanted in words
    metadata = root.find(f"{SVG}metadata")
    assert metadata is not None
    assert json.loads(metadata.text or "") == figure.provenance
    placed = lay_out(figure, Style())
    drawn = [c for c in root.iter(f"{SVG}circle") if c.get("r") == f"{placed.diameter / 2:.2f}"]
    assert len(drawn) == 60
    at = sorted((float(c.get("cx", "")), float(c.get("cy", ""))) for c in drawn)
    wanted_at = placed.view.to_screen(figure.points.xy)
    away = np.linalg.norm(np.array(at)[:, None] - wanted_at[None], axis=2)
    assert away.min(axis=0).max() < 0.02
    assert root.find(f".//{SVG}image") is None
    assert len(list(root.iter(f"{SVG}polygon"))) == 2


def test_that_many_points_are_a_picture_within_the_drawing(tmp_path: Path) -> None:
    figure = figure_of(6000)
    write_figure(figure, Style(scale=1), tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert len(list(root.iter(f"{SVG}circle"))) == 3  # of the legend
    (image,) = root.iter(f"{SVG}image")
    data = base64.b64decode((image.get("href") or "").partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        ratio = picture.width / float(image.get("width", ""))
        assert ratio == pytest.approx(2, abs=0.01)
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 10
    assert figure.title in texts_of(tmp_path / "a.svg")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_a_picture_has_the_size_asked_for_and_says_where_it_comes_from(
    theme: str, tmp_path: Path
) -> None:
    figure = figure_of(60, theme=theme)
    write_figure(figure, Style(theme, 600, 400, 1.5), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        picture.load()
        assert picture.size == (900, 600)
        assert picture.info["dpi"] == pytest.approx((144, 144), abs=0.1)
        assert json.loads(picture.text["vlm-explorer"]) == figure.provenance
        ground = tuple(colours.parse(figure.ink.ground)[0].tolist())
        assert picture.getpixel((2, 2)) == ground
        found = {pixel for _, pixel in picture.getcolors(1 << 24)}
    for entry in figure.legend:
        assert tuple(colours.parse(entry.colour)[0].tolist()) in found


def test_that_a_scale_of_values_has_its_title_and_numbers(tmp_path: Path) -> None:
    table = ramps.sequential(np.array([255, 255, 255], np.uint8))
    scale = Scale("cosine to “x”", table, "≤ −0.10", "0.10", "0.30")
    figure = figure_of(30, legend=(), scale=scale)
    write_figure(figure, Style(), tmp_path / "a.svg")
    assert {"cosine to “x”", "≤ −0.10", "0.10", "0.30"} <= set(texts_of(tmp_path / "a.svg"))
    write_figure(figure, Style(scale=1), tmp_path / "a.png")
    placed = lay_out(figure, Style())
    assert placed.bar is not None
    with Image.open(tmp_path / "a.png") as picture:
        y = round(placed.bar.y + 4)
        assert picture.getpixel((round(placed.bar.x), y)) == tuple(table[0].tolist())


@settings(max_examples=25)
@example(1, ["0000000000000G" + 21 * "\x1b" + 3 * "Ԁ"], (480, 360))
@given(
    st.integers(1, 60),
    st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=60, unique=True),
    st.sampled_from([(480, 360), (700, 900), (1200, 900)]),
)
def test_that_nothing_lies_outside_or_over_the_map(
    names: int, titles: list[str], size: tuple[int, int]
) -> None:
    entries = tuple(Entry(title, "#112233", f"{n:,}") for n, title in enumerate(titles))
    random = np.random.default_rng(names)
    boxes = random.uniform(-8, 8, (names, 2))
    figure = figure_of(
        40,
        legend=entries,
        names=tuple(
            Name(f"part {n}", n, (x, y, x + 1, y + 1), "") for n, (x, y) in enumerate(boxes)
        ),
    )
    placed = lay_out(figure, Style("light", *size))
    area = placed.map
    for words in placed.words:
        width = fonts.width(words.text, words.size, bold=words.bold)
        inside = words.halo
        assert words.x >= (area.x if inside else 0)
        assert words.x + width <= (area.x + area.width if inside else size[0])
        below, above = words.y <= area.y, words.y - words.size >= area.y + area.height - 1
        assert inside or below or above
        assert words.size <= words.y <= size[1]
    on_map = [w for w in placed.words if w.halo]
    for one in on_map:
        for other in on_map:
            if one is not other and abs(one.y - other.y) < one.size:
                width = fonts.width(one.text, one.size, bold=True)
                assert other.x >= one.x + width or one.x > other.x


def test_that_a_part_of_the_map_is_shown_as_wide_as_on_the_screen(tmp_path: Path) -> None:
    figure = figure_of(200, region=(1.0, -2.0, 4.0))
    placed = lay_out(figure, Style())
    corners = placed.view.to_world([(0, 0), (placed.map.width, placed.map.height)])
    assert corners[:, 0] == pytest.approx([-1, 3])
    assert corners[:, 1].mean() == pytest.approx(-2)
    write_figure(figure, Style(), tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    inside = placed.view.to_screen(figure.points.xy)
    inside = inside[((inside >= 0) & (inside <= placed.map[2:])).all(axis=1)]
    drawn = [c for c in root.iter(f"{SVG}circle") if c.get("r") == f"{placed.diameter / 2:.2f}"]
    assert 0 < len(drawn) == len(inside) < 200


def test_that_words_which_xml_cannot_hold_do_not_break_a_drawing(tmp_path: Path) -> None:
    words = "a\x00b\x1b<&>\ud800]]>"
    marks = (Mark(0, 0, words),)
    write_figure(figure_of(10, title="t\x01", marks=marks), Style(), tmp_path / "a.svg")
    assert "ab<&>]]>" in texts_of(tmp_path / "a.svg")


def test_that_the_command_draws_the_map_with_counts_and_seed(
    collection: Collection, tmp_path: Path
) -> None:
    words = ["export", str(collection.folder), "--to", str(tmp_path / "a.svg"), "--quiet"]
    assert main([*words, "--layout", MAP, "--colour-by", "modality", "--size", "800x600"]) == 0
    found = texts_of(tmp_path / "a.svg")
    assert found[0] == "PCA, raw joint space"
    assert "7 of 7 images" in found[1]
    assert any(words.startswith("Research use. Not for diagnosis.") for words in found)
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    facts = json.loads(root.findtext(f"{SVG}metadata") or "")
    assert facts["layout"]["method"] == "pca"
    assert "--colour-by modality" in facts["command"]
    assert re.search(r"--size 800x600", facts["command"])


@pytest.mark.parametrize("by", ["label", "cluster", "similarity", "zero-shot"])
def test_that_a_figure_can_be_coloured_by_what_was_asked(
    by: str, collection: Collection, tmp_path: Path
) -> None:
    report = collection.export(
        tmp_path / "a.svg",
        layout=MAP,
        texts=["effusion"],
        labels=["effusion", "normal"],
        style=Style(colour_by=by),
    )
    assert report.provenance["figure"]["coloured_by"] == by
    found = texts_of(tmp_path / "a.svg")
    wanted = {
        "label": "normal", "cluster": "no cluster", "similarity": "cosine to “effusion”",
        "zero-shot": "effusion",
    }  # fmt: skip
    assert wanted[by] in found


def test_that_what_cannot_be_drawn_is_said(collection: Collection, tmp_path: Path) -> None:
    for style, text in (
        (Style(colour_by="patient"), "cannot be coloured"),
        (Style(width=100), "no room"),
        (Style(scale=40), "too large"),
        (Style(theme="pink"), "no theme"),
    ):
        with pytest.raises(UsageError, match=text):
            collection.export(tmp_path / "a.png", layout=MAP, style=style)
    with pytest.raises(UsageError, match="needs places"):
        collection.export(tmp_path / "a.png", layout="none")
    assert list(tmp_path.iterdir()) == []
