"""`vlm-explorer search`: the images nearest to texts and images."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from vlm_explorer.commands.terminal import note, print_json


def run(arguments: Namespace) -> int:
    """Print the ranked images."""
    from vlm_explorer.api import open_collection

    collection = open_collection(Path(arguments.collection))
    answer = collection.search(
        arguments.text,
        images=arguments.image,
        not_texts=arguments.not_text,
        query=arguments.query or "",
        k=arguments.k,
        model=arguments.model,
    )
    warning = getattr(collection.encoder(), "warning", "")
    if warning:
        note(f"warning: {warning}", arguments)
    if arguments.json:
        hits = [
            {name: value for name, value in asdict(hit).items() if name != "z" or value is not None}
            for hit in answer.hits
        ]
        facts = {
            "model": answer.model,
            "query": answer.query,
            "hits": hits,
            "matches": answer.matches,
            "approximate": None if answer.approximate is None else asdict(answer.approximate),
            "warnings": [warning] if warning else [],
        }
        print_json(facts)
        return 0
    how = "by cosine" if answer.approximate is None else f"by cosine, {answer.approximate.words}"
    print(f"{answer.query}: {len(answer.hits)} shown of {answer.searched}, {how}")
    if answer.searched < len(answer.cosine):
        print(f"{answer.searched} of {len(answer.cosine)} images have vectors of {answer.model}")
    if answer.matches is False:
        print("no match: unrelated prompts find as much here")
    for hit in answer.hits:
        frame = f" frame {hit.frame}" if hit.frame else ""
        z = "" if hit.z is None else f"  z {hit.z:5.1f}"
        print(f"{hit.rank:>4}  {hit.cosine:.4f}{z}  {hit.file}{frame}")
    return 0
