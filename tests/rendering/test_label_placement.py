from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.rendering.label_placement import Clutter, Label, Rect, around, beside, place

SCREEN = Rect(0, 0, 400, 300)
rects = st.builds(
    Rect, st.floats(-20, 400), st.floats(-20, 300), st.floats(5, 120), st.floats(5, 40)
)


@st.composite
def label(draw):
    candidates = tuple(draw(st.lists(rects, min_size=1, max_size=5)))
    costs = draw(st.lists(st.integers(0, 3), min_size=len(candidates), max_size=len(candidates)))
    priority = float(draw(st.integers(0, 5)))
    return Label(candidates, priority, draw(st.sampled_from([(), tuple(costs)])))


labels = st.lists(label(), max_size=25)
obstacles = st.lists(rects, max_size=4)


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


@given(labels, obstacles)
def test_that_a_label_takes_its_cheapest_free_candidate(wanted, blocked):
    placed = place(wanted, SCREEN, blocked)
    order = sorted(range(len(wanted)), key=lambda i: -wanted[i].priority)
    taken = list(blocked)
    for index in order:
        costs = wanted[index].costs or (0,) * len(wanted[index].candidates)
        free = [
            (cost, number)
            for number, (cost, candidate) in enumerate(
                zip(costs, wanted[index].candidates, strict=True)
            )
            if candidate.within(SCREEN) and not any(candidate.overlaps(t, 4) for t in taken)
        ]
        expected = wanted[index].candidates[min(free)[1]] if free else None
        assert placed[index] == expected
        taken += [expected] if expected else []


def test_that_of_two_labels_in_one_place_the_important_one_is_there():
    here = (Rect(50, 5, 300, 30),)
    assert place([Label(here, 1), Label(here, 2)], SCREEN) == [None, here[0]]


def test_that_a_label_keeps_its_own_distance():
    near, far = Rect(0, 0, 40, 10), Rect(60, 0, 40, 10)
    assert place([Label((near,), 2), Label((far,), 1, gap=10)], SCREEN) == [near, far]
    assert place([Label((near,), 2), Label((far,), 1, gap=30)], SCREEN) == [near, None]


def test_that_places_beside_a_point_are_right_left_above_and_below():
    assert beside(100, 50, 40, 10, 6) == (
        Rect(106, 45, 40, 10),
        Rect(54, 45, 40, 10),
        Rect(80, 34, 40, 10),
        Rect(80, 56, 40, 10),
    )


@given(rects, st.floats(5, 100), st.floats(5, 30), st.floats(1, 20))
def test_that_places_around_a_box_do_not_cover_it(box, width, height, away):
    for candidate in around(box, width, height, away):
        assert not candidate.overlaps(box)


@given(st.integers(0, 300), rects)
def test_that_clutter_counts_points_to_within_its_resolution(size, rect):
    x, y = np.random.default_rng(size).uniform((-20, -20), (420, 320), (size, 2)).T
    inside = (x >= 0) & (x < 400) & (y >= 0) & (y < 300)

    def under(grown):
        return int(
            np.count_nonzero(
                inside
                & (x >= rect.x - grown)
                & (x < rect.x + rect.width + grown)
                & (y >= rect.y - grown)
                & (y < rect.y + rect.height + grown)
            )
        )

    found = Clutter(x, y, 400, 300).count(rect)
    assert under(-2.01) <= found <= under(2.01)
