"""`vlm-explorer describe`: which texts describe an image."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from vlm_explorer.commands.terminal import note, print_json


def run(arguments: Namespace) -> int:
    """Print the ranked texts."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.queries.describe import words_of

    collection = open_collection(arguments.collection)
    answer = collection.describe(
        arguments.image,
        arguments.text,
        labels=arguments.labels_set or (),
        saved=arguments.saved or arguments.saved is not None,
        stored=not arguments.only_texts,
        k=arguments.k,
        model=arguments.model,
    )
    if answer.left_out:
        names = ", ".join(f"“{name}”" for name in answer.left_out)
        note(f"Not compared, because images take part in them: {names}.", arguments)
    if arguments.json:
        print_json(asdict(answer))
        return 0
    print(
        f"{len(answer.texts)} of {answer.ranked} texts, by cosine; "
        f"z against {answer.nulls} unrelated prompts with this image"
    )
    print("\n".join(words_of(answer.texts)))
    return 0
