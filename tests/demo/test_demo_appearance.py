"""The pictures have the hallmarks of their modality, and findings change what is seen."""

from dataclasses import replace

import numpy as np
import pytest

from vlm_explorer.demo import ct, mr
from vlm_explorer.demo.abdomen import random_abdomen
from vlm_explorer.demo.abdomen_ct import abdomen_slice
from vlm_explorer.demo.body import Warp
from vlm_explorer.demo.chest import random_chest, sign_of
from vlm_explorer.demo.chest_ct import chest_slice
from vlm_explorer.demo.exposure import expose
from vlm_explorer.demo.head import head_slice, random_head
from vlm_explorer.demo.mammogram import mammogram, random_breast
from vlm_explorer.demo.radiograph import LATERAL, PA, chest_grid, findings_of, project
from vlm_explorer.demo.series import head_values
from vlm_explorer.demo.ultrasound import random_fan, random_scene, ultrasound

SHAPE = (384, 320)
LUNG = ("pleural effusion", "pneumothorax", "consolidation", "nodule")


def radiograph(chest, axis, seed):
    grid = chest_grid(np.random.default_rng(seed), SHAPE, axis)
    projection = project(chest, grid, axis, np.random.default_rng(seed))
    return expose(projection, np.random.default_rng(seed)), findings_of(projection, chest)


def boxed_part(picture, box):
    x0, y0, x1, y1 = box
    return picture[y0:y1, x0:x1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("name", "axis"),
    [(name, PA) for name in LUNG] + [(name, LATERAL) for name in LUNG if name != "pneumothorax"],
)
def test_that_a_finding_changes_a_radiograph_within_its_box(name, axis, seed):
    chest = random_chest(np.random.default_rng(seed), [(name, ("left", "right")[seed % 2])])
    picture, findings = radiograph(chest, axis, seed)
    plain, none = radiograph(replace(chest, lesions={}), axis, seed)
    assert [f.name for f in findings] == [name]
    assert none == ()
    change = np.abs(picture - plain)
    inside = boxed_part(change, findings[0].box)
    assert np.percentile(inside, 90) > 0.08


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", LUNG)
def test_that_the_patients_right_is_on_the_left_of_the_picture(name, side):
    chest = random_chest(np.random.default_rng(5), [(name, side)])
    _, findings = radiograph(chest, PA, 5)
    x0, _, x1, _ = findings[0].box
    assert findings[0].side == side
    assert ((x0 + x1) / 2 > SHAPE[1] / 2) == (side == "left")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("large", [False, True])
def test_that_the_cardiothoracic_ratio_tells_an_enlarged_heart(seed, large):
    chest = random_chest(np.random.default_rng(seed), [("cardiomegaly", "")] if large else [])
    thorax = sum(abs(lung.centre[0]) + lung.radii[0] for lung in chest.lungs.values())
    ratio = 2 * chest.heart.radii[0] / thorax
    assert ratio > 0.55 if large else ratio < 0.48
    _, findings = radiograph(chest, PA, seed)
    assert bool(findings) == large


def test_that_a_pneumothorax_is_darker_than_the_other_lung():
    for seed in range(5):
        chest = random_chest(np.random.default_rng(seed), [("pneumothorax", "left")])
        grid = chest_grid(np.random.default_rng(seed), SHAPE, PA)
        out = project(chest, grid, PA, np.random.default_rng(seed))
        pocket = out.extents["pneumothorax", "left"] > 0.9
        row, col = np.nonzero(pocket)
        there = grid.u[row, col]
        mirrored = np.argmin(np.abs(grid.u[row] + there[:, None]), axis=1)
        assert np.median(out.soft[row, col]) < np.median(out.soft[row, mirrored]) - 8


def chest_slices(wanted, seed, levels):
    rng = np.random.default_rng(seed)
    chest = random_chest(rng, wanted)
    values = ct.tissue_values(rng, True)
    placing = ct.scanner_grid(rng, 400.0)
    warp = Warp.random(rng, 2.0, 110)
    for z in levels:
        grid = ct.slice_grid(placing, warp, z)
        image, findings = chest_slice(chest, grid, z, values, np.random.default_rng(seed))
        yield chest, grid, image, findings


