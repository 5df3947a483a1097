"""What the page of the matrix says. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlm_explorer.analysis.infonce import InfoNce
from vlm_explorer.viewmodels.matrix_shown import View
from vlm_explorer.viewmodels.numbers import percent
from vlm_explorer.viewmodels.saliency_states import Stage

if TYPE_CHECKING:
    from vlm_explorer.queries.similarity_matrix import MatrixAnswer
    from vlm_explorer.viewmodels.session import Session

NOTHING_SELECTED = (
    "Select images on the map, in the results or in the library to compare them with texts."
)


def what_is_missing(session: Session, selected: int) -> tuple[Stage, str]:
    """Return whether there is something to compare, and what to do if not."""
    if session.content is None or not len(session.images):
        return Stage.WAITING, "Open a collection to compare images and texts."
    if not selected:
        return Stage.WAITING, NOTHING_SELECTED
    return Stage.RUNNING, "Comparing images and texts"


def what_is_empty(answer: MatrixAnswer, view: View) -> tuple[Stage, str]:
    """Return whether an answer has rows and columns, and what to do if not."""
    if not answer.image_ids:
        return Stage.WAITING, f"None of the selected images has a vector of {answer.model} yet."
    if view is not View.IMAGES and not answer.texts:
        words = "These images have no captions." if answer.request.captions else "There is no text."
        return Stage.WAITING, f"{words} Switch on labels or pinned prompts, or type a text."
    return Stage.READY, ""


def summary(answer: MatrixAnswer, view: View) -> str:
    """Return how much is shown, and what is not."""
    shown, there = len(answer.image_ids), answer.with_vector
    images = f"{shown:,} of {there:,} images" if shown < there else _count(shown, "image")
    missing = len(answer.request.image_ids) - there
    parts = [images if view is not View.TEXTS else ""]
    if view is not View.IMAGES:
        texts, all_texts = len(answer.texts), answer.all_texts
        cut = f"{texts:,} of {all_texts:,} texts" if texts < all_texts else _count(texts, "text")
        parts.append(cut)
    if view is View.BOTH and len(answer.pairs):
        parts.append(_count(len(answer.pairs), "pair"))
    if missing and view is not View.TEXTS:
        parts.append(f"{missing:,} without a vector")
    return " · ".join(part for part in parts if part)


def loss_words(loss: InfoNce | None, answer: MatrixAnswer | None) -> tuple[str, str]:
    """Return the loss of the pairs, and how many find their own, each in a line."""
    if answer is None:
        return "", ""
    if loss is None:
        if not answer.request.captions:
            return "The loss is of images with their own captions.", "Switch on captions to see it."
        return "The loss needs two images with captions at least.", ""
    first = (
        f"Loss {loss.loss:.2f} (chance {loss.chance_loss:.2f}) · to text "
        f"{loss.image_to_text:.2f} · to image {loss.text_to_image:.2f}"
    )
    if answer.sigmoid:
        first += " · the model was trained by a sigmoid of each pair instead"
    second = (
        f"Own first: {percent(loss.image_accuracy)} of images, {percent(loss.text_accuracy)} of "
        f"captions (chance {percent(loss.chance_accuracy)})"
    )
    if answer.shared_captions:
        second += f" · {answer.shared_captions:,} share their words with others"
    return first, second


def temperature_words(temperature: float, own: float | None) -> str:
    """Return a temperature in words, beside the model's own."""
    words = f"Temperature {temperature:.3g}"
    if own is None:
        return words
    same = abs(temperature - own) < 0.01 * own
    return f"{words}, the model's own" if same else f"{words} (the model's own {own:.3g})"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
