"""`vlm-explorer explain --checks`: how far to trust each map, as a readable table."""

from __future__ import annotations

from typing import Any

TITLES = {
    "prompt_sensitivity": "Prompt sensitivity",
    "position_prior": "Position",
    "repeatability": "Repeatability",
    "insertion_deletion": "Insertion, deletion",
    "weight_randomisation": "Weight randomisation",
}


def print_checks(
    checks: dict[str, list[Any]], prompts: list[str], *, one_map: bool, muted: bool
) -> None:
    """Print a table a map.

    Args:
        checks: as `queries.explain_checks.check_facts` gives them.
        prompts: of the maps, in their order.
        one_map: whether there is one map for all prompts.
        muted: whether outlier tokens were muted, in the maps and in those they were held against.
    """
    tokens = ", outlier tokens muted" if muted else ""
    for row in range(len(checks["doubts"])):
        named = "" if one_map or not prompts else f" of the map of “{prompts[row]}”"
        print(f"Checks{named}{tokens}:")
        for name, title in TITLES.items():
            fact = checks[name][row]
            print(f"  {title:<21} {_mark(fact):<8} {fact.get('says') or fact['reason']}")
        for words in checks["doubts"][row]:
            print(f"warning: {words}")


def _mark(fact: dict[str, Any]) -> str:
    """Return `passed`, `failed`, or a dash where nothing can be said."""
    if fact.get("by_construction"):
        return "–"
    if "reason" in fact or fact.get("rho", 0) is None:
        return "–"
    return "failed" if fact["failed"] else "passed"
