import numpy as np
import pytest
from map_session import PLACES, fill, lay_out, score_labels, search, show_only

from vlm_explorer.analysis.groups import Group
from vlm_explorer.analysis.phrase_names import PhraseName
from vlm_explorer.analysis.projection import place_texts
from vlm_explorer.rendering.rasteriser import Level
from vlm_explorer.viewmodels.map_colouring import NEUTRAL, ColourBy
from vlm_explorer.viewmodels.map_model import MapModel, Mode
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene import MapState
from vlm_explorer.viewmodels.map_stars import StarKind
from vlm_explorer.viewmodels.session import LayoutState, QueryState, Session


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def model(session):
    return MapModel(session)


@pytest.fixture
def laid_out(session, model):
    fill(session)
    lay_out(session)
    return model


def place_of(model, image_id):
    """Where the scene draws an image, by its id."""
    scene = model.scene
    point = next(
        p for p in range(len(scene)) if scene.text[p] == NONE and model.image_id(p) == image_id
    )
    return tuple(scene.points.xy[point])


def level_of(model, image_id):
    scene = model.scene
    return next(
        Level(scene.points.level[p])
        for p in range(len(scene))
        if scene.text[p] == NONE and model.image_id(p) == image_id
    )


def points_of(model, *image_ids):
    return np.array([p for p in range(len(model.scene)) if model.image_id(p) in image_ids])


def test_that_a_session_without_images_gives_an_empty_scene(model):
    assert model.scene.state is MapState.EMPTY
    assert len(model.scene) == 0


def test_that_images_whose_layout_is_on_its_way_are_said_to_load(session, model):
    fill(session)
    assert model.scene.state is MapState.FAILED
    session.put(layout=LayoutState(pending=True))
    assert model.scene.state is MapState.LOADING
    assert model.scene.waiting == "Laying out 6 images…"


def test_that_each_image_is_drawn_once_at_its_own_place(laid_out):
    ids = [laid_out.image_id(p) for p in range(len(laid_out.scene))]
    assert sorted(ids) == list("abcdef")
    for row, key in enumerate("abcdef"):
        assert place_of(laid_out, key) == tuple(PLACES[row])


def test_that_places_follow_ids_where_the_layout_has_another_order(session, model):
    fill(session)
    order = [3, 1, 5, 0, 4, 2]
    lay_out(session, PLACES[order], ids=["abcdef"[row] for row in order])
    for row, key in enumerate("abcdef"):
        assert place_of(model, key) == tuple(PLACES[row])


def test_that_images_unknown_to_the_layout_are_neither_drawn_nor_shown(session, model):
    fill(session)
    lay_out(session, PLACES[:4], ids=list("abcd"))
    assert {model.image_id(p) for p in range(len(model.scene))} == set("abcd")
    assert model.scene.shown == 4
    assert "4 of 6 shown" in model.scene.caption


def test_that_filtered_images_are_ghosts_and_hidden_ones_absent(session, laid_out):
    show_only(session, [True, True, False, True, True, True])
    laid_out.set_hidden(frozenset({"CT"}))
    assert level_of(laid_out, "c") is Level.GHOST
    assert level_of(laid_out, "a") is Level.ABSENT
    assert level_of(laid_out, "d") is Level.PLAIN
    assert laid_out.scene.shown == 3


def test_that_from_two_selected_images_on_the_others_fade(session, laid_out):
    session.select(["a"])
    assert level_of(laid_out, "a") is Level.SELECTED
    assert level_of(laid_out, "b") is Level.PLAIN
    session.select(["a", "c"])
    assert level_of(laid_out, "c") is Level.SELECTED
    assert level_of(laid_out, "b") is Level.FADED


def test_that_the_current_image_is_found_among_the_points(session, laid_out):
    assert laid_out.scene.current is None
    session.select(["d"], "d")
    assert laid_out.image_id(laid_out.scene.current) == "d"
    laid_out.set_hidden(frozenset({"CR"}))
    assert laid_out.scene.current is None


def test_that_the_legend_counts_selected_shown_and_all(session, laid_out):
    show_only(session, [False, True, True, True, True, True])
    session.select(["b", "d"])
    counts = {
        entry.category.title: (entry.selected, entry.shown, entry.total)
        for entry in laid_out.scene.legend
    }
    assert counts == {
        "CR": (1, 2, 2),
        "CT": (1, 1, 2),
        "MR": (0, 1, 1),
        "no modality": (0, 1, 1),
    }


def test_that_hiding_twice_shows_again_and_isolating_twice_shows_all(laid_out):
    laid_out.toggle("CT")
    assert laid_out.hidden == {"CT"}
    laid_out.toggle("CT")
    assert not laid_out.hidden
    laid_out.isolate("CT")
    assert laid_out.hidden == {"CR", "MR", ""}
    laid_out.isolate("CT")
    assert not laid_out.hidden


