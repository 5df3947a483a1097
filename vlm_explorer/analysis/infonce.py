"""The contrastive loss of pairs of an image and a text, and what a temperature does to it.

The loss is that of CLIP (Radford et al. 2021, figure 3; van den Oord et al. 2018): every image
chooses among the texts of the batch, every text among its images, each by the softmax of cosines
divided by the temperature; what is lost is the mean negative logarithm of the share of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InfoNce:
    """The loss of P pairs at one temperature; natural logarithms.

    Attributes:
        pairs: P.
        image_to_text, text_to_image: mean over the pairs of -log of the share of the own text
            among all texts, or of the own image among all images.
        image_accuracy, text_accuracy: share of images whose own text is the nearest, and of texts
            whose own image is; of several that are equally near each counts its share.
    """

    pairs: int
    image_to_text: float
    text_to_image: float
    image_accuracy: float
    text_accuracy: float

    @property
    def loss(self) -> float:
        """The symmetric loss, the mean of both directions."""
        return (self.image_to_text + self.text_to_image) / 2

    @property
    def chance_loss(self) -> float:
        """The loss of one that knows nothing and shares evenly: log P."""
        return float(np.log(self.pairs))

    @property
    def chance_accuracy(self) -> float:
        """The share that a draw at random gets right: 1 / P."""
        return 1 / self.pairs


def shares(cosine: NDArray[np.floating], temperature: float) -> Floats:
    """Return the softmax over the last axis of cosines divided by the temperature.

    Args:
        cosine: (..., M).
        temperature: above 0; the smaller, the more the nearest takes.

    Returns:
        float64 of the same shape; the last axis sums to 1.

    Raises:
        ValueError: the temperature is not above 0.
    """
    return np.asarray(np.exp(log_shares(cosine, temperature)))


def log_shares(cosine: NDArray[np.floating], temperature: float) -> Floats:
    """Return the natural logarithm of `shares`, exact where these underflow."""
    if not temperature > 0:
        raise ValueError(f"the temperature {temperature} is not above 0")
    logits = np.asarray(cosine, np.float64) / temperature
    logits = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))


def info_nce(cosine: NDArray[np.floating], temperature: float) -> InfoNce:
    """Return the symmetric loss of pairs.

    Args:
        cosine: (P, P), of image i with text j; the pairs lie on the diagonal. P at least 1.
        temperature: what cosines are divided by; that of a model is 1 / its logit scale.

    Raises:
        ValueError: the matrix is not square, or the temperature not above 0.
    """
    if cosine.ndim != 2 or cosine.shape[0] != cosine.shape[1] or not len(cosine):
        raise ValueError(f"pairs need a square of cosines, not {cosine.shape}")
    return InfoNce(
        pairs=len(cosine),
        image_to_text=float(-np.diagonal(log_shares(cosine, temperature)).mean()),
        text_to_image=float(-np.diagonal(log_shares(cosine.T, temperature)).mean()),
        image_accuracy=_accuracy(cosine),
        text_accuracy=_accuracy(cosine.T),
    )


def loss_curve(cosine: NDArray[np.floating], temperatures: Sequence[float]) -> Floats:
    """Return the symmetric loss at each temperature, float64 (T,); see `info_nce`."""
    return np.array([info_nce(cosine, temperature).loss for temperature in temperatures])


def effective_choices(share: NDArray[np.floating]) -> float:
    """Return among how many equal ones a softmax seems to choose: the exponential of its entropy.

    1 where one takes all, M where M share evenly.
    """
    known = np.asarray(share, np.float64)
    known = known[known > 0]
    return float(np.exp(-(known * np.log(known)).sum()))


def _accuracy(cosine: NDArray[np.floating]) -> float:
    """Return the share of rows whose largest value is on the diagonal."""
    best = cosine == cosine.max(axis=1, keepdims=True)
    return float((np.diagonal(best) / best.sum(axis=1)).mean())
