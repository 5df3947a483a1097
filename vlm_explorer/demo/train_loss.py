"""The losses: symmetric InfoNCE that knows which texts are true, and where findings lie."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def contrastive_loss(logits: Tensor, fits: Tensor, own: Tensor, exact: Tensor) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al. 2018; CLIP, Radford et al. 2021), several positives.

    A text that is true of an image but was not drawn for it is no negative of it.

    Args:
        logits: float (images, texts), cosine times temperature.
        fits: bool (images, texts), the text is true of the image.
        own: bool (images, texts), the text was drawn for the image, and is true of it.
        exact: bool (texts,), full captions: positive for their own image alone, since they may
            tell of more than the findings. Other texts are positive for all they are true of.

    Returns:
        The mean of both directions.
    """
    false = logits.masked_fill(fits, float("-inf"))
    by_image = _positive_loss(logits, torch.logsumexp(false, dim=1, keepdim=True))
    to_texts = (by_image * own).sum() / own.sum().clamp(min=1)
    positive = torch.where(exact.unsqueeze(0), own, fits)
    by_text = _positive_loss(logits, torch.logsumexp(false, dim=0, keepdim=True))
    count = positive.sum(0)
    # A text true of no image of the batch, or of all of them, says nothing in this direction.
    telling = (count > 0) & (fits.sum(0) < len(logits))
    per_text = (by_text.masked_fill(~positive, 0.0)).sum(0) / count.clamp(min=1)
    to_images = per_text[telling].sum() / telling.sum().clamp(min=1)
    return (to_texts + to_images) / 2


def _positive_loss(logits: Tensor, negatives: Tensor) -> Tensor:
    """Return -log(e^logit / (e^logit + sum of e^negative)) elementwise, stable."""
    return functional.softplus(negatives - logits)


class Localisation(nn.Module):
    """Where findings lie: the patch's cosine to the finding's name tells whether it is inside.

    The scale and the bias are learned, as in SigLIP (Zhai et al. 2023), and left behind after
    training.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.3))
        self.bias = nn.Parameter(torch.tensor(-4.0))

    def forward(self, patches: Tensor, names: Tensor, inside: Tensor, asked: Tensor) -> Tensor:
        """Return the loss.

        Args:
            patches: unit rows (N,K,D) of patches.
            names: unit rows (F,D), the embedded names of the findings.
            inside: float (N,K,F), share of the patch inside the finding's box.
            asked: bool (N,F), whether the finding can occur in such an image at all.
        """
        logits = self.scale.exp().clamp(max=50.0) * (patches @ names.T) + self.bias
        loss = functional.binary_cross_entropy_with_logits(logits, inside, reduction="none")
        # Few patches are inside, so these weigh more.
        weight = (1.0 + 4.0 * inside) * asked.unsqueeze(1)
        return (loss * weight).sum() / weight.sum().clamp(min=1.0)