def test_that_isolating_goes_by_what_was_hidden_before_the_gesture(laid_out):
    before = laid_out.hidden
    laid_out.toggle("CT")  # the first click of a double click
    laid_out.isolate("CT", before)
    assert laid_out.hidden == {"CR", "MR", ""}
    before = laid_out.hidden
    laid_out.toggle("CT")
    laid_out.isolate("CT", before)
    assert not laid_out.hidden


def test_that_each_colouring_has_its_own_hidden_categories(laid_out):
    laid_out.toggle("CT")
    laid_out.set_colour_by(ColourBy.LABEL)
    assert not laid_out.hidden
    laid_out.set_colour_by(ColourBy.MODALITY)
    assert laid_out.hidden == {"CT"}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.REPLACE, {"c", "d"}),
        (Mode.ADD, {"a", "c", "d"}),
        (Mode.SUBTRACT, {"a"}),
        (Mode.TOGGLE, {"a", "d"}),
    ],
)
def test_that_chosen_points_change_the_selection_by_their_ids(session, laid_out, mode, expected):
    session.select(["a", "c"], "a")
    laid_out.choose(points_of(laid_out, "c", "d"), mode)
    assert session.selection.ids == expected
    assert session.selection.current == "a"


def test_that_choosing_one_image_makes_it_the_current_one(session, laid_out):
    laid_out.choose(points_of(laid_out, "e"))
    assert session.selection.ids == {"e"}
    assert session.selection.current == "e"


def test_that_choosing_nothing_clears_the_selection_but_not_the_viewer(session, laid_out):
    session.select(["a", "b"], "b")
    laid_out.choose(np.empty(0, np.intp))
    assert session.selection.ids == frozenset()
    assert session.selection.current == "b"


def test_that_all_means_neither_filtered_nor_hidden(session, laid_out):
    show_only(session, [True, True, False, True, True, True])
    laid_out.toggle("CT")
    laid_out.choose_all()
    assert session.selection.ids == {"d", "e", "f"}


def test_that_a_groups_images_are_chosen_as_far_as_they_are_shown(session, laid_out):
    show_only(session, [True, True, False, True, True, True])
    laid_out.choose_rows(np.array([0, 1, 2]))
    assert session.selection.ids == {"a", "b"}


def test_that_captions_lie_at_their_own_places_in_their_images_colour(session, model):
    fill(session, captioned=["a", "d"])
    lay_out(session, captions={"d": (20.0, 20.0), "a": (30.0, 0.0)})
    scene = model.scene
    hollow = np.flatnonzero(scene.text != NONE)
    assert scene.points.hollow[hollow].all()
    places = {model.image_id(p): tuple(scene.points.xy[p]) for p in hollow}
    assert places == {"d": (20.0, 20.0), "a": (30.0, 0.0)}
    for point in hollow:
        own = points_of(model, model.image_id(point))
        assert len(set(scene.points.codes[own])) == 1
        assert model.caption_of(point) == f"words about {model.image_id(point)}"
        assert model.info(point).kind == "caption"


def test_that_captions_can_be_left_out(session, model):
    fill(session, captioned=["a"])
    lay_out(session, captions={"a": (20.0, 20.0)})
    model.set_captions(False)
    scene = model.scene
    assert (scene.points.level[scene.text != NONE] == Level.ABSENT).all()
    assert (scene.points.level[scene.text == NONE] == Level.PLAIN).all()


def test_that_captions_fade_and_hide_with_their_images(session, model):
    fill(session, captioned=["a", "c"])
    lay_out(session, captions={"a": (20.0, 20.0), "c": (30.0, 20.0)})
    session.select(["a", "b"])
    model.toggle("MR")
    levels = {
        model.image_id(p): Level(model.scene.points.level[p])
        for p in np.flatnonzero(model.scene.text != NONE)
    }
    assert levels == {"a": Level.SELECTED, "c": Level.ABSENT}


def test_that_where_images_and_captions_are_chosen_images_count(session, model):
    fill(session, captioned=["a"])
    lay_out(session, captions={"a": (20.0, 20.0)})
    caption = np.flatnonzero(model.scene.text != NONE)
    model.choose(np.concatenate([caption, points_of(model, "b")[:1]]))
    assert session.selection.ids == {"b"}
    model.choose(caption)
    assert session.selection.ids == {"a"}


def test_that_a_text_of_no_image_is_drawn_but_chooses_nothing(session, model):
    fill(session)
    lay_out(session, captions={"a": (20.0, 20.0)})  # no collection says whose it is
    text = np.flatnonzero(model.scene.text != NONE)
    assert len(text) == 1
    assert model.image_ids(text) == []
    assert model.scene.colours[model.scene.points.codes[text[0]]] < NEUTRAL
    model.choose(text)
    assert not session.selection.ids


