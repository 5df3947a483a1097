"""The windows through which CT may be encoded: their names, and what a recipe says of them."""

from __future__ import annotations

from vlm_explorer.errors import UsageError

DEFAULT = "default"
THREE = "three windows"
# The channels of `three windows`: red, green, blue.
CHANNELS = ("lung", "soft tissue", "bone")
CHOICES = (DEFAULT, "soft tissue", "lung", "bone", "brain", THREE)

_MARK = "+ct:"


def parse_choice(words: str) -> str:
    """Return a choice in its usual spelling (any case, `-` or `_` for the space).

    Raises:
        UsageError: there is no such choice.
    """
    wanted = words.strip().lower().replace("-", " ").replace("_", " ")
    if wanted not in CHOICES:
        raise UsageError(
            f"CT cannot be encoded through {words!r}.", f"Choose one of: {', '.join(CHOICES)}."
        )
    return wanted


def make_recipe(base: str, choice: str) -> str:
    """Return the recipe of a collection: `render-2`, or `render-2+ct:lung`."""
    return base if choice == DEFAULT else f"{base}{_MARK}{choice}"


def choice_of(recipe: str) -> str:
    """Return the choice that a recipe speaks of."""
    return recipe.partition(_MARK)[2] or DEFAULT


def recipe_for(recipe: str, modality: str) -> str:
    """Return the recipe of an image in a collection: what is no CT has the default rendering."""
    return recipe if modality == "CT" else recipe.partition(_MARK)[0]


def describe_choice(choice: str) -> str:
    """Return a choice in words, for the user."""
    if choice == DEFAULT:
        return "the file's own window"
    if choice == THREE:
        return "{} as red, {} as green, {} as blue".format(*CHANNELS)
    return choice