def test_that_a_chest_ct_has_air_lung_soft_tissue_and_bone():
    for chest, grid, image, findings in chest_slices([], 3, (0.0, -40.0)):
        assert findings == ()
        assert np.median(image[:6]) == -1000
        for side in ("left", "right"):
            window, coverage = chest.lungs[side].section(grid, 0.0)
            lung = image[window][coverage > 0.99]
            assert np.median(lung) < -500
        assert (image > 250).sum() > 150
        assert ((image > 20) & (image < 90)).mean() > 0.015


@pytest.mark.parametrize("name", LUNG)
@pytest.mark.parametrize("side", ["left", "right"])
def test_that_a_finding_of_the_lung_shows_in_ct_on_its_side(name, side):
    level = {"pleural effusion": -60.0, "pneumothorax": 10.0}
    chest = random_chest(np.random.default_rng(9), [(name, side)])
    lesion = chest.lesions[name, side]
    z = level[name] if name in level else lesion.solid.centre[2]
    ((_, grid, image, findings),) = chest_slices([(name, side)], 9, (z,))
    assert [(f.name, f.side) for f in findings] == [(name, side)]
    x0, y0, x1, y1 = findings[0].box
    assert sign_of(side) * grid.u[(y0 + y1) // 2, (x0 + x1) // 2] > 0
    part = boxed_part(image, findings[0].box)
    if name == "pneumothorax":
        assert (part < -960).mean() > 0.08
    else:
        assert ((part > -20) & (part < 120)).mean() > 0.3


def test_that_a_slice_beyond_a_nodule_neither_shows_nor_names_it():
    chest = random_chest(np.random.default_rng(2), [("nodule", "left")])
    z = chest.lesions["nodule", "left"].solid.centre[2] + 60
    ((_, _, image, findings),) = chest_slices([("nodule", "left")], 2, (z,))
    assert findings == ()
    plain = replace(chest, lesions={})
    values_rng = np.random.default_rng(2)
    random_chest(values_rng, [("nodule", "left")])
    values = ct.tissue_values(values_rng, True)
    placing = ct.scanner_grid(values_rng, 400.0)
    grid = ct.slice_grid(placing, Warp.random(values_rng, 2.0, 110), z)
    expected, _ = chest_slice(plain, grid, z, values, np.random.default_rng(2))
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(("name", "side"), [("liver lesion", "right"), ("kidney cyst", "left")])
def test_that_a_lesion_of_the_abdomen_is_darker_than_its_organ(name, side):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        abdomen = random_abdomen(rng, [(name, side)])
        values = ct.tissue_values(rng, True)
        z = abdomen.lesions[name, side][0].centre[2]
        grid = ct.slice_grid((1.6, (0.0, 0.0), 0.0), Warp.random(rng, 1.0, 110), z)
        image, findings = abdomen_slice(abdomen, grid, z, values, np.random.default_rng(seed))
        assert [f.name for f in findings] == [name]
        x0, y0, x1, y1 = findings[0].box
        row, col = (y0 + y1) // 2, (x0 + x1) // 2
        middle = image[row - 2 : row + 3, col - 2 : col + 3]
        assert np.median(middle) < values["liver"] - 30


def brain(wanted, seed, values, rng):
    head = random_head(np.random.default_rng(seed), wanted)
    z = head.lesions[0].solid.centre[2] if head.lesions else 8.0
    grid = ct.slice_grid((0.95, (0.0, 0.0), 0.0), Warp.random(rng, 1.0, 90), z)
    return head, grid, z, head_slice(head, grid, z, values, rng)


@pytest.mark.parametrize("seed", range(6))
def test_that_blood_is_bright_in_head_ct_and_bone_brighter(seed):
    values = head_values(np.random.default_rng(seed), agent=False)
    _, _, _, (hu, findings) = brain(
        [("haemorrhage", "left")], seed, values, np.random.default_rng(seed)
    )
    part = boxed_part(hu, findings[0].box)
    assert ((part > 55) & (part < 90)).sum() > 200
    assert np.percentile(hu, 99) > 700


@pytest.mark.parametrize("name", ["T1", "T2", "FLAIR"])
def test_that_mr_has_the_contrast_of_its_sequence(name):
    values = mr.signals(mr.random_sequence(np.random.default_rng(1), name))
    assert values["bone"] < 0.1 * values["white"]
    assert values["fat"] > values["muscle"]
    if name == "T1":
        assert values["csf"] < values["grey"] < values["white"] < values["fat"]
    elif name == "T2":
        assert values["csf"] > values["grey"] > values["white"]
        assert values["oedema"] > values["grey"]
    else:
        assert values["csf"] < 0.35 * values["white"]
        assert values["oedema"] > values["grey"]


@pytest.mark.parametrize("sequence", ["T1", "T2", "FLAIR"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_that_a_tumour_differs_from_the_other_hemisphere(sequence, side):
    rng = np.random.default_rng(4)
    values = mr.signals(mr.random_sequence(rng, sequence))
    head, grid, z, (image, findings) = brain([("brain tumour", side)], 4, values, rng)
    assert [(f.name, f.side) for f in findings] == [("brain tumour", side)]
    plain, none = head_slice(replace(head, lesions=()), grid, z, values, np.random.default_rng(4))
    assert none == ()
    change = boxed_part(np.abs(image - plain), findings[0].box)
    assert change.mean() > 0.12 * values["white"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("view", ["MLO", "CC"])
def test_that_a_breast_mass_is_brighter_than_what_surrounds_it(view, seed):
    for side in ("left", "right"):
        breast = random_breast(np.random.default_rng(seed), side, True)
        picture, findings = mammogram(breast, view, np.random.default_rng(seed))
        plain, none = mammogram(replace(breast, mass=None), view, np.random.default_rng(seed))
        assert none == ()
        assert findings[0].side == side
        inner = boxed_part(picture - plain, findings[0].box)
        assert np.median(inner) > 0.06


@pytest.mark.parametrize("side", ["left", "right"])
def test_that_the_chest_wall_of_a_breast_is_where_films_hang(side):
    breast = random_breast(np.random.default_rng(1), side, False)
    picture, _ = mammogram(breast, "CC", np.random.default_rng(1))
    at_wall = picture[:, :5] if side == "left" else picture[:, -5:]
    away = picture[:, -5:] if side == "left" else picture[:, :5]
    assert at_wall.mean() > 5 * away.mean()


@pytest.mark.parametrize("organ", ["liver", "kidney", "breast"])
def test_that_a_cyst_is_black_with_bright_echoes_behind(organ):
    rng = np.random.default_rng(3)
    scene = random_scene(rng, organ, "cystic lesion")
    fan = random_fan(rng, organ)
    picture, findings = ultrasound(scene, fan, np.random.default_rng(6))
    plain, _ = ultrasound(replace(scene, lesion=""), fan, np.random.default_rng(6))
    x0, y0, x1, y1 = findings[0].box
    middle = picture[y0 + 12 : y1 - 12, x0 + 14 : x1 - 14]
    assert middle.mean() < 0.03
    behind = (slice(y1 + 3, y1 + 20), slice(x0 + 14, x1 - 14))
    assert picture[behind].mean() > plain[behind].mean() + 0.04


@pytest.mark.parametrize("organ", ["kidney", "breast"])
def test_that_a_solid_lesion_has_echoes_and_is_darker_than_a_healthy_organ(organ):
    rng = np.random.default_rng(8)
    scene = random_scene(rng, organ, "solid lesion")
    fan = random_fan(rng, organ)
    picture, findings = ultrasound(scene, fan, np.random.default_rng(6))
    x0, y0, x1, y1 = findings[0].box
    middle = picture[y0 + 10 : y1 - 10, x0 + 10 : x1 - 10]
    assert 0.05 < middle.mean() < 0.5