# Prompts and labels


def test_that_an_answer_warms_the_points_up_and_clearing_goes_back(session, laid_out):
    laid_out.set_colour_by(ColourBy.LABEL)
    search(session, "effusion", [0.9, 0.8, 0.1, 0.0, -0.1, 0.2])
    assert laid_out.colour_by == ColourBy.SIMILARITY
    assert laid_out.scene.ramp.title == "cosine to “effusion”"
    assert laid_out.scene.ramp.high == pytest.approx(0.9)
    assert laid_out.scene.legend == ()
    session.clear_query()
    assert laid_out.colour_by == ColourBy.LABEL


def test_that_the_users_colour_stays_until_the_next_answer(session, laid_out):
    search(session, "effusion", [0.9, 0.8, 0.1, 0.0, -0.1, 0.2])
    laid_out.set_colour_by(ColourBy.LABEL)
    session.put(query=session.query)
    assert laid_out.colour_by == ColourBy.LABEL
    session.clear_query()
    assert laid_out.colour_by == ColourBy.LABEL


def test_that_the_most_similar_image_is_drawn_on_top_in_the_warmest_colour(session, laid_out):
    search(session, "effusion", [0.1, 0.2, 0.3, 0.9, 0.4, 0.0])
    scene = laid_out.scene
    order = scene.points.back_to_front(np.arange(len(scene)))
    assert laid_out.image_id(order[-1]) == "d"
    assert scene.points.codes[order[-1]] == 255
    assert (np.diff(scene.points.codes[order].astype(int)) >= 0).all()


def test_that_a_prompt_stands_where_a_caption_of_its_vector_would(session, model):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    xy = rng.normal(size=(60, 2)).astype(np.float32)
    fill(session, modalities=["CT"] * 60, labels=[""] * 60)
    lay_out(session, xy, space="images")
    search(session, "nodule", vectors @ vectors[0])
    star = model.scene.stars[0]
    expected = place_texts(vectors[:1], vectors, xy)[0]
    assert (star.x, star.y) == pytest.approx(tuple(expected), abs=1e-5)
    assert star.kind is StarKind.PROMPT
    assert star.note == "placed at its 15 nearest images"
    assert star.links == tuple(np.argsort(-(vectors @ vectors[0]))[:10])


def test_that_in_the_raw_space_without_captions_a_prompt_stands_beside_the_images(session, model):
    fill(session)
    lay_out(session, space="raw")
    search(session, "nodule", np.linspace(0, 1, 6))
    star = model.scene.stars[0]
    assert star.x > PLACES[:, 0].max()
    assert PLACES[:, 1].min() <= star.y <= PLACES[:, 1].max()
    assert "no texts are laid out" in star.note


def test_that_a_prompt_that_is_part_of_the_layout_has_its_own_place(session, model):
    fill(session, captioned=["a"])
    lay_out(session, captions={"a": (20.0, 21.0)})
    search(session, "words about a", np.ones(6))
    star = model.scene.stars[0]
    assert (star.x, star.y, star.note) == (20.0, 21.0, "laid out with the images")


def test_that_a_star_waits_where_it_was_while_a_newer_prompt_is_answered(session, laid_out):
    search(session, "effusion", [1, 0, 0, 0, 0, 0])
    place = laid_out.scene.stars[0]
    session.put(query=QueryState(text="nodule", pending=True))
    waiting = laid_out.scene.stars[0]
    assert waiting.pending
    assert (waiting.x, waiting.y, waiting.words) == (place.x, place.y, "effusion")
    session.clear_query()
    assert laid_out.scene.stars == ()


def test_that_a_query_by_image_stands_on_that_image(session, laid_out):
    session.put(query=QueryState(like="d", pending=True))
    star = laid_out.scene.stars[0]
    assert (star.x, star.y, star.words) == (10.0, 10.0, "like this image")


def test_that_labels_have_stars_and_colour_images_by_the_likeliest(session, laid_out):
    labels = ("effusion", "nodule", "fracture")
    shares = np.eye(3)[[0, 1, 1, 0, 1, 0]] * 0.8 + 0.1
    score_labels(session, labels, shares)
    assert [star.words for star in laid_out.scene.stars] == list(labels)
    laid_out.set_colour_by(ColourBy.ZERO_SHOT)
    legend = {e.category.title: (e.total, e.category.colour) for e in laid_out.scene.legend}
    assert legend == {"effusion": (3, 0), "nodule": (3, 1)}
    point = points_of(laid_out, "b")[0]
    title = laid_out.scene.legend[laid_out.scene.points.codes[point]].category.title
    assert title == "nodule"


