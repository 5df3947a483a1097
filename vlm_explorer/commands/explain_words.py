"""`vlm-explorer explain --words`: which words of the prompt moved its score."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.errors import WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.jobs import JobContext
    from vlm_explorer.saliency.words import WordScores


def prompt_of(arguments: Namespace) -> str:
    """Return the one prompt whose words are asked about.

    Raises:
        WrongOptions: there is none, or several.
    """
    if arguments.query:
        raise WrongOptions("--words needs one text, not a query.", "Give one --text alone.")
    if len(arguments.text) != 1:
        raise WrongOptions(
            f"--words needs one prompt, and there are {len(arguments.text)}.",
            "Give one --text.",
        )
    text: str = arguments.text[0]
    return text


def find_words(arguments: Namespace, encoder: Encoder, context: JobContext) -> WordScores:
    """Ask about the words of the prompt, for the command's file."""
    from vlm_explorer.queries.words import WordsRequest, words

    request = WordsRequest(
        Path(arguments.file).expanduser(),
        prompt_of(arguments),
        arguments.frame,
        "mask" if arguments.mask else "nothing",
        ct_window=arguments.ct_window,
    )
    return words(encoder, request, context=context)


def words_facts(scores: WordScores) -> dict[str, Any]:
    """Return what is added to the command's JSON."""
    return {
        "words": [
            {
                "word": word.word,
                "start": word.start,
                "end": word.end,
                "read": word.read,
                "cosine_drop": word.cosine_drop,
                "relevance": word.relevance,
                "gradient": word.gradient,
            }
            for word in scores.words
        ],
        "phrases": [
            {
                "phrase": phrase.text,
                "start": phrase.start,
                "end": phrase.end,
                "cosine_drop": phrase.cosine_drop,
            }
            for phrase in scores.phrases
        ],
        "marks_relevance": scores.marks_share,
        "replaced_by": scores.replaced_by,
    }


def print_words(scores: WordScores) -> None:
    """Print a table of words, phrases and marks."""
    names = [*(word.word for word in scores.words), *(phrase.text for phrase in scores.phrases)]
    width = max(len(name) for name in [*names, "marks and padding"])
    print(f"\n{'word':{width}}  cosine drop  relevance")
    for word in scores.words:
        if not word.read:
            print(f"{word.word:{width}}  not read")
            continue
        print(f"{word.word:{width}}  {word.cosine_drop:+11.4f}  {_share(word.relevance):>9}")
    for phrase in scores.phrases:
        print(f"{phrase.text:{width}}  {phrase.cosine_drop:+11.4f}")
    if scores.marks_share is not None:
        print(f"{'marks and padding':{width}}  {'':11}  {_share(scores.marks_share):>9}")
    for warning in scores.warnings:
        print(f"warning: {warning}")
    if scores.reason:
        print(f"No relevance: {scores.reason}")


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"
