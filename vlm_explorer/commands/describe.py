"""`vlm-explorer describe`: which texts describe an image."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from vlm_explorer.commands.terminal import print_json


def run(arguments: Namespace) -> int:
    """Print the ranked texts."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.queries.describe import words_of

    collection = open_collection(Path(arguments.collection))
    answer = collection.describe(
        arguments.image,
        arguments.text,
        stored=not arguments.only_texts,
        k=arguments.k,
        model=arguments.model,
    )
    if arguments.json:
        print_json(asdict(answer))
        return 0
    print(
        f"{len(answer.texts)} of {answer.ranked} texts, by cosine; "
        f"z against {answer.nulls} unrelated prompts with this image"
    )
    print("\n".join(words_of(answer.texts)))
    return 0
