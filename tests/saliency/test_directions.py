"""A query of several parts is explained by its own vector, as independent sums say."""

import numpy as np
import pytest

from vlm_explorer.saliency.directions import Directed, Direction, quoted, why_not
from vlm_explorer.saliency.explain import explain

WANTED, UNWANTED = "pleural effusion", "a nodule of the left lung"
WORDS = f"2 × “{WANTED}” − “{UNWANTED}”"


@pytest.fixture
def weighed(encoders):
    """What makes a query of two weighed texts of which one counts against an image."""
    encoder = encoders["clip"]
    one, other = encoder.encode_texts([WANTED, UNWANTED]).astype(np.float64)
    whole = 2 * one - other
    length = float(np.linalg.norm(whole))
    vector = (whole / length).astype(np.float32)
    direction = Direction(WORDS, vector, WORDS, opposed=True)
    return encoder, Directed(encoder, direction), vector, length


@pytest.mark.parametrize("method", ["decomp", "patchsim", "occlusion"])
def test_that_the_signed_map_of_a_query_is_the_same_sum_of_the_maps_of_its_texts(
    weighed, photo, method
):
    encoder, directed, _, length = weighed
    whole = explain(directed, photo, [WORDS], method)
    parts = explain(encoder, photo, [WANTED, UNWANTED], method)
    expected = (2 * parts.grid[0] - parts.grid[1]) / length
    np.testing.assert_allclose(whole.grid[0], expected, atol=2e-5)
    assert whole.signed
    assert whole.grid.min() < 0 < whole.grid.max()
    assert not any("counts against" in words for words in whole.warnings)


@pytest.mark.parametrize("method", ["decomp", "legrad", "gradattn", "occlusion"])
def test_that_the_score_is_the_cosine_with_the_querys_own_vector(weighed, photo, method):
    encoder, directed, vector, _ = weighed
    found = explain(directed, photo, [WORDS], method)
    cosine = float(encoder.encode_images([encoder.view(photo)])[0] @ vector)
    assert found.score[0] == pytest.approx(cosine, abs=1e-4)
    assert found.target["prompts"] == [WORDS]


@pytest.mark.parametrize("method", ["legrad", "gradattn"])
def test_that_an_unsigned_map_says_that_it_shows_only_half_of_a_difference(weighed, photo, method):
    _, directed, _, _ = weighed
    assert any("counts against" in w for w in explain(directed, photo, [WORDS], method).warnings)
    plain = explain(directed, photo, [WANTED], method)
    assert not any("counts against" in words for words in plain.warnings)


def test_that_other_prompts_mean_to_a_directed_encoder_what_they_mean_to_the_encoder(weighed):
    encoder, directed, vector, _ = weighed
    rows = directed.encode_texts([WANTED, WORDS, UNWANTED])
    np.testing.assert_array_equal(rows[1], vector)
    np.testing.assert_array_equal(rows[[0, 2]], encoder.encode_texts([WANTED, UNWANTED]))
    assert (directed.id, directed.fingerprint) == (encoder.id, encoder.fingerprint)


def test_that_gradients_at_the_scan_itself_are_refused_because_none_is_left(encoders, photo):
    encoder = encoders["clip"]
    own = encoder.encode_images([encoder.view(photo)])[0]
    other = encoder.encode_images([encoder.view(255 - photo)])[0]
    away = Direction("similarity to image", other, "similarity to b", of_images=True)
    near = Direction("similarity to image", own, "similarity to a", of_images=True)
    at_other = explain(Directed(encoder, away), photo, [away.words], "gradattn").grid
    at_itself = explain(Directed(encoder, near), photo, [near.words], "gradattn").grid
    assert at_itself.max() < 0.02 * at_other.max()
    assert why_not(encoder, away) == {}
    refused = why_not(encoder, near, itself=True)
    assert set(refused) == {"gradattn", "gradcam"}
    assert all("the scan that is searched for" in reason for reason in refused.values())


def test_that_only_words_of_texts_are_put_in_quotation_marks():
    assert quoted("effusion") == "“effusion”"
    assert quoted(WORDS) == WORDS
    assert quoted("similarity to image") == "similarity to image"
