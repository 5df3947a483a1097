import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_session import fill, lay_out, search

from vlm_explorer.rendering.points import SIZES
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.map_colouring import ColourBy, ColourStyle, colour, style_key
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_ramp import MISSING, RampStyle, ramp_codes
from vlm_explorer.viewmodels.map_sizes import sizing_of
from vlm_explorer.viewmodels.map_styles import as_json, from_json
from vlm_explorer.viewmodels.session import Session

NAN = float("nan")
numbers = st.lists(st.one_of(st.just(NAN), st.floats(-1e6, 1e6)), min_size=1, max_size=60)


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def model(session):
    model = MapModel(session, session)
    fill(session)
    lay_out(session)
    return model


def column(values, **more):
    return Column("x", "x", np.array(values, float), **more)


@given(numbers, st.one_of(st.none(), st.floats(-1e6, 1e6)))
def test_that_higher_values_have_no_lower_step_and_unknown_ones_none(values, centre):
    codes, ramp = ramp_codes(column(values), RampStyle(centre=centre))
    known = np.isfinite(values)
    assert (codes[~known] == MISSING).all()
    assert (codes[known] > MISSING).all()
    order = np.argsort(np.array(values)[known], kind="stable")
    assert (np.diff(codes[known][order].astype(int)) >= 0).all()
    assert sum(ramp.counts) == known.sum()
    assert ramp.missing == (~known).sum()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), st.floats(-1e3, 1e3))
def test_that_a_diverging_scale_reaches_as_far_on_both_sides(values, centre):
    codes, ramp = ramp_codes(column(values), RampStyle(centre=centre))
    assert ramp.high - centre == pytest.approx(centre - ramp.low)
    for value, code in zip(values, codes, strict=True):
        if abs(value - centre) > 0.01 * (ramp.high - ramp.low):
            assert (code > 128) == (value > centre)


def test_that_a_columns_centre_counts_until_the_user_says_otherwise():
    margins = column([-1.0, 0.5, 3.0], centre=0.0)
    assert (ramp_codes(margins, RampStyle())[1].low, ramp_codes(margins, RampStyle())[1].high) == (
        -3, 3,
    )  # fmt: skip
    assert ramp_codes(margins, RampStyle(centre=1.0))[1].centre == 1
    plain = ramp_codes(margins, RampStyle(plain=True))[1]
    assert (plain.centre, plain.low, plain.high) == (None, -1, 3)


def test_that_long_tails_are_cut_and_said_to_be():
    values = np.append(np.linspace(0, 1, 1000), [50.0, -80.0])
    _, ramp = ramp_codes(column(values), RampStyle())
    assert -0.1 < ramp.low < ramp.high < 1.1
    assert ramp.clipped
    assert ramp.clipped_above
    _, ramp = ramp_codes(column(values[:1000]), RampStyle())
    assert (ramp.low, ramp.high, ramp.clipped, ramp.clipped_above) == (0, 1, False, False)


@given(numbers)
def test_that_sizes_grow_with_the_values(values):
    sizing = sizing_of(column(values))
    widths = np.array(SIZES)[sizing.codes]
    known = np.isfinite(values)
    order = np.argsort(np.array(values)[known], kind="stable")
    assert (np.diff(widths[known][order]) >= 0).all()
    assert (widths[~known] == min(SIZES)).all()
    if known.any() and np.ptp(np.array(values)[known]) > 1e-6:
        assert sizing.high > sizing.low


def test_that_the_map_is_sized_by_a_column_and_small_points_lie_on_top(session, model):
    session.columns.add(Column("outlier", "outlier", np.array([0.0, 1, 2, 3, 4, 5])))
    model.set_size_by("outlier")
    scene = model.scene
    order = scene.points.back_to_front(np.arange(6))
    assert (np.diff(scene.points.size[order].astype(int)) <= 0).all()
    assert model.image_id(int(order[0])) == "f"
    assert (scene.sizing.title, scene.sizing.low, scene.sizing.high) == ("outlier", 0, 5)
    model.set_size_by("")
    assert model.scene.points.size is None


def test_that_a_size_by_what_is_gone_is_no_size_and_comes_back(session, model):
    search(session, "nodule", np.linspace(0, 1, 6))
    model.set_size_by("similarity")
    assert model.scene.sizing is not None
    session.clear_query()
    assert model.scene.sizing is None
    search(session, "nodule", np.linspace(0, 1, 6))
    assert model.scene.sizing is not None


def test_that_new_values_of_a_computed_column_colour_the_map_anew(session, model):
    session.columns.add(Column("kept", "kept", np.array([0.0, 1, 2, 3, 4, 5])))
    model.set_colour_by("kept")
    before = model.scene.ramp
    session.columns.add(Column("kept", "kept", np.array([0.0, 1, 2, 3, 4, 50])))
    assert model.scene.ramp.high == 50 != before.high
    session.columns.remove("kept")
    assert model.colour_by == ColourBy.MODALITY
    assert model.scene.ramp is None


def test_that_images_without_a_value_are_drawn_beneath_all_others(session, model):
    session.columns.add(Column("kept", "kept", np.array([NAN, 1, 2, 3, 4, 5])))
    model.set_colour_by("kept")
    order = model.scene.points.back_to_front(np.arange(6))
    assert model.image_id(int(order[0])) == "a"
    assert model.scene.ramp.missing == 1


def test_that_of_a_diverging_scale_the_extremes_lie_on_top(session, model):
    values = np.array([0.1, -5, 2, 5, -0.1, NAN])
    session.columns.add(Column("margin", "margin", values, centre=0.0))
    model.set_colour_by("margin")
    order = model.scene.points.back_to_front(np.arange(6))
    ids = [model.image_id(int(point)) for point in order]
    assert set(ids[-2:]) == {"b", "d"}
    assert ids[0] == "f"


def test_that_the_user_changes_colours_and_they_are_kept(session, model):
    model.styles.set_colour(ColourBy.MODALITY, "CT", 7)
    colours = {e.category.key: e.category.colour for e in model.scene.legend}
    assert colours["CT"] == 7
    other = MapModel(session, session)
    kept = session.kept.values["column_styles"]
    assert "CT" not in str(kept)
    assert from_json(kept["modality"]) == model.styles.of("modality")
    other.styles.set_colour(ColourBy.MODALITY, "CT", None)
    model.styles.reset(ColourBy.MODALITY)
    colours = {e.category.key: e.category.colour for e in model.scene.legend}
    assert colours["CT"] == 1
    assert session.kept.values["column_styles"] == {}


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 11), max_size=4),
       st.one_of(st.none(), st.floats(-10, 10)), st.booleans())  # fmt: skip
def test_that_a_style_is_read_as_it_was_kept(colours, centre, plain):
    style = ColourStyle(colours, RampStyle("blue", centre, plain))
    assert from_json(as_json(style)) == style


@pytest.mark.parametrize("kept", [None, 3, {"colours": 5}, {"colours": {"a": "x"}, "centre": "y"}])
def test_that_what_cannot_be_read_is_the_usual_style(kept):
    assert from_json(kept) == ColourStyle()


def test_that_a_chosen_colour_is_that_categorys_alone():
    values = np.array(["a", "b", "a", "c"], object)
    colouring = colour(
        Column("x", "x", values), ColourStyle({style_key("b"): 9, style_key("gone"): 3})
    )
    assert [(c.key, c.colour) for c in colouring.categories] == [("a", 0), ("b", 9), ("c", 2)]
