"""`vlm-explorer search`: the images nearest to texts and images."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import note, print_json
from vlm_explorer.errors import WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.queries.search_answer import Hit, SearchAnswer


def run(arguments: Namespace) -> int:
    """Print the ranked images."""
    from vlm_explorer.api import open_collection

    if not (arguments.text or arguments.image or arguments.query or arguments.not_text):
        raise WrongOptions("Nothing to search for.", "Give --text, --image or --query.")
    collection = open_collection(arguments.collection)
    answer = collection.search(
        arguments.text,
        images=arguments.image,
        not_texts=arguments.not_text,
        query=arguments.query or "",
        k=arguments.k,
        fuse=arguments.fuse,
        rank_by=arguments.rank_by,
        per=arguments.per,
        reduce=arguments.reduce,
        top=arguments.top,
        diversity=arguments.diverse,
        model=arguments.model,
    )
    warning = getattr(collection.encoder(), "warning", "")
    if warning:
        note(f"warning: {warning}", arguments)
    if arguments.json:
        print_json(_facts(answer, arguments.fuse) | {"warnings": [warning] if warning else []})
    else:
        _print(answer)
    return 0


def _facts(answer: SearchAnswer, fuse: str) -> dict[str, Any]:
    """Return what the JSON holds; of an order by cosine nothing more than that."""
    facts: dict[str, Any] = {
        "model": answer.model,
        "query": answer.query,
        "hits": [_hit_facts(hit, answer.ranking.per) for hit in answer.hits],
        "matches": answer.matches,
        "approximate": None if answer.approximate is None else asdict(answer.approximate),
    }
    if answer.ranked is not None or fuse != "sum":
        facts["ranking"] = asdict(answer.ranking) | {"fuse": fuse}
    if answer.changed is not None:
        facts["changed"] = asdict(answer.changed)
    if answer.ranked is not None and answer.ranked.over is not None:
        facts["hubs_counted_over"] = asdict(answer.ranked.over)
    return facts


def _hit_facts(hit: Hit, per: str) -> dict[str, Any]:
    facts = asdict(hit)
    if hit.z is None:
        del facts["z"]
    if per == "image":
        del facts["count"]
    return facts


def _print(answer: SearchAnswer) -> None:
    how = answer.ranking.words
    if answer.approximate is not None:
        how = f"{how}, {answer.approximate.words}"
    what = "" if answer.ranking.per == "image" else f" {answer.ranking.per}"
    searched = f"{answer.searched} images" if what else f"{answer.searched}"
    print(f"{answer.query}: {len(answer.hits)}{what} shown of {searched}, {how}")
    if answer.searched < len(answer.cosine):
        print(f"{answer.searched} of {len(answer.cosine)} images have vectors of {answer.model}")
    if answer.matches is False:
        print("no match: unrelated prompts find as much here")
    if answer.ranked is not None and answer.ranked.words:
        print("; ".join(answer.ranked.words))
    for hit in answer.hits:
        frame = f" frame {hit.frame}" if hit.frame else ""
        z = "" if hit.z is None else f"  z {hit.z:5.1f}"
        score = "" if answer.ranked is None else f"  score {hit.score:8.4f}"
        count = f"  ({hit.count} images)" if what else ""
        print(f"{hit.rank:>4}  {hit.cosine:.4f}{score}{z}  {hit.file}{frame}{count}")