def test_that_answers_about_other_images_colour_nothing(session, laid_out):
    search(session, "effusion", np.ones(3))
    assert laid_out.scene.ramp is None
    assert laid_out.scene.stars == ()


# Words


def test_that_the_caption_line_says_how_the_map_was_made_and_how_far_to_trust_it(session, model):
    fill(session, captioned=["a"])
    lay_out(session, captions={"a": (20.0, 20.0)})
    assert model.scene.caption == (
        "UMAP, raw joint space, seed 42 · 6 of 6 shown · trust 0.94 · modality gap 0.52"
    )


def test_that_groups_are_said_to_be_named_by_their_commonest_label(session, model):
    fill(session)
    group = Group("effusion", 2 / 3, 3, 1.0, 2.0, np.array([0, 1, 2]))
    lay_out(session, groups=(group,))
    assert model.scene.notes == ("regions of this picture, named by their commonest label",)
    shown = model.scene.groups[0]
    assert shown.note.endswith("\nCommonest label of its 3 images (67 %).")
    show_only(session, [False, False, False, True, True, True])
    assert model.scene.named == (False,)


def test_that_groups_are_said_to_be_named_by_phrases(session, model):
    fill(session)
    name = PhraseName(phrase=3, preference=0.0412, lead=0.0107)
    phrased = Group("chest x-ray", 0, 3, 1.0, 2.0, np.array([0, 1, 2]), name)
    nameless = Group("", 0, 3, 5.0, 2.0, np.array([3, 4, 5]))
    lay_out(session, groups=(phrased, nameless))
    assert model.scene.notes == ("regions of this picture, named by the phrase that they prefer",)
    (shown,) = model.scene.groups
    assert (shown.name, shown.after) == ("chest x-ray", "+0.041")
    assert "0.041 higher" in shown.note
    assert "a lead of 0.011 before the next" in shown.note


def test_that_a_preliminary_layout_says_what_it_stands_in_for(session, model):
    fill(session)
    lay_out(session, preliminary=True, pending=True)
    assert model.scene.waiting == "PCA shown while UMAP is computed"


def test_that_a_card_names_a_scan_by_its_series_and_at_most_three_scores(session, laid_out):
    search(session, "effusion", [0.123, 0, 0, 0, 0, 0])
    score_labels(session, ("x", "y", "z", "w"), np.tile([0.1, 0.2, 0.3, 0.4], (6, 1)))
    info = laid_out.info(points_of(laid_out, "a")[0])
    assert info.title == "Series 1 · image 1 of 3"
    assert info.detail == "CT · 120 × 100"
    assert (info.label, info.caption) == ("effusion", "words about a")
    assert info.scores == (("cosine to the prompt", "0.123"), ("w", "40 %"), ("z", "30 %"))
    assert info.scores_note == "share among these 4 labels"


# Changes


def test_that_a_new_layout_is_told_once_and_a_new_selection_is_no_move(session, laid_out, qtbot):
    moves = []
    laid_out.moved.connect(lambda: moves.append(1))
    session.select(["a"])
    show_only(session, [True, False, True, True, True, True])
    assert moves == []
    lay_out(session, PLACES * 2)
    assert moves == [1]
    assert place_of(laid_out, "d") == (20.0, 20.0)


def test_that_opening_another_collection_forgets_hidden_categories(session, laid_out):
    laid_out.toggle("CT")
    session.close()
    assert laid_out.scene.state is MapState.EMPTY
    fill(session)
    lay_out(session)
    assert not laid_out.hidden
    assert laid_out.scene.shown == 6


def test_that_colour_and_captions_are_kept_and_put_back(session, laid_out):
    laid_out.set_colour_by(ColourBy.LABEL)
    laid_out.set_captions(False)
    kept = dict(session.kept.values)
    laid_out.set_colour_by(ColourBy.MODALITY)
    laid_out.set_captions(True)
    session.kept.enter(None, kept)
    session.opened.emit()
    assert laid_out.colour_by == ColourBy.LABEL
    assert not laid_out.captions


def test_that_there_is_room_for_prompts_before_one_is_typed(session, model):
    fill(session)
    lay_out(session, space="raw")
    before = model.overlays.extent
    search(session, "nodule", np.linspace(0, 1, 6))
    star = model.scene.stars[0]
    assert before == model.overlays.extent
    assert before[0] <= star.x <= before[2]
    assert before[1] <= star.y <= before[3]


def test_that_a_selection_that_is_filtered_out_neither_fades_nor_counts(session, laid_out):
    session.select(["a", "b"])
    show_only(session, [False, False, True, True, True, True])
    scene = laid_out.scene
    levels = dict(zip(scene.row.tolist(), scene.points.level.tolist(), strict=True))
    assert [levels[row] for row in range(6)] == [Level.GHOST] * 2 + [Level.PLAIN] * 4
    assert not any(entry.selected for entry in scene.legend)
