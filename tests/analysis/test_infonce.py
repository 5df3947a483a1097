"""The contrastive loss, held against torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.analysis.infonce import (
    effective_choices,
    info_nce,
    log_shares,
    loss_curve,
    shares,
)


def cosines(seed: int, pairs: int, dimension: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    images = rng.standard_normal((pairs, dimension))
    texts = images + rng.standard_normal((pairs, dimension))
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    return images @ texts.T


@given(st.integers(0, 2**31), st.integers(1, 40), st.floats(0.005, 5))
def test_that_both_directions_equal_torch(seed: int, pairs: int, temperature: float) -> None:
    import torch

    cosine = cosines(seed, pairs)
    logits, target = torch.tensor(cosine / temperature), torch.arange(pairs)
    found = info_nce(cosine, temperature)
    to_text = torch.nn.functional.cross_entropy(logits, target).item()
    to_image = torch.nn.functional.cross_entropy(logits.T, target).item()
    assert found.image_to_text == pytest.approx(to_text, abs=1e-9)
    assert found.text_to_image == pytest.approx(to_image, abs=1e-9)
    assert found.loss == pytest.approx((to_text + to_image) / 2, abs=1e-9)
    assert found.image_accuracy == (logits.argmax(1) == target).double().mean().item()
    assert found.text_accuracy == (logits.argmax(0) == target).double().mean().item()
    np.testing.assert_allclose(shares(cosine, temperature), logits.softmax(1), atol=1e-12)
    np.testing.assert_allclose(log_shares(cosine, temperature), logits.log_softmax(1), atol=1e-8)


def test_that_a_temperature_sharpens_or_evens_out_and_never_changes_who_is_nearest() -> None:
    cosine = cosines(1, 30)
    low, high = shares(cosine[0], 1e-4), shares(cosine[0], 1e4)
    assert effective_choices(low) == pytest.approx(1)
    assert effective_choices(high) == pytest.approx(30)
    hot = info_nce(cosine, 1e6)
    assert hot.loss == pytest.approx(hot.chance_loss)
    assert info_nce(cosine, 0.01).image_accuracy == hot.image_accuracy > hot.chance_accuracy
    curve = loss_curve(cosine, [0.01, 0.1, 1.0])
    assert curve.tolist() == [info_nce(cosine, each).loss for each in (0.01, 0.1, 1.0)]


def test_that_one_vector_for_all_is_as_good_as_chance() -> None:
    found = info_nce(np.full((7, 7), 0.3), 0.05)
    assert found.loss == pytest.approx(found.chance_loss)
    assert found.image_accuracy == found.text_accuracy == pytest.approx(found.chance_accuracy)
    with pytest.raises(ValueError, match="square"):
        info_nce(np.zeros((2, 3)), 1)
    with pytest.raises(ValueError, match="temperature"):
        info_nce(np.zeros((2, 2)), 0)
