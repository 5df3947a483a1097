from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.rendering.label_placement import Label, Rect, place

SCREEN = Rect(0, 0, 400, 300)
labels = st.lists(
    st.builds(
        Label,
        x=st.floats(-20, 420),
        y=st.floats(-20, 320),
        width=st.floats(10, 120),
        height=st.floats(8, 24),
        priority=st.integers(0, 5).map(float),
        clearance=st.sampled_from([None, 6.0]),
    ),
    max_size=25,
)
obstacles = st.lists(
    st.builds(Rect, st.floats(0, 380), st.floats(0, 280), st.floats(5, 80), st.floats(5, 40)),
    max_size=4,
)


@given(labels, obstacles)
@settings(max_examples=200)
def test_that_placed_labels_touch_neither_each_other_nor_obstacles_nor_the_edge(wanted, blocked):
    placed = [rect for rect in place(wanted, SCREEN, blocked) if rect is not None]
    for one, other in combinations(placed, 2):
        assert not one.overlaps(other)
    for rect in placed:
        assert rect.within(SCREEN)
        assert not any(rect.overlaps(obstacle) for obstacle in blocked)


@given(labels, obstacles)
def test_that_a_label_is_placed_as_if_the_less_important_ones_were_not_there(wanted, blocked):
    placed = place(wanted, SCREEN, blocked)
    for limit in {label.priority for label in wanted}:
        important = [i for i, label in enumerate(wanted) if label.priority >= limit]
        alone = place([wanted[i] for i in important], SCREEN, blocked)
        assert [placed[i] for i in important] == alone


@given(labels)
def test_that_a_label_keeps_its_size_and_stays_near_what_it_names(wanted):
    for label, rect in zip(wanted, place(wanted, SCREEN), strict=True):
        if rect is None:
            continue
        assert (rect.width, rect.height) == (label.width, label.height)
        reach = label.clearance if label.clearance is not None else 2.4 * label.height
        assert abs(rect.x + rect.width / 2 - label.x) <= label.width / 2 + reach + 1e-6
        assert abs(rect.y + rect.height / 2 - label.y) <= label.height / 2 + reach + 1e-6


def test_that_a_label_with_room_takes_its_best_place():
    centred = Label(100, 100, 40, 10, 1)
    beside = Label(200, 200, 40, 10, 1, clearance=6)
    assert place([centred, beside], SCREEN) == [Rect(80, 95, 40, 10), Rect(206, 195, 40, 10)]


def test_that_a_label_beside_a_taken_place_moves_to_the_other_side():
    label = Label(200, 100, 40, 10, 1, clearance=6)
    assert place([label], SCREEN, [Rect(200, 90, 60, 20)]) == [Rect(154, 95, 40, 10)]


def test_that_of_two_labels_in_one_place_the_important_one_is_first():
    wide = 300.0
    quiet, loud = Label(200, 20, wide, 30, 1), Label(200, 20, wide, 30, 2)
    small = Rect(0, 0, 400, 45)
    assert place([quiet, loud], small) == [None, Rect(50, 5, wide, 30)]
