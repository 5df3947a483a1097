import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from vlm_explorer.encoders.preprocess import PreprocessConfig, plan
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.saliency.hiding import hide
from vlm_explorer.saliency.hiding_places import (
    border,
    boxes_in_view,
    elsewhere,
    mask_of,
    picture_box,
)

PROMPTS = ["pleural effusion", "normal"]


def test_that_cosines_are_those_of_the_picture_with_the_parts_replaced(encoder, photo):
    texts = encoder.encode_texts(PROMPTS)
    view = encoder.view(photo)
    size = len(view)
    # squares of the image; how its pixels lie in the view follows from its sides alone
    geometry = plan(*photo.shape, encoder.preprocess)
    scale = geometry.resized_hw[0] / 90, geometry.resized_hw[1] / 120
    rectangles = [(40.0, 20.0, 70.0, 50.0), (60.0, 40.0, 80.0, 80.0)]
    inside = np.zeros((size, size), bool)
    for left, top, right, bottom in rectangles:
        rows = [round(y * scale[0] - geometry.offset_yx[0]) for y in (top, bottom)]
        columns = [round(x * scale[1] - geometry.offset_yx[1]) for x in (left, right)]
        inside[slice(*rows), slice(*columns)] = True
    found = hide(encoder, photo, rectangles, texts, repeats=3, baseline="mean")
    by_hand = view.copy()
    by_hand[inside] = np.rint(view.mean(axis=(0, 1)))
    np.testing.assert_array_equal(found.view, by_hand)
    expected = encoder.encode_images([photo, by_hand]) @ texts.T
    np.testing.assert_allclose([found.before, found.after], expected, atol=2e-6)
    assert found.share == pytest.approx(
        inside.sum() / mask_of(view.shape, [picture_box(geometry)]).sum()
    )
    assert found.elsewhere.shape == (3, 2)


def test_that_blur_is_the_default_and_random_parts_repeat_by_their_seed(encoders, photo):
    encoder = encoders["clip"]
    texts = encoder.encode_texts(PROMPTS)
    partial = []
    first, again, other = (
        hide(encoder, photo, [(50, 20, 80, 60)], texts, repeats=40, seed=seed, on_partial=keep)
        for seed, keep in ((1, partial.append), (1, None), (2, None))
    )
    view = encoder.view(photo)
    blurred = np.asarray(Image.fromarray(view).filter(ImageFilter.GaussianBlur(0.05 * len(view))))
    changed = (first.view != view).any(axis=-1)
    np.testing.assert_array_equal(first.view[changed], blurred[changed])
    np.testing.assert_array_equal(first.elsewhere, again.elsewhere)
    assert not np.array_equal(first.elsewhere, other.elsewhere)
    assert [len(each.elsewhere) for each in partial] == sorted(
        {len(each.elsewhere) for each in partial}
    )
    assert len(partial) > 1
    assert all(np.array_equal(each.before, first.before) for each in partial)
    change, others = first.after[1] - first.before[1], first.elsewhere[:, 1] - first.before[1]
    count = sum(each <= change if change < 0 else each >= change for each in others)
    assert first.as_far(1) == count


def test_that_hiding_nothing_that_changes_is_said_to_be_no_more_than_chance(encoders):
    encoder = encoders["clip"]
    even = np.full((64, 64), 90, np.uint8)
    found = hide(encoder, even, [(10, 10, 30, 30)], encoder.encode_texts(PROMPTS), repeats=5)
    np.testing.assert_allclose(found.change, 0, atol=1e-6)
    even_change = hide(
        encoder, even, [(10, 10, 30, 30)], encoder.encode_texts(PROMPTS), baseline="black",
        repeats=5,
    )  # fmt: skip
    assert np.abs(even_change.change).max() > 1e-3


def test_that_what_the_encoder_does_not_see_cannot_be_hidden(encoders, photo):
    encoder = encoders["clip"]
    texts = encoder.encode_texts(PROMPTS)
    with pytest.raises(UsageError, match="sees nothing"):
        hide(encoder, photo, [(0, 0, 10, 90)], texts)  # the sides are cut off
    with pytest.raises(UsageError, match="baseline"):
        hide(encoder, photo, [(50, 0, 60, 90)], texts, baseline="white")
    context = JobContext()
    context.cancel()
    with pytest.raises(Cancelled):
        hide(encoder, photo, [(50, 0, 60, 90)], texts, context=context)


sides = st.integers(20, 300)
modes = st.sampled_from(["shortest", "longest", "squash"])


@settings(max_examples=40)
@given(sides, sides, modes, st.floats(0.02, 0.3), st.integers(0, 5))
def test_that_random_parts_have_the_same_sizes_and_lie_in_the_picture(
    rows, columns, mode, share, seed
):
    geometry = plan(rows, columns, PreprocessConfig(size=48, resize_mode=mode))
    picture = picture_box(geometry)
    left, top = 0.4 * columns, 0.4 * rows
    drawn = left, top, left + share * columns, top + share * rows
    boxes = boxes_in_view(geometry, [drawn])
    assume(boxes)  # the encoder may see nothing of it
    hidden = mask_of((48, 48), boxes)
    placed = elsewhere(picture, boxes, hidden, np.random.default_rng(seed))
    assert placed.sum() == hidden.sum() > 0
    inside = mask_of((48, 48), [picture])
    assert not (placed & ~inside).any()
    down, across = boxes[0]
    spread = np.argwhere(placed)
    assert tuple(np.ptp(spread, axis=0) + 1) == (
        down.stop - down.start, across.stop - across.start,
    )  # fmt: skip
    height, width = (part.stop - part.start for part in picture)
    if placed.sum() < 0.1 * height * width and min(height, width) > 12:
        assert not (placed & hidden).any()  # there is room


@given(sides, sides, modes, st.floats(0.02, 0.45))
def test_that_a_border_frames_what_the_encoder_sees(rows, columns, mode, share):
    geometry = plan(rows, columns, PreprocessConfig(size=64, resize_mode=mode))
    picture = picture_box(geometry)
    framed = mask_of((64, 64), boxes_in_view(geometry, border(geometry, share)))
    height, width = (part.stop - part.start for part in picture)
    down, across = max(1, round(share * height)), max(1, round(share * width))
    inner = framed[picture][down + 1 : height - down - 1, across + 1 : width - across - 1]
    assert not inner.any()
    edge, side = max(down - 1, 1), max(across - 1, 1)
    for outer in (framed[picture][:edge], framed[picture][height - edge :]):
        assert outer.all()
    for outer in (framed[picture][:, :side], framed[picture][:, width - side :]):
        assert outer.all()
    outside = framed.copy()
    outside[picture] = False
    assert not outside.any()
