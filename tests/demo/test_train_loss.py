"""The training losses against plain formulas."""

from __future__ import annotations

import torch
from torch.nn import functional

from vlm_explorer.demo.train_loss import Localisation, contrastive_loss


def test_that_with_one_text_an_image_the_loss_is_symmetric_infonce() -> None:
    logits = torch.randn(6, 6, generator=torch.Generator().manual_seed(1)) * 5
    own = torch.eye(6, dtype=torch.bool)
    target = torch.arange(6)
    expected = functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    loss = contrastive_loss(logits, own, own, torch.ones(6, dtype=torch.bool))
    torch.testing.assert_close(loss, expected / 2)


def test_that_a_true_text_of_another_image_is_no_negative() -> None:
    own = torch.eye(3, dtype=torch.bool)
    fits = own.clone()
    fits[0, 1] = True
    exact = torch.ones(3, dtype=torch.bool)
    logits = torch.zeros(3, 3, requires_grad=True)
    contrastive_loss(logits, fits, own, exact).backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert (logits.grad[~fits] > 0).all()
    assert (logits.grad[own] < 0).all()


def test_that_a_short_text_attracts_every_image_that_it_is_true_of() -> None:
    own = torch.tensor([[True], [False], [False]])
    fits = torch.tensor([[True], [True], [False]])
    logits = torch.zeros(3, 1, requires_grad=True)
    contrastive_loss(logits, fits, own, torch.tensor([False])).backward()
    assert logits.grad is not None
    assert (logits.grad[:2] < 0).all()
    assert logits.grad[2] > 0


def test_that_texts_of_no_image_only_repel() -> None:
    own = torch.tensor([[True, False], [False, False]])
    logits = torch.zeros(2, 2, requires_grad=True)
    contrastive_loss(logits, own, own, torch.tensor([True, True])).backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] > 0
    assert torch.isfinite(logits.grad).all()


def test_that_localisation_asks_only_where_a_finding_can_occur() -> None:
    patches = functional.normalize(torch.randn(2, 5, 4), dim=-1).requires_grad_()
    names = functional.normalize(torch.randn(3, 4), dim=-1)
    inside = torch.zeros(2, 5, 3)
    inside[0, 2, 1] = 1.0
    asked = torch.tensor([[False, True, False], [False, False, False]])
    loss = Localisation()(patches, names, inside, asked)
    loss.backward()
    assert patches.grad is not None
    assert patches.grad[0].abs().sum() > 0
    assert patches.grad[1].abs().sum() == 0
    uphill = (patches.grad[0] @ names[1]).sign()
    assert uphill.tolist() == [1.0, 1.0, -1.0, 1.0, 1.0]
