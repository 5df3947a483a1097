"""A prompt on the map of a real collection, by a real session: placed, pinned, opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shell_collection import IMAGES, FakeEncoder

from vlm_explorer.analysis.projection import ProjectionSpec, space_points
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_stars import StarKind
from vlm_explorer.viewmodels.session import Session

Settle = Callable[[Session], None]
PROMPT = "left pleural effusion"


@pytest.fixture
def opened(shell_session: Session, small: Path, settle: Settle) -> Session:
    shell_session.open(small)
    settle(shell_session)
    return shell_session


def drawn(model: MapModel, settle: Settle) -> MapModel:
    """The map once what its first picture asked for is there."""
    settle(model.session)
    assert model.scene is not None
    settle(model.session)
    return model


def star(model: MapModel):
    return next(star for star in model.scene.stars if star.kind is StarKind.PROMPT)


@pytest.mark.parametrize("space", ["raw", "centred", "images"])
def test_that_a_prompts_nearest_images_are_those_in_the_space_of_the_map(
    opened: Session, settle: Settle, space: str
) -> None:
    model = MapModel(opened)
    opened.set_layout(space=space)
    opened.search(PROMPT)
    drawn(model, settle)
    assert opened.collection is not None
    images = opened.collection.vectors()
    texts = opened.collection.text_vectors()
    vector = FakeEncoder().encode_texts([PROMPT])[0]
    if space == "centred":
        vector = unit((vector - texts.mean(axis=0))[None])[0]
    points = space_points(ProjectionSpec(space=space), images, texts)[0]
    cosine = points @ vector
    linked = star(model).links
    assert len(linked) == 10
    np.testing.assert_allclose(np.sort(cosine[list(linked)]), np.sort(cosine)[-10:], atol=2e-3)
    assert ("caption" in star(model).note) is (space != "images")
    assert ("centred as a text" in star(model).note) is (space == "centred")


def test_that_the_words_of_a_caption_stand_where_it_stands(opened: Session, settle: Settle) -> None:
    model = MapModel(opened)
    opened.search(model.places.words[0])
    settle(opened)
    assert opened.layout.answer is not None
    place = opened.layout.answer.text_xy[0]
    assert (star(model).x, star(model).y) == pytest.approx(tuple(place))


def test_that_a_star_stays_where_it_was_until_its_new_place_is_known(
    opened: Session, settle: Settle
) -> None:
    model = MapModel(opened)
    opened.search(PROMPT)
    before = star(drawn(model, settle))
    opened.search("nodule")
    waiting = star(model)
    assert waiting.pending
    assert (waiting.x, waiting.y) == (before.x, before.y)
    settle(opened)
    assert star(model).pending  # ranked, and not placed yet
    assert not star(drawn(model, settle)).pending
    assert star(model).words == "nodule"


def test_that_pins_are_scored_again_when_the_collection_is_opened_again(
    opened: Session, settle: Settle, small: Path
) -> None:
    opened.search(PROMPT)
    settle(opened)
    opened.pins.pin_prompt()
    column = opened.pins.items[0].column
    values = opened.columns.get(column).values
    opened.close()
    settle(opened)
    assert opened.pins.items == ()
    model = MapModel(opened)
    opened.open(small)
    settle(opened)
    assert [pin.text for pin in opened.pins.items] == [PROMPT]
    np.testing.assert_array_equal(opened.columns.get(column).values, values)
    assert opened.pins.counts() == {1: IMAGES}
    opened.clear_query()
    drawn(model, settle)
    assert [one.words for one in model.scene.stars if one.kind is StarKind.PIN] == [PROMPT]
